from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA224, SHA256

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.paths import MAX_OFFERED, CertificateRefused
from lienthong.shared.signatures.profiles import CertificateDraft, Profile, draft_certificate, node_uri
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import (
    CheckedCertificate,
    TrustMaterialInvalid,
    TrustStore,
    check_certificate,
)
from tests.support.pki import NOW, PKI, Authority, Credential, name, new_issuing, new_key, new_root

URI = node_uri(NodeId("H28"))


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def check(
    credential: Credential, trust: TrustStore, *, profile: Profile | None = Profile.NODE_SEAL, days: float = 0
) -> CheckedCertificate:
    at = NOW + timedelta(days=days)
    return check_certificate(credential.certificate, credential.chain[1:], trust=trust, at=at, profile=profile)


def refusal(credential: Credential, trust: TrustStore, **options: object) -> SubIndication:
    with pytest.raises(CertificateRefused) as refused:
        check(credential, trust, **options)  # type: ignore[arg-type]
    return refused.value.sub_indication


def test_good_node_certificate_names_its_node(pki: PKI) -> None:
    checked = check(pki.node("H28.31"), pki.trust())

    assert checked.node == "H28.31"
    assert checked.agency is None
    assert not checked.revocation_unknown
    assert checked.path[-1] == pki.root.certificate


def test_trust_list_adds_what_leads_to_the_pinned_root(pki: PKI) -> None:
    trust = TrustStore.from_list(pki.trust_list(), roots=pki.roots_pem)
    node = pki.node("H28")

    checked = check_certificate(node.certificate, (), trust=trust, at=NOW, profile=Profile.NODE_SEAL)

    assert checked.node == "H28"
    assert trust.identity == pki.trust(crls=trust.crls).identity


def test_root_inside_a_trust_list_is_not_trusted(pki: PKI) -> None:
    other = PKI.new()

    trust = TrustStore.from_list(other.trust_list(), roots=pki.roots_pem)

    assert refusal(other.node("H28"), trust) is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_unreadable_trust_material_is_refused(pki: PKI) -> None:
    broken = pki.trust_list().model_copy(update={"crls": ("AAAA",)})

    with pytest.raises(TrustMaterialInvalid):
        TrustStore.from_list(broken, roots=pki.roots_pem)


def test_revoked_is_refused_from_that_moment_on(pki: PKI) -> None:
    node = pki.node("H28")
    pki.issuing.revoke(node.certificate, NOW - timedelta(hours=1))
    trust = pki.trust()

    assert refusal(node, trust) is SubIndication.REVOKED_NO_POE
    assert check(node, trust, days=-0.5).node == "H28"


def test_revoked_issuing_authority_refuses_its_certificates(pki: PKI) -> None:
    pki.root.revoke(pki.issuing.certificate, NOW - timedelta(hours=1))

    assert refusal(pki.node("H28"), pki.trust()) is SubIndication.REVOKED_NO_POE


def test_revocation_counts_although_the_chain_is_remembered(pki: PKI) -> None:
    node, trust = pki.node("H28"), pki.trust()
    check(node, trust)

    pki.issuing.revoke(node.certificate, NOW)

    assert refusal(node, pki.trust()) is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize("days", [-2, 366])
def test_outside_validity_is_refused_although_the_chain_is_remembered(pki: PKI, days: int) -> None:
    node, trust = pki.node("H28"), pki.trust()
    check(node, trust)

    assert refusal(node, trust, days=days) is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_missing_crl_is_told(pki: PKI) -> None:
    assert check(pki.node("H28"), pki.trust(crls=())).revocation_unknown


def test_stale_crl_is_told_and_its_entries_still_count(pki: PKI) -> None:
    node, revoked = pki.node("H28"), pki.node("H29")
    pki.issuing.revoke(revoked.certificate, NOW)
    trust = pki.trust()

    assert check(node, trust, days=8).revocation_unknown
    assert refusal(revoked, trust, days=8) is SubIndication.REVOKED_NO_POE


def test_crl_of_an_impostor_is_not_believed(pki: PKI) -> None:
    node = pki.node("H28")
    impostor = Authority(key=new_key(), certificate=pki.issuing.certificate)
    impostor.revoke(node.certificate, NOW - timedelta(days=1))

    assert check(node, pki.trust(crls=(impostor.crl(), pki.root.crl()))).revocation_unknown


def test_newest_crl_of_several_counts(pki: PKI) -> None:
    node = pki.node("H28")
    old = pki.issuing.crl(at=NOW - timedelta(days=1))
    pki.issuing.revoke(node.certificate, NOW)

    trust = pki.trust(crls=(pki.root.crl(), pki.issuing.crl(), old))

    assert refusal(node, trust) is SubIndication.REVOKED_NO_POE


