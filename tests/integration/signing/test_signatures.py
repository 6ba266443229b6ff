"""Remote keys and what is signed with them; validation reports."""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lienthong.shared.clients.signing import RemoteKeyMissing, SigningClient, SigningForbidden
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.edxml.media_types import ASICE, CADES, EDXML, PDF
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.cms import prepare_cms
from lienthong.shared.signatures.report import Indication, PackageSignature, SubIndication
from lienthong.shared.signatures.trust_list import open_trust_list
from tests.integration.signing.harness import Service
from tests.support.pdf import minimal_pdf

HANG_KIA = AgencyCode("H28.31.05")
MAI_CHAU = AgencyCode("H28.31")
DATA = Path(__file__).parents[2] / "data" / "edxml"


async def make_key(service: Service, agency: AgencyCode = HANG_KIA) -> None:
    await service.factory.create_remote_key(agency, name="Hang Kia", node=NodeId("H28.31.05"))


async def revoke_key(service: Service) -> None:
    made = await service.factory.create_remote_key(HANG_KIA, name="Hang Kia", node=None)
    address = f"/v1/certificates/{made.record.serial}/revocation"
    answer = await service.http.post(address, json={"reason": "keyCompromise"}, headers=service.operator)
    assert answer.status_code == 200


async def sign_raw(service: Service, headers: dict[str, str], data: bytes = b"SignedInfo") -> httpx.Response:
    body = {"agency": HANG_KIA, "format": "raw", "data": b64encode(data).decode()}
    return await service.http.post("/v1/signatures", json=body, headers=headers)


def client(service: Service, name: str, agency: str | None = None) -> SigningClient:
    async def token() -> str:
        return service.office.token(name, Scope.SIGNATURES_CREATE, Scope.VALIDATIONS_CREATE, agency=agency)

    return SigningClient("", service.http, token)


@pytest.mark.parametrize(("name", "agency"), [("e-office", HANG_KIA), ("node.H28.31.05", None)])
async def test_a_remote_signature_verifies_with_the_certificate_that_comes_along(
    service: Service, name: str, agency: str | None
) -> None:
    await make_key(service)
    headers = service.bearer(name, Scope.SIGNATURES_CREATE, agency=agency)

    answer = (await sign_raw(service, headers)).json()

    leaf, issuer = (x509.load_pem_x509_certificate(pem.encode()) for pem in answer["certificates"])
    public = leaf.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(b64decode(answer["signature"]), b"SignedInfo", ec.ECDSA(hashes.SHA256()))
    leaf.verify_directly_issued_by(issuer)


@pytest.mark.parametrize(("name", "agency"), [("e-office", MAI_CHAU), ("node.H28", None), ("operator", None)])
async def test_nobody_signs_with_another_agencys_key(lite: Service, name: str, agency: str | None) -> None:
    await make_key(lite)

    answer = await sign_raw(lite, lite.bearer(name, Scope.SIGNATURES_CREATE, agency=agency))

    assert (answer.status_code, answer.json()["code"]) == (403, "signing-not-allowed")


async def test_an_agency_without_a_key_is_told_so(lite: Service) -> None:
    answer = await sign_raw(lite, lite.bearer("e-office", Scope.SIGNATURES_CREATE, agency=HANG_KIA))

    assert (answer.status_code, answer.json()["code"]) == (404, "remote-key-missing")


async def test_a_revoked_key_signs_no_more_and_the_next_one_does(service: Service) -> None:
    body = {"profile": "agency-seal", "subject": {"name": "Hang Kia", "agency": HANG_KIA}, "remote_key": {}}
    made = await service.issued(**body)
    headers = service.bearer("e-office", Scope.SIGNATURES_CREATE, agency=HANG_KIA)
    await revoke_key(service)

    refused = await sign_raw(service, headers)
    renewed = await service.issued(**body)
    signed = await sign_raw(service, headers)

    assert (made.status_code, refused.status_code) == (200, 404)
    assert (renewed.status_code, signed.status_code) == (200, 200)


