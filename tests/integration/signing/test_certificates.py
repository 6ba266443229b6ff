"""Certificates over REST: issued, judged by OpenSSL, revoked, kept."""

import asyncio
import subprocess
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lienthong.shared.contracts.tokens import Scope
from tests.integration.signing.harness import Service, running, settings_for

HANG_KIA = {"name": "Ủy ban nhân dân xã Hang Kia", "agency": "H28.31.05"}


def csr(*, asks_for_ca: bool = False) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root of everything")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    if asks_for_ca:
        request = request.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    key = ec.generate_private_key(ec.SECP256R1())
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def issue(
    service: Service, profile: str = "agency-seal", subject: dict[str, str] | None = None
) -> httpx.Response:
    return await service.issued(csr=csr(asks_for_ca=True), profile=profile, subject=subject or HANG_KIA)


async def revoke(service: Service, serial: str, reason: str = "keyCompromise") -> httpx.Response:
    return await service.http.post(
        f"/v1/certificates/{serial}/revocation", json={"reason": reason}, headers=service.operator
    )


async def openssl_verify(service: Service, leaf_pem: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``openssl verify -crl_check_all`` with what the service publishes."""
    files = {"leaf.pem": leaf_pem.encode(), "root.pem": await service.root_pem()}
    for address in ("certs/issuing-1.crt", "crl/issuing-1.crl", "crl/root.crl"):
        files[Path(address).name] = (await service.http.get(f"/{address}")).content
    for name, content in files.items():
        (folder / name).write_bytes(content)
    crls = [part for name in ("issuing-1.crl", "root.crl") for part in ("-CRLfile", name)]
    command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", "root.pem", *crls]
    command += ["-untrusted", "issuing-1.crt", "leaf.pem"]
    return await asyncio.to_thread(subprocess.run, command, cwd=folder, capture_output=True, text=True, check=False)


async def test_openssl_accepts_the_chain_and_refuses_the_revoked_one(service: Service, tmp_path: Path) -> None:
    issued = (await issue(service)).json()

    before = await openssl_verify(service, issued["certificate"], tmp_path)
    assert (before.returncode, before.stdout) == (0, "leaf.pem: OK\n"), before.stderr

    assert (await revoke(service, issued["serial"])).status_code == 200
    after = await openssl_verify(service, issued["certificate"], tmp_path)
    assert after.returncode != 0
    assert "certificate revoked" in after.stderr


async def test_a_request_cannot_ask_its_way_into_an_authority(lite: Service) -> None:
    answer = await issue(lite)

    certificate = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
    assert answer.status_code == 200
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "Root of everything" not in certificate.subject.rfc4514_string()


@pytest.mark.parametrize(
    ("profile", "subject"),
    [
        ("node-seal", {"name": "Hòa Bình", "node": "H28"}),
        ("directory", {"name": "Danh bạ"}),
        ("agency-seal", {"name": "Mai Châu", "agency": "H28.31"}),
        ("issuing", {"name": "Another CA"}),
    ],
)
async def test_an_agency_gets_nothing_but_its_own_seals(lite: Service, profile: str, subject: dict[str, str]) -> None:
    headers = lite.bearer("e-office", Scope.CERTIFICATES_ISSUE, agency="H28.31.05")
    body = {"csr": csr(), "profile": profile, "subject": subject}

    answer = await lite.http.post("/v1/certificates", json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "profile-not-allowed")


async def test_issuing_needs_its_scope(lite: Service) -> None:
    headers = lite.bearer("e-office", Scope.VALIDATIONS_CREATE, agency="H28.31.05")
    body = {"csr": csr(), "profile": "agency-seal", "subject": HANG_KIA}

    with_another = await lite.http.post("/v1/certificates", json=body, headers=headers)
    without_any = await lite.http.post("/v1/certificates", json=body)

    assert (with_another.status_code, with_another.json()["code"]) == (403, "scope-missing")
    assert (without_any.status_code, without_any.json()["code"]) == (401, "token-missing")


async def test_a_repeated_revocation_answers_the_same_and_publishes_nothing_new(service: Service) -> None:
    serial = (await issue(service)).json()["serial"]
    first = await revoke(service, serial)
    number = (await service.http.get("/crl/issuing-1.crl")).headers["ETag"]

    again = await revoke(service, serial.upper())
    other = await revoke(service, serial, "superseded")

    assert (again.status_code, again.json()) == (200, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "already-revoked")
    assert (await service.http.get("/crl/issuing-1.crl")).headers["ETag"] == number


async def test_simultaneous_revocations_are_all_on_the_list_and_numbers_do_not_repeat(service: Service) -> None:
    serials = [(await issue(service)).json()["serial"] for _ in range(6)]

    answers = await asyncio.gather(*(revoke(service, serial) for serial in serials))

    crl = x509.load_der_x509_crl((await service.http.get("/crl/issuing-1.crl")).content)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert {f"{entry.serial_number:040x}" for entry in crl} == set(serials)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7


async def test_a_restart_keeps_everything(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "state", database_url)
    async with running(settings) as before:
        issued = (await issue(before)).json()
        await revoke(before, issued["serial"])
        trust = (await before.http.get("/v1/trust-list")).text

    async with running(settings) as after:
        address = f"/v1/certificates/{issued['serial']}"
        read = (await after.http.get(address, headers=after.operator)).json()
        assert (await after.http.get("/v1/trust-list")).text == trust
        assert read["certificate"] == issued["certificate"]
        assert read["revocation"]["reason"] == "keyCompromise"
        assert (await issue(after)).status_code == 200


async def test_all_but_making_authorities_works_while_the_root_key_is_offline(lite: Service) -> None:
    (lite.settings.keys_dir / "root.p12").unlink()

    issued = await issue(lite)
    revoked = await revoke(lite, issued.json()["serial"])
    ready = await lite.http.get("/health/ready")

    assert (issued.status_code, revoked.status_code, ready.status_code) == (200, 200, 200)


async def test_certificates_are_listed_page_by_page_in_the_order_of_issue(service: Service) -> None:
    serials = [(await issue(service)).json()["serial"] for _ in range(3)]
    address = "/v1/certificates?agency=H28.31.05&limit=2"

    first = await service.http.get(address, headers=service.operator)
    following = first.links["next"]["url"]
    second = await service.http.get(following, headers=service.operator)

    listed = [one["serial"] for page in (first, second) for one in page.json()["items"]]
    assert listed == serials
    assert second.json()["next"] is None


async def test_a_certificate_is_also_served_as_pem_with_its_issuer(lite: Service) -> None:
    serial = (await issue(lite)).json()["serial"]
    headers = {**lite.operator, "Accept": "application/pem-certificate-chain"}

    answer = await lite.http.get(f"/v1/certificates/{serial}", headers=headers)

    leaf, issuer = x509.load_pem_x509_certificates(answer.content)
    leaf.verify_directly_issued_by(issuer)


async def test_a_caller_that_holds_the_newest_list_gets_none(lite: Service) -> None:
    etag = (await lite.http.get("/crl/issuing-1.crl")).headers["ETag"]

    answer = await lite.http.get("/crl/issuing-1.crl", headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (304, b"")
