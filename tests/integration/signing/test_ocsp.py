"""Certificate status over REST, judged by openssl and by our own client."""

import asyncio
import subprocess
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from lienthong.shared.clients.ocsp import REQUEST_MEDIA_TYPE, OCSPClient, OCSPRefused, OCSPUnavailable
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.records import CertificateRecord, RevocationReason
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.usecases.init_ca import renew_issuing
from lienthong.signing.usecases.revoke_certificate import revoke_certificate
from lienthong.signing.usecases.service_keys import renew_service_keys, service_key
from tests.integration.signing.harness import PUBLIC_URL, Service

STATUS = ocsp.OCSPResponseStatus
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


async def seal(service: Service, folder: Path, node: str = "H28") -> CertificateRecord:
    subject = Subject(name="Hòa Bình", node=NodeId(node))
    return await service.factory.issue_key(Profile.NODE_SEAL, subject, out_p12=folder / f"{node}.p12", password="một")


async def revoke(service: Service, record: CertificateRecord, *, ago: timedelta = timedelta(0)) -> None:
    resources = service.factory.resources
    reason = RevocationReason.KEY_COMPROMISE
    since = max(resources.clock() - ago, record.not_before)
    await revoke_certificate(resources, record.serial, reason, effective_at=since, caller=None)


async def issuer_of(service: Service) -> x509.Certificate:
    return (await service.factory.resources.issuing_authority()).certificate


def request_for(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes | None = None) -> bytes:
    draft = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA256())
    if nonce is not None:
        draft = draft.add_extension(x509.OCSPNonce(nonce), critical=False)
    return draft.build().public_bytes(Encoding.DER)


async def ask(service: Service, request: bytes) -> ocsp.OCSPResponse:
    answer = await service.http.post("/ocsp", content=request, headers={"Content-Type": REQUEST_MEDIA_TYPE})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
    return ocsp.load_der_ocsp_response(answer.content)


class Openssl:
    """``openssl ocsp`` with the root, the issuing authority and some certificates in files."""

    def __init__(self, folder: Path, root: Path, issuer: x509.Certificate, *certificates: x509.Certificate) -> None:
        self.folder, self.root, self.named = folder, root, []
        (folder / "issuer.pem").write_bytes(issuer.public_bytes(Encoding.PEM))
        for number, certificate in enumerate(certificates):
            (folder / f"{number}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
            self.named += ["-cert", str(folder / f"{number}.pem")]

    def request(self, *options: str) -> bytes:
        self._run("-reqout", str(self.folder / "request.der"), *options)
        return (self.folder / "request.der").read_bytes()

    def judge(self, response: bytes) -> str:
        (self.folder / "response.der").write_bytes(response)
        files = ("-reqin", str(self.folder / "request.der"), "-respin", str(self.folder / "response.der"))
        return self._run(*files, "-CAfile", str(self.root), "-no_nonce")

    def _run(self, *options: str) -> str:
        command = ["openssl", "ocsp", "-issuer", str(self.folder / "issuer.pem"), *self.named, *options]
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        return done.stdout + done.stderr


async def test_openssl_believes_our_answers_good_and_revoked(service: Service, tmp_path: Path) -> None:
    good, bad = await seal(service, tmp_path), await seal(service, tmp_path, "H44")
    await revoke(service, bad)
    issuer = await issuer_of(service)
    openssl = Openssl(tmp_path, service.settings.root_path, issuer, good.certificate, bad.certificate)

    request = await asyncio.to_thread(openssl.request)
    answer = await service.http.post("/ocsp", content=request, headers={"Content-Type": REQUEST_MEDIA_TYPE})

    verdict = await asyncio.to_thread(openssl.judge, answer.content)
    assert "Response verify OK" in verdict
    assert "Nonce" not in verdict
    assert "0.pem: good" in verdict
    assert "1.pem: revoked" in verdict
    assert "Reason: keyCompromise" in verdict


@pytest.mark.parametrize("place", [0.3, 0.6, 0.99])
async def test_openssl_refuses_our_answer_after_one_flipped_byte(lite: Service, tmp_path: Path, place: float) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    openssl = Openssl(tmp_path, lite.settings.root_path, issuer, record.certificate)
    request = openssl.request()

    answer = await lite.http.post("/ocsp", content=request, headers={"Content-Type": REQUEST_MEDIA_TYPE})
    damaged = bytearray(answer.content)
    damaged[int(len(damaged) * place)] ^= 1

    assert "Response verify OK" in openssl.judge(answer.content)
    assert "Response verify OK" not in openssl.judge(bytes(damaged))


async def test_a_certificate_that_was_never_issued_is_unknown(lite: Service, tmp_path: Path) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    named = ocsp.load_der_ocsp_request(request_for(record.certificate, issuer))
    hashes = (named.issuer_name_hash, named.issuer_key_hash)
    fresh = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*hashes, 4711, SHA256())

    answer = await ask(lite, fresh.build().public_bytes(Encoding.DER))

    assert answer.certificate_status is UNKNOWN


