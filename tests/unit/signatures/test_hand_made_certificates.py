"""Certificates that a careless or hostile authority might make, each with one flaw."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile, node_uri
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import TrustStore, check_certificate
from tests.support.pki import NOW, PKI, Authority, Credential, name, new_key

URI = node_uri(NodeId("H28"))


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def is_refused(credential: Credential, trust: TrustStore) -> bool:
    try:
        check_certificate(credential.certificate, credential.chain[1:], trust=trust, at=NOW, profile=Profile.NODE_SEAL)
    except CertificateRefused as refused:
        return refused.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
    return False


def hand_made(
    issuer: Authority,
    *,
    ca: bool = False,
    signs_certificates: bool = False,
    signs: bool = True,
    policy: Profile = Profile.NODE_SEAL,
    purpose: Profile = Profile.NODE_SEAL,
    uris: Sequence[str] = (URI,),
    critical: x509.UnrecognizedExtension | None = None,
) -> Authority:
    """A node's certificate, but for what is asked to be otherwise; as an authority that may go on issuing."""
    key = new_key()
    usage = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    others = dict.fromkeys((*usage, "encipher_only", "decipher_only"), False)
    allowed = x509.KeyUsage(digital_signature=signs, key_cert_sign=signs_certificates, **others)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Hand-made"))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(allowed, critical=True)
        .add_extension(policy.rules.policies(), critical=False)
        .add_extension(x509.ExtendedKeyUsage(purpose.rules.purposes), critical=False)
        .add_extension(names, critical=False)
    )
    builder = builder.add_extension(critical, critical=True) if critical else builder
    return Authority(key=key, certificate=builder.sign(issuer.key, SHA256()))


def as_leaf(authority: Authority) -> Credential:
    return Credential(key=authority.key, chain=(authority.certificate,))


def test_without_a_flaw_it_is_good(pki: PKI) -> None:
    assert not is_refused(as_leaf(hand_made(pki.root)), pki.trust())


@pytest.mark.parametrize(("ca", "signs_certificates"), [(False, True), (True, False)])
def test_issuer_must_be_an_authority_and_its_key_must_sign_certificates(
    pki: PKI, *, ca: bool, signs_certificates: bool
) -> None:
    false_authority = hand_made(pki.root, ca=ca, signs_certificates=signs_certificates)

    assert is_refused(false_authority.issue(Profile.NODE_SEAL, "Node H28", uri=URI), pki.trust())


def test_authority_with_the_policy_of_a_node_signs_no_seal(pki: PKI) -> None:
    assert is_refused(as_leaf(hand_made(pki.root, ca=True, signs_certificates=True)), pki.trust())


def test_key_that_may_not_sign_is_refused(pki: PKI) -> None:
    assert is_refused(as_leaf(hand_made(pki.root, signs=False)), pki.trust())


def test_unknown_critical_extension_is_refused(pki: PKI) -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")

    assert is_refused(as_leaf(hand_made(pki.root, critical=strange)), pki.trust())


def test_policy_of_an_agency_with_the_purpose_of_a_node_is_refused(pki: PKI) -> None:
    assert is_refused(as_leaf(hand_made(pki.root, policy=Profile.AGENCY_SEAL)), pki.trust())


def test_policy_of_a_node_with_the_purpose_of_an_agency_is_refused(pki: PKI) -> None:
    assert is_refused(as_leaf(hand_made(pki.root, purpose=Profile.AGENCY_SEAL)), pki.trust())


@pytest.mark.parametrize("uris", [(URI, node_uri(NodeId("H29"))), ("urn:lienthong:agency:H28",), ("https://h28/",)])
def test_two_subjects_or_one_of_another_kind_are_refused(pki: PKI, uris: tuple[str, ...]) -> None:
    assert is_refused(as_leaf(hand_made(pki.root, uris=uris)), pki.trust())


def test_signature_with_unused_bits_is_refused(pki: PKI) -> None:
    """Whoever ignores them takes two different files for one certificate."""
    signed = (pki.node("H28").certificate for _ in range(100))
    certificate = next(one for one in signed if one.signature[-1] % 2 == 0)
    changed = bytearray(certificate.public_bytes(Encoding.DER))
    changed[-len(certificate.signature) - 1] = 1

    with pytest.raises(ValueError, match="cannot be read"):
        certificate_from_der(bytes(changed))