async def test_simultaneous_requests_for_a_remote_key_make_one(service: Service) -> None:
    made = await asyncio.gather(
        *(service.factory.create_remote_key(HANG_KIA, name="Hang Kia", node=None) for _ in range(5))
    )

    assert sorted(one.created for one in made) == [False, False, False, False, True]
    assert len({one.key.serial for one in made}) == 1
    assert len(list((service.settings.keys_dir / "remote").iterdir())) == 1


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "signature-request-invalid"),
        (b"x" * (64 * 1024 + 1), 400, "signature-request-invalid"),
        (b"x" * (128 * 1024), 413, "package-too-large"),
    ],
)
async def test_only_1_byte_to_64_kib_are_signed_as_they_are(lite: Service, data: bytes, status: int, code: str) -> None:
    answer = await sign_raw(lite, lite.bearer("e-office", Scope.SIGNATURES_CREATE, agency=HANG_KIA), data)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_remotely_signed_pdf_passes_validation_until_its_key_is_revoked(lite: Service, tmp_path: Path) -> None:
    await make_key(lite)
    office = client(lite, "e-office", HANG_KIA)
    plain, signed = tmp_path / "plain.pdf", tmp_path / "signed.pdf"
    plain.write_bytes(minimal_pdf())

    await office.sign_pdf(HANG_KIA, plain, out=signed)
    before = await office.validate(signed, media_type=PDF)

    await revoke_key(lite)
    after = await office.validate(signed, media_type=PDF)

    assert before.indication is Indication.TOTAL_PASSED, before
    assert [one.agency for one in before.signatures] == [HANG_KIA]
    assert after.sub_indication in (SubIndication.REVOKED, SubIndication.REVOKED_NO_POE), after
    assert list(lite.settings.spool_dir.iterdir()) == []


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
async def test_a_remotely_signed_pdf_has_the_level_and_the_seal_that_were_asked_for(
    lite: Service, tmp_path: Path, level: str
) -> None:
    await make_key(lite)
    office = client(lite, "e-office", HANG_KIA)
    plain, signed = tmp_path / "plain.pdf", tmp_path / "signed.pdf"
    plain.write_bytes(minimal_pdf())

    reached = await office.sign_pdf(HANG_KIA, plain, out=signed, level=level, document_code="181/KH-UBND")
    report = await office.validate(signed, media_type=PDF)

    assert reached == level
    assert report.indication is Indication.TOTAL_PASSED, report
    assert [one.level for one in report.signatures] == [f"PAdES-{level}"]
    assert b"/FontFile2" in signed.read_bytes()


async def test_an_authority_that_cannot_stamp_makes_the_level_lower_and_fails_nothing(
    lite: Service, tmp_path: Path
) -> None:
    await make_key(lite)
    office = client(lite, "e-office", HANG_KIA)
    plain, signed = tmp_path / "plain.pdf", tmp_path / "signed.pdf"
    plain.write_bytes(minimal_pdf())
    reached = [await office.sign_pdf(HANG_KIA, plain, out=signed, level="B-LTA")]
    now = lite.factory.resources.clock()

    lite.factory.resources = replace(lite.factory.resources, clock=lambda: now - timedelta(minutes=1))
    reached.append(await office.sign_pdf(HANG_KIA, plain, out=signed, level="B-LTA"))

    assert reached == ["B-LTA", "B-B"]


async def test_a_damaged_pdf_is_not_signed_and_leaves_nothing_behind(lite: Service) -> None:
    await make_key(lite)
    headers = {**lite.bearer("e-office", Scope.SIGNATURES_CREATE, agency=HANG_KIA), "Content-Type": PDF}

    answer = await lite.http.post(
        "/v1/signatures", params={"agency": HANG_KIA, "format": "pades"}, content=b"%PDF-1.4 no", headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "pdf-not-signable")
    assert list(lite.settings.spool_dir.iterdir()) == []


async def test_the_client_names_what_was_refused(lite: Service) -> None:
    with pytest.raises(RemoteKeyMissing):
        await client(lite, "e-office", HANG_KIA).sign_raw(HANG_KIA, b"data")
    with pytest.raises(SigningForbidden):
        await client(lite, "e-office", MAI_CHAU).sign_raw(HANG_KIA, b"data")