async def test_an_answer_tells_since_when_and_repeats_the_nonce(lite: Service, tmp_path: Path) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    await revoke(lite, record, ago=timedelta(minutes=3))

    answer = await ask(lite, request_for(record.certificate, issuer, nonce=b"n" * 32))

    since = answer.single_extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    assert (answer.certificate_status, answer.revocation_reason) == (REVOKED, x509.ReasonFlags.key_compromise)
    assert answer.revocation_time_utc is not None
    assert since < answer.revocation_time_utc
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    assert answer.next_update_utc == answer.this_update_utc + timedelta(hours=1)


async def test_the_responder_is_made_ahead_short_lived_and_never_asked_about_itself(lite: Service) -> None:
    resources = lite.factory.resources
    key = await service_key(resources, Profile.OCSP_RESPONDER, await resources.issuing_authority())
    certificate = key.certificate_chain[0]

    kinds = {one.oid for one in certificate.extensions}
    renewed = await renew_service_keys(replace(resources, clock=lambda: resources.clock() + timedelta(days=8)))

    assert x509.OCSPNoCheck.oid in kinds
    assert x509.CRLDistributionPoints.oid not in kinds
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=14)
    assert [(record.profile, record.issuer) for record in renewed] == [(Profile.OCSP_RESPONDER, "issuing-1")]


async def test_a_responder_that_lapsed_while_all_was_down_stops_nothing(lite: Service, tmp_path: Path) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    later = lite.factory.resources.clock() + timedelta(days=60)
    lite.factory.resources = replace(lite.factory.resources, clock=lambda: later)

    answer = await ask(lite, request_for(record.certificate, issuer))

    assert answer.certificate_status is GOOD
    assert answer.certificates[0].not_valid_before_utc <= later <= answer.certificates[0].not_valid_after_utc


async def test_authorities_are_answered_for_while_the_root_key_is_offline(lite: Service, tmp_path: Path) -> None:
    issuer, root = await issuer_of(lite), x509.load_pem_x509_certificate(lite.settings.root_path.read_bytes())
    (lite.settings.keys_dir / "root.p12").unlink()
    openssl = Openssl(tmp_path, lite.settings.root_path, root, issuer)

    request = openssl.request()
    answer = await lite.http.post("/ocsp", content=request, headers={"Content-Type": REQUEST_MEDIA_TYPE})

    assert "0.pem: good" in openssl.judge(answer.content)


async def test_certificates_of_an_earlier_authority_are_still_answered_for(lite: Service, tmp_path: Path) -> None:
    old, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    await renew_issuing(lite.factory.resources)
    new, next_issuer = await seal(lite, tmp_path, "H44"), await issuer_of(lite)

    answers = [
        await ask(lite, request_for(old.certificate, issuer)),
        await ask(lite, request_for(new.certificate, next_issuer)),
    ]

    assert [answer.certificate_status for answer in answers] == [GOOD, GOOD]
    assert answers[0].responder_key_hash != answers[1].responder_key_hash


async def test_a_request_in_the_address_is_answered_for_caches(lite: Service, tmp_path: Path) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    draft = ocsp.OCSPRequestBuilder().add_certificate(record.certificate, issuer, SHA1())  # noqa: S303 — as RFC 5019 asks
    encoded = quote(b64encode(draft.build().public_bytes(Encoding.DER)), safe="")

    answer = await lite.http.get(f"/ocsp/{encoded}")
    broken = await lite.http.get("/ocsp/n%20o")
    endless = await lite.http.get(f"/ocsp/{'A' * 2052}")

    assert ocsp.load_der_ocsp_response(answer.content).certificate_status is GOOD
    assert answer.headers["cache-control"] == "max-age=300, public, no-transform, must-revalidate"
    for refused in (broken, endless):
        assert ocsp.load_der_ocsp_response(refused.content).response_status is STATUS.MALFORMED_REQUEST
        assert refused.headers["cache-control"] == "no-store"


async def test_certificates_of_strangers_are_refused_and_the_client_says_so(lite: Service, tmp_path: Path) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    client = OCSPClient(f"{PUBLIC_URL}/ocsp", lite.http)

    told = await client.status(record.certificate, issuer)

    assert ocsp.load_der_ocsp_response(told).certificate_status is GOOD
    responder = (await service_key(lite.factory.resources, Profile.TRUST_LIST)).certificate_chain[0]
    with pytest.raises(OCSPRefused, match="unauthorized"):
        await client.status(issuer, responder)


async def test_replayed_nonce_is_refused_by_the_client(lite: Service, tmp_path: Path) -> None:
    record, issuer = await seal(lite, tmp_path), await issuer_of(lite)
    request = request_for(record.certificate, issuer, nonce=b"old" * 11)
    old = await lite.http.post("/ocsp", content=request, headers={"Content-Type": REQUEST_MEDIA_TYPE})

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=old.content))
    ) as http:
        with pytest.raises(OCSPUnavailable, match="another request"):
            await OCSPClient("http://ocsp.example", http).status(record.certificate, issuer)
