"""Renewal by whoever holds the old key, over REST; each attack by its name."""

import asyncio
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from lienthong.shared.clients.signing import SigningClient
from lienthong.shared.contracts.renewal import RENEWAL_TYPE
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import SealKey
from lienthong.signing.domain.records import Serial
from lienthong.signing.domain.subjects import Subject
from tests.integration.signing.harness import Service
from tests.integration.signing.test_certificates import HANG_KIA, openssl_verify, revoke

LATE = timedelta(days=1000)
"""In the last third of an agency seal's three years."""
NODE = (Profile.NODE_SEAL, Subject(name="Hòa Bình", node=NodeId("H28")))
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Held:
    """A certificate, its serial number and its key."""

    serial: Serial
    pem: str
    key: Key


def request_for(key: Key) -> str:
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return csr.public_bytes(Encoding.PEM).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


async def held(service: Service, key: Key | None = None, profile: str = "agency-seal") -> Held:
    mine = key or new_key()
    subject = {"name": "Hòa Bình", "node": "H28"} if profile == "node-seal" else HANG_KIA
    made = (await service.issued(csr=request_for(mine), profile=profile, subject=subject)).json()
    return Held(serial=made["serial"], pem=made["certificate"], key=mine)


def proof(old: Held, csr: str, *, by: Key | None = None, **said: Any) -> str:
    """A renewal request; ``by`` is another's key, ``said`` other members of the payload or the header."""
    key = by or old.key
    ours = isinstance(key, ec.EllipticCurvePrivateKey)
    header = {"alg": "ES256" if ours else "RS256", "typ": said.pop("typ", RENEWAL_TYPE)}
    payload = json.dumps({"serial": old.serial, "csr": csr, **said})
    jwk = ECKey.import_key(key) if isinstance(key, ec.EllipticCurvePrivateKey) else RSAKey.import_key(key)
    return jws.serialize_compact(header, payload, jwk, algorithms=[str(header["alg"])])


async def renew(service: Service, old: Held, request: str) -> httpx.Response:
    return await service.http.post(f"/v1/certificates/{old.serial}/renewal", json={"request": request})


@pytest.mark.parametrize("kind", ["p-256", "rsa"])
async def test_the_holder_gets_the_next_certificate_without_a_second_person(
    service: Service, tmp_path: Path, kind: str
) -> None:
    old = await held(service, rsa.generate_private_key(65537, 2048) if kind == "rsa" else None)

    async with service.later(LATE):
        answer = await renew(service, old, proof(old, request_for(new_key())))

    before, after = (x509.load_pem_x509_certificate(pem.encode()) for pem in (old.pem, answer.json()["certificate"]))
    names = [one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value for one in (before, after)]
    assert answer.status_code == 201, answer.text
    assert (after.subject, names[1], answer.json()["renews"]) == (before.subject, names[0], old.serial)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert (answer.json()["agency"], answer.json()["profile"]) == ("H28.31.05", "agency-seal")
    assert (await openssl_verify(service, old.pem, tmp_path)).returncode == 0


async def test_a_node_renews_its_seal_with_the_client(lite: Service, tmp_path: Path) -> None:
    name, password = tmp_path / "h28.p12", "mật khẩu"
    await lite.factory.issue_key(*NODE, out_p12=name, password=password)
    client = SigningClient("", lite.http)

    async with lite.later(timedelta(days=600)):
        pem = await client.renew(SealKey.load(name, password), request_for(new_key()))

    assert "H28" in x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string()


async def test_the_same_renewal_again_gives_the_same_certificate(service: Service) -> None:
    old = await held(service)
    request = proof(old, request_for(new_key()))

    async with service.later(LATE):
        answers = await asyncio.gather(*(renew(service, old, request) for _ in range(4)))
        another = await renew(service, old, proof(old, request_for(new_key())))

    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert len({one.text for one in answers}) == 1
    assert (another.status_code, another.json()["code"]) == (409, "already-renewed")


async def test_a_stranger_does_not_renew_anothers_certificate(lite: Service) -> None:
    old, mine = await held(lite), new_key()

    async with lite.later(LATE):
        answer = await renew(lite, old, proof(old, request_for(mine), by=mine))

    assert (answer.status_code, answer.json()["code"]) == (422, "renewal-proof-invalid")


