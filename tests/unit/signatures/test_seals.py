import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lienthong.shared.contracts.directory import DirectorySnapshot
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.profiles import Profile, node_uri
from lienthong.shared.signatures.seals import (
    MAX_SEAL_BYTES,
    OpenedSeal,
    SealInvalid,
    SealKey,
    SealKeyUnreadable,
    SealNotTrustedYet,
    claimed_payload,
    open_seal,
)
from lienthong.shared.signatures.trust import TrustStore
from tests.support.pki import NOW, PKI, new_key

TYP = "lienthong-test+jws"


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def opened(jws: str, trust: TrustStore, *, typ: str = TYP, profile: Profile = Profile.NODE_SEAL) -> OpenedSeal:
    return open_seal(jws, typ=typ, trust=trust, at=NOW, profile=profile)


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(pki: PKI, **members: object) -> str:
    """A statement whose signature is right and whose header has ``members`` put in place of the true ones."""
    key = pki.node_seal("H28")
    x5c = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in key.chain]
    header = {"alg": "ES256", "typ": TYP, "x5c": x5c} | members
    signing_input = f"{encode(json.dumps(header).encode())}.{encode(b'{}')}"
    signature = key.private_key.sign(signing_input.encode(), ec.ECDSA(SHA256()))
    return f"{signing_input}.{encode(_raw(signature))}"


def _raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + s.to_bytes(32)


def test_sealed_contract_opens_to_its_json_and_its_node(pki: PKI) -> None:
    snapshot = DirectorySnapshot(version=3, issued_at=NOW, expires_at=NOW, nodes=(), agencies=())

    seal = opened(pki.node_seal("H28").seal(TYP, snapshot), pki.trust())

    assert DirectorySnapshot.model_validate_json(seal.payload) == snapshot
    assert seal.subject.node == "H28"
    assert not seal.subject.directory


def test_header_remembered_from_a_good_seal_excuses_no_later_one(pki: PKI) -> None:
    trust, key = pki.trust(), pki.node_seal("H28")
    header, _, signature = key.seal(TYP, b"first").split(".")
    assert opened(key.seal(TYP, b"second"), trust).payload == b"second"

    with pytest.raises(SealInvalid, match="changed"):
        opened(f"{header}.{encode(b'third')}.{signature}", trust)
    with pytest.raises(SealInvalid, match="type"):
        opened(key.seal(TYP, b"first"), trust, typ="lienthong-other+jws")
    with pytest.raises(SealInvalid, match="profile"):
        opened(key.seal(TYP, b"first"), trust, profile=Profile.DIRECTORY)


def test_long_header_that_would_fill_the_memory_is_not_remembered(pki: PKI) -> None:
    trust, usual, long = pki.trust(), forge(pki), forge(pki, kid="x" * 16_384)

    opened(usual, trust)
    opened(long, trust)

    assert trust.offered((TYP, usual.split(".")[0].encode())) is not None
    assert trust.offered((TYP, long.split(".")[0].encode())) is None


def test_directory_seal_names_the_directory(pki: PKI) -> None:
    seal = opened(pki.directory_seal().seal(TYP, b"{}"), pki.trust(), profile=Profile.DIRECTORY)

    assert seal.subject.directory
    assert seal.subject.node is None


def test_key_from_a_file_seals_and_hides_itself(pki: PKI, tmp_path: Path) -> None:
    key = SealKey.load(pki.node("H28").write_p12(tmp_path / "seal.p12", "open sesame"), "open sesame")

    assert opened(key.seal(TYP, b"x"), pki.trust()).payload == b"x"
    assert "private_key" not in repr(key)


def test_wrong_password_is_refused(pki: PKI, tmp_path: Path) -> None:
    path = pki.node("H28").write_p12(tmp_path / "seal.p12", "open sesame")

    with pytest.raises(SealKeyUnreadable):
        SealKey.load(path, "sesame open")


@pytest.mark.parametrize("at", [0, 1, 2])
def test_changed_part_is_refused(pki: PKI, at: int) -> None:
    parts = pki.node_seal("H28").seal(TYP, b"payload").split(".")
    parts[at] = ("A" if parts[at][0] != "A" else "B") + parts[at][1:]

    with pytest.raises(SealInvalid):
        opened(".".join(parts), pki.trust())


@pytest.mark.parametrize(
    "jws", ["", "a.b", "a.b.c.d", "ê.a.b", "=.=.=", "bnVsbA.e30.AA", "W10.e30.AA", "e30.e30.AA", "e30 .e30.AA"]
)
def test_garbage_is_refused(pki: PKI, jws: str) -> None:
    with pytest.raises(SealInvalid):
        opened(jws, pki.trust())


def test_payload_in_another_spelling_is_refused(pki: PKI) -> None:
    header, payload, signature = pki.node_seal("H28").seal(TYP, b"abcd").split(".")

    with pytest.raises(SealInvalid, match="changed"):
        opened(f"{header}.{payload}==.{signature}", pki.trust())
    with pytest.raises(SealInvalid, match="canonical"):
        claimed_payload(f"{header}.{payload}==.{signature}")


def test_other_typ_is_refused(pki: PKI) -> None:
    jws = pki.node_seal("H28").seal("lienthong-evidence+jws", b"{}")

    with pytest.raises(SealInvalid, match="type"):
        opened(jws, pki.trust())