async def test_the_client_reads_trust_and_signatures(lite: Service) -> None:
    await make_key(lite)
    node = client(lite, "node.H28.31.05")

    jws, signature = await node.trust_list(), await node.sign_raw(HANG_KIA, b"data")

    trust = open_trust_list(jws, roots=await lite.root_pem(), now=datetime.now(UTC), held_version=None)
    assert (len(trust.roots), len(trust.intermediates), len(trust.crls)) == (1, 1, 2)
    public = signature.certificates[0].public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature.value, b"data", ec.ECDSA(hashes.SHA256()))


async def test_what_cannot_be_validated_is_refused_by_its_type(lite: Service) -> None:
    headers = {**lite.bearer("e-office", Scope.VALIDATIONS_CREATE), "Content-Type": "image/png"}

    answer = await lite.http.post("/v1/validations", content=b"png", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "media-type-not-supported")


async def test_a_package_with_copied_signature_values_is_called_unverifiable(lite: Service) -> None:
    package = DATA / "java" / "new.edxml"

    report = await client(lite, "e-office").validate(package, media_type=EDXML)

    assert report.package is PackageSignature.UNVERIFIABLE


async def test_a_broken_package_is_a_format_failure_that_names_the_codecs_code(lite: Service) -> None:
    report = await client(lite, "e-office").validate(DATA / "broken" / "doctype-entity.edxml", media_type=EDXML)

    assert (report.indication, report.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE)
    assert "(edxml-doctype)" in report.signatures[0].checks[-1].detail
    assert list(lite.settings.spool_dir.iterdir()) == []


@pytest.mark.parametrize("media_type", [EDXML, ASICE, PDF, CADES])
@pytest.mark.parametrize("junk", [b"", b"junk", b"PK\x03\x04", b"\x30\x80\x00\x00"])
async def test_junk_of_every_kind_is_a_format_failure(lite: Service, media_type: str, junk: bytes) -> None:
    headers = {**lite.bearer("e-office", Scope.VALIDATIONS_CREATE), "Content-Type": media_type}

    answer = await lite.http.post("/v1/validations", content=junk, headers=headers)

    assert (answer.status_code, answer.json()["sub_indication"]) == (200, "FORMAT_FAILURE")


async def test_a_cms_signature_is_judged_with_the_digest_of_its_content(lite: Service) -> None:
    await make_key(lite)
    office, digest = client(lite, "e-office", HANG_KIA), hashlib.sha256(b"content").digest()
    known = await office.sign_raw(HANG_KIA, b"which certificate?")
    prepared = prepare_cms(
        digest, certificate_chain=known.certificates, algorithm=known.algorithm, at=datetime.now(UTC)
    )
    signature = prepared.finish((await office.sign_raw(HANG_KIA, prepared.to_sign)).value)
    headers = {**lite.bearer("e-office", Scope.VALIDATIONS_CREATE), "Content-Type": CADES}

    right, wrong = [
        await lite.http.post("/v1/validations", params={"digest": one.hex()}, content=signature, headers=headers)
        for one in (digest, hashlib.sha256(b"other").digest())
    ]

    assert right.json()["indication"] == "TOTAL-PASSED"
    assert right.json()["signatures"][0]["agency"] == HANG_KIA
    assert wrong.json()["sub_indication"] == "HASH_FAILURE"


@pytest.mark.parametrize(
    ("accept", "language", "media_type", "begins"),
    [
        ("text/html", "en-GB", "text/html; charset=utf-8", b'<!DOCTYPE html><html lang="en">'),
        ("text/html", "vi", "text/html; charset=utf-8", b'<!DOCTYPE html><html lang="vi">'),
        ("application/pdf", "en", "application/pdf", b"%PDF-"),
        ("*/*", "en", "application/json", b"{"),
    ],
)
async def test_a_report_is_given_as_the_client_reads_it(
    lite: Service, *, accept: str, language: str, media_type: str, begins: bytes
) -> None:
    headers = {**lite.bearer("e-office", Scope.VALIDATIONS_CREATE), "Content-Type": EDXML}
    package = (DATA / "java" / "new.edxml").read_bytes()

    answer = await lite.http.post(
        "/v1/validations", content=package, headers={**headers, "Accept": accept, "Accept-Language": language}
    )

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.content.startswith(begins)