async def test_a_renewal_for_one_certificate_does_not_renew_another(lite: Service) -> None:
    key = new_key()
    one, other = await held(lite, key), await held(lite, key)

    async with lite.later(LATE):
        answer = await renew(lite, other, proof(one, request_for(new_key())))

    assert (answer.status_code, answer.json()["code"]) == (422, "renewal-proof-invalid")


async def test_what_was_signed_for_another_purpose_renews_nothing(lite: Service) -> None:
    old = await held(lite)

    async with lite.later(LATE):
        answer = await renew(lite, old, proof(old, request_for(new_key()), typ="lienthong-envelope+jws"))

    assert (answer.status_code, answer.json()["code"]) == (422, "renewal-proof-invalid")


async def test_a_renewal_gives_no_wider_profile_and_no_other_subject(lite: Service) -> None:
    old = await held(lite)
    wish: dict[str, Any] = {"profile": "directory", "subject": {"agency": "G22"}}

    async with lite.later(LATE):
        answer = await renew(lite, old, proof(old, request_for(new_key()), **wish))

    assert (answer.json()["profile"], answer.json()["agency"]) == ("agency-seal", "H28.31.05")


async def test_someone_elses_request_is_not_renewed_into_a_certificate(lite: Service) -> None:
    old, request = await held(lite), request_for(new_key())
    broken = request.replace(request.splitlines()[-2], request.splitlines()[-2][::-1])

    async with lite.later(LATE):
        answer = await renew(lite, old, proof(old, broken))

    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("csr-invalid", "csr-signature-invalid")


@pytest.mark.parametrize("time", [timedelta(days=1), timedelta(days=1096)], ids=["early", "late"])
async def test_early_and_late_renewals_are_refused(lite: Service, time: timedelta) -> None:
    old = await held(lite)

    async with lite.later(time):
        answer = await renew(lite, old, proof(old, request_for(new_key())))

    assert (answer.status_code, answer.json()["code"]) == (409, "renewal-not-possible")


async def test_a_revoked_key_renews_nothing(lite: Service) -> None:
    old = await held(lite)
    assert (await revoke(lite, old.serial)).status_code == 200

    async with lite.later(LATE):
        answer = await renew(lite, old, proof(old, request_for(new_key())))

    assert (answer.status_code, answer.json()["code"]) == (409, "renewal-not-possible")


async def test_an_agency_keeps_its_key_and_a_node_may_not(lite: Service) -> None:
    seal, node = await held(lite), await held(lite, profile="node-seal")

    async with lite.later(timedelta(days=1000)):
        kept = await renew(lite, seal, proof(seal, request_for(seal.key)))
    async with lite.later(timedelta(days=600)):
        refused = await renew(lite, node, proof(node, request_for(node.key)))

    assert kept.status_code == 201
    assert (refused.status_code, refused.json()["code"]) == (400, "key-not-allowed")


async def test_whoever_may_sign_with_a_remote_key_cannot_renew_it_into_a_key_of_his_own(lite: Service) -> None:
    body = {"profile": "agency-seal", "subject": HANG_KIA, "remote_key": {"node": "H28"}}
    first, second = [(await lite.issued(**body)).json() for _ in range(2)]
    node = SigningClient("", lite.http, lambda: token_of(lite))

    for made in (first, second):
        handle, chain = lite.factory.resources.keys.load(f"remote/{made['serial']}")
        assert handle.public_key == chain[0].public_key()
        old = Held(serial=made["serial"], pem=made["certificate"], key=new_key())
        signing_input = proof(old, request_for(new_key())).rpartition(".")[0]
        signature = handle.sign(signing_input.encode()) if made is first else await raw(node, signing_input)
        async with lite.later(LATE):
            answer = await renew(lite, old, f"{signing_input}.{as_jose(signature)}")
        assert (answer.status_code, answer.json()["code"]) == (409, "renewal-not-possible")


async def token_of(service: Service) -> str:
    return service.office.token("node.H28", Scope.SIGNATURES_CREATE)


async def raw(client: SigningClient, data: str) -> bytes:
    return (await client.sign_raw(AgencyCode("H28.31.05"), data.encode())).value


def as_jose(der: bytes) -> str:
    r, s = decode_dss_signature(der)
    return urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).rstrip(b"=").decode()