def test_agency_certificate_is_no_node_seal(pki: PKI) -> None:
    assert refusal(pki.agency("H28"), pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_agency_certificate_with_a_node_uri_is_no_node_seal(pki: PKI) -> None:
    disguised = pki.issuing.issue(Profile.AGENCY_SEAL, "Agency", uri=URI)

    assert refusal(disguised, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_node_seal_signs_no_documents(pki: PKI) -> None:
    assert refusal(pki.node("H28"), pki.trust(), profile=None) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_node_seal_without_a_subject_uri_is_refused(pki: PKI) -> None:
    nameless = pki.issuing.issue(Profile.NODE_SEAL, "Nameless")

    assert refusal(nameless, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_profile_of_a_document_signer_is_found(pki: PKI) -> None:
    checked = check(pki.officer("H28.31"), pki.trust(), profile=None)

    assert checked.profile is Profile.OFFICER
    assert checked.agency == AgencyCode("H28.31")


def test_impostor_root_with_the_same_name_is_refused(pki: PKI) -> None:
    impostor = new_issuing(new_root())
    node = impostor.issue(Profile.NODE_SEAL, "Node H28", uri=URI)

    assert refusal(node, pki.trust()) is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_end_certificate_issues_nothing(pki: PKI) -> None:
    agency = pki.agency("H28")
    false_authority = Authority(key=agency.key, certificate=agency.certificate)
    node = false_authority.issue(Profile.NODE_SEAL, "Node H28", uri=URI)
    offered = Credential(key=node.key, chain=(*node.chain, *agency.chain))

    assert refusal(offered, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_issuing_authority_makes_no_further_authority(pki: PKI) -> None:
    further = new_issuing(pki.issuing, "Further CA")
    node = further.issue(Profile.NODE_SEAL, "Node H28", uri=URI)

    assert refusal(node, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_authority_signs_no_seal_itself(pki: PKI) -> None:
    authority = Credential(key=pki.issuing.key, chain=(pki.issuing.certificate,))

    assert refusal(authority, pki.trust()) is SubIndication.CHAIN_CONSTRAINTS_FAILURE


@pytest.mark.parametrize("weak", [new_key(rsa_bits=1024), ec.generate_private_key(ec.SECP192R1())])
def test_weak_key_is_refused(pki: PKI, weak: ec.EllipticCurvePrivateKey) -> None:
    node = pki.issuing.issue(Profile.NODE_SEAL, "Node H28", uri=URI, key=weak)

    assert refusal(node, pki.trust()) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_certificate_digest_weaker_than_sha256_is_refused(pki: PKI) -> None:
    key = new_key()
    draft = CertificateDraft(
        profile=Profile.NODE_SEAL,
        subject=name("Node H28"),
        public_key=key.public_key(),
        serial=7,
        not_before=NOW,
        not_after=NOW + timedelta(days=1),
        issuer=pki.issuing.certificate,
        uri=URI,
    )
    weak = draft_certificate(draft).sign(pki.issuing.key, SHA224())

    assert refusal(Credential(key=key, chain=(weak,)), pki.trust()) is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_certificates_beyond_the_limit_are_not_looked_at(pki: PKI) -> None:
    trust = TrustStore(roots=(pki.root.certificate,))
    node = pki.node("H28")
    junk = tuple(pki.node("H29").certificate for _ in range(MAX_OFFERED))
    crowded = Credential(key=node.key, chain=(node.certificate, *junk, pki.issuing.certificate))

    assert refusal(crowded, trust) is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert check(node, trust).node == "H28"


def test_partial_crl_is_not_taken_for_the_whole(pki: PKI) -> None:
    partial = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(pki.issuing.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=1))
        .add_extension(x509.DeltaCRLIndicator(1), critical=True)
        .sign(pki.issuing.key, SHA256())
    )

    assert check(pki.node("H28"), pki.trust(crls=(pki.root.crl(), partial))).revocation_unknown


def test_old_certificate_of_the_issuer_that_a_stranger_puts_into_everyones_way(pki: PKI) -> None:
    node, trust = pki.node("H28"), pki.trust()
    old = _issuer_again(pki, not_after=NOW - timedelta(days=1))
    stranger = Credential(key=new_key(), chain=(node.certificate, old))

    assert check(stranger, trust).path[1] == pki.issuing.certificate
    assert check(node, trust).path[1] == pki.issuing.certificate


def test_offered_certificate_helps_only_whoever_offers_it(pki: PKI) -> None:
    node = pki.node("H28")
    trust = TrustStore(roots=(pki.root.certificate,), crls=pki.crls())
    old = Credential(key=node.key, chain=(node.certificate, _issuer_again(pki, not_after=NOW - timedelta(days=1))))

    assert refusal(old, trust) is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert check(node, trust).node == "H28"


def test_renewed_certificate_of_the_issuer_comes_with_the_signature(pki: PKI) -> None:
    node = pki.node("H28")
    trust = TrustStore(
        roots=(pki.root.certificate,),
        intermediates=(_issuer_again(pki, not_after=NOW - timedelta(days=1)),),
        crls=pki.crls(),
    )

    assert check(node, trust).node == "H28"
    assert refusal(Credential(key=node.key, chain=node.chain[:1]), trust) is SubIndication.OUT_OF_BOUNDS_NO_POE


def _issuer_again(pki: PKI, *, not_after: datetime) -> x509.Certificate:
    """Another certificate of the issuing authority: the same name and key."""
    return pki.root.issue(
        Profile.ISSUING,
        "Lien Thong Test Issuing CA",
        key=pki.issuing.key,
        not_before=NOW - timedelta(days=30),
        not_after=not_after,
    ).certificate