@pytest.mark.parametrize("members", [{"crit": ["exp"]}, {"b64": False}])
def test_critical_header_is_refused(pki: PKI, members: dict[str, object]) -> None:
    with pytest.raises(SealInvalid, match="critical"):
        opened(forge(pki, **members), pki.trust())


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "RS256", "es256", None])
def test_other_algorithm_is_refused(pki: PKI, algorithm: str | None) -> None:
    with pytest.raises(SealInvalid, match="ES256"):
        opened(forge(pki, alg=algorithm), pki.trust())


def test_hmac_confusion_with_the_public_key_as_secret_is_refused(pki: PKI) -> None:
    header, payload, _ = forge(pki, alg="HS256").split(".")
    public = pki.node_seal("H28").private_key.public_key()
    mac = HMAC(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), SHA256())
    mac.update(f"{header}.{payload}".encode())

    with pytest.raises(SealInvalid, match="ES256"):
        opened(f"{header}.{payload}.{encode(mac.finalize())}", pki.trust())


def test_stripped_signature_is_refused(pki: PKI) -> None:
    header, payload, _ = pki.node_seal("H28").seal(TYP, b"{}").split(".")

    with pytest.raises(SealInvalid):
        opened(f"{header}.{payload}.", pki.trust())


@pytest.mark.parametrize("x5c", [None, [], "AAAA", [1], ["AAAA"], ["AAAA"] * 5])
def test_unusable_certificates_are_refused(pki: PKI, x5c: object) -> None:
    with pytest.raises(SealInvalid):
        opened(forge(pki, x5c=x5c), pki.trust())


def test_key_confusion_another_key_with_this_certificate_is_refused(pki: PKI) -> None:
    other = new_key()
    assert isinstance(other, ec.EllipticCurvePrivateKey)
    jws = SealKey(private_key=other, chain=pki.node_seal("H28").chain).seal(TYP, b"{}")

    with pytest.raises(SealInvalid, match="changed"):
        opened(jws, pki.trust())


def test_signature_with_a_zero_byte_slipped_in_is_refused(pki: PKI) -> None:
    signed, _, signature = pki.node_seal("H28").seal(TYP, b"{}").rpartition(".")
    raw = urlsafe_b64decode(signature + "==")

    with pytest.raises(SealInvalid, match="length"):
        opened(f"{signed}.{encode(raw[:32] + bytes(1) + raw[32:])}", pki.trust())


def test_key_on_another_curve_is_refused(pki: PKI) -> None:
    large = ec.generate_private_key(ec.SECP384R1())
    node = pki.issuing.issue(Profile.NODE_SEAL, "Node H28", uri=node_uri(NodeId("H28")), key=large)
    x5c = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in node.chain]

    with pytest.raises(SealInvalid, match="P-256"):
        opened(forge(pki, x5c=x5c), pki.trust())


def test_seal_of_an_agency_is_no_node_seal(pki: PKI) -> None:
    with pytest.raises(SealInvalid, match="profile"):
        opened(pki.agency("H28").seal_key().seal(TYP, b"{}"), pki.trust())


def test_revoked_seal_is_refused(pki: PKI) -> None:
    key = pki.node_seal("H28")
    pki.issuing.revoke(key.chain[0], NOW - timedelta(minutes=1))

    with pytest.raises(SealInvalid) as refused:
        opened(key.seal(TYP, b"{}"), pki.trust())

    assert refused.value.facts == {"sub_indication": "REVOKED_NO_POE"}


def test_seal_of_an_unknown_issuer_or_another_time_may_be_trusted_later(pki: PKI) -> None:
    seal = pki.node_seal("H28").seal(TYP, b"{}")

    with pytest.raises(SealNotTrustedYet):
        opened(seal, PKI.new().trust())
    with pytest.raises(SealNotTrustedYet):
        open_seal(seal, typ=TYP, trust=pki.trust(), at=NOW - timedelta(days=2), profile=Profile.NODE_SEAL)
    with pytest.raises(SealInvalid) as refused:
        opened(seal, pki.trust(), profile=Profile.DIRECTORY)
    assert not isinstance(refused.value, SealNotTrustedYet)


def test_seal_over_the_limit_is_refused_unread(pki: PKI) -> None:
    with pytest.raises(SealInvalid, match="too long"):
        opened("A" * (MAX_SEAL_BYTES + 1), pki.trust())


def test_claimed_payload_is_readable_without_trust(pki: PKI) -> None:
    assert claimed_payload(pki.node_seal("H28").seal(TYP, b"claim")) == b"claim"


def test_certificate_of_an_unknown_version_is_a_refusal_not_a_crash() -> None:
    """cryptography has an error of its own for it, which is no ValueError."""
    pki = PKI.new()
    header, payload, signature = pki.node_seal("H28").seal("t+jws", b"{}").split(".")
    members = json.loads(urlsafe_b64decode(header + "=="))
    der = b64decode(members["x5c"][0]).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)
    members["x5c"][0] = b64encode(der).decode()
    forged = urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()

    with pytest.raises(SealInvalid):
        open_seal(f"{forged}.{payload}.{signature}", typ="t+jws", trust=pki.trust(), at=NOW, profile=Profile.NODE_SEAL)
