"""Signatures in PDFs that outlast their certificates, and attacks on what makes them last."""

from datetime import datetime, timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject

from lienthong.shared.clients.time_stamping import TimeStampingUnavailable
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.pades import Lasting, Level, sign_pdf, validate_pdf
from lienthong.shared.signatures.pades_lasting import TOKEN_BYTES, add_document_time_stamp, add_material
from lienthong.shared.signatures.profiles import Profile, agency_uri
from lienthong.shared.signatures.report import Indication, Proof, SignatureReport, SubIndication
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.trust import TrustStore
from tests.support.lasting import in_turn, over_something_else, raising, signed_to_last
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pdf_attacks import Writer, stream, updated
from tests.support.pki import NOW, PKI, Credential
from tests.support.time_stamping import TimeStamper

YEARS_LATER = NOW + timedelta(days=4 * 365)
LEVELS = [Level.B_B, Level.B_T, Level.B_LT, Level.B_LTA]
AWAY = raising(TimeStampingUnavailable("away"))


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def short_lived(pki: PKI) -> Credential:
    uri, until = agency_uri(AgencyCode("H28")), NOW + timedelta(days=30)
    return pki.issuing.issue(Profile.OFFICER, "Người Ký Thử", uri=uri, not_after=until)


def report_on(pdf: bytes, trust: TrustStore, at: datetime = NOW) -> SignatureReport:
    (report,) = validate_pdf(BytesIO(pdf), where="x", trust=trust, at=at)
    return report


def without_lists(pki: PKI) -> TrustStore:
    """Trust in the roots alone, as years later, when nobody publishes about those times."""
    return TrustStore(roots=(pki.root.certificate,))


def with_later_lists(pki: PKI, at: datetime) -> TrustStore:
    return pki.trust(crls=[pki.root.crl(at=at), pki.issuing.crl(at=at)])


@pytest.mark.parametrize("level", LEVELS)
def test_level_that_was_asked_for_is_made_and_found(pki: PKI, level: Level) -> None:
    report = report_on(signed_to_last(pki, pki.officer("H28"), level), pki.trust())

    assert report.indication is Indication.TOTAL_PASSED
    assert report.level == f"PAdES-{level}"
    assert report.proof is (Proof.RECEIPT if level is Level.B_B else Proof.TIME_STAMP)


@pytest.mark.parametrize("level", LEVELS)
def test_only_what_carries_its_proof_passes_after_its_certificate_expired(pki: PKI, level: Level) -> None:
    pdf = signed_to_last(pki, short_lived(pki), level)

    report = report_on(pdf, with_later_lists(pki, YEARS_LATER), YEARS_LATER)

    if level is Level.B_B:
        assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    else:
        assert report.indication is Indication.TOTAL_PASSED
        assert report.best_signature_time == NOW


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA])
def test_material_in_the_file_answers_when_nothing_is_published_any_more(pki: PKI, level: Level) -> None:
    pdf = signed_to_last(pki, short_lived(pki), level)

    report = report_on(pdf, without_lists(pki), YEARS_LATER)

    passed = report.indication is Indication.TOTAL_PASSED
    assert passed is (level is not Level.B_T)


def test_two_signatures_both_last(pki: PKI) -> None:
    once = signed_to_last(pki, short_lived(pki), Level.B_LT)
    twice = signed_to_last(pki, pki.agency("H28"), Level.B_LTA, pdf=once)

    reports = validate_pdf(BytesIO(twice), where="x", trust=without_lists(pki), at=YEARS_LATER)

    assert [one.indication for one in reports] == [Indication.TOTAL_PASSED] * 2
    assert {one.level for one in reports} == {"PAdES-B-LTA"}


def test_revoked_after_the_proven_time_passes(pki: PKI) -> None:
    officer = pki.officer("H28")
    pdf = signed_to_last(pki, officer, Level.B_T)
    pki.issuing.revoke(officer.certificate, NOW + timedelta(days=1))
    later = NOW + timedelta(days=2)

    report = report_on(pdf, with_later_lists(pki, later), later)

    assert report.indication is Indication.TOTAL_PASSED


def test_revoked_before_the_proven_time_is_refused(pki: PKI) -> None:
    officer = pki.officer("H28")
    stamped_later = TimeStamper.of(pki, at=NOW + timedelta(days=2)).stamp
    pdf = signed_to_last(pki, officer, Level.B_LTA, stamp=stamped_later)
    pki.issuing.revoke(officer.certificate, NOW - timedelta(days=1))

    later = NOW + timedelta(days=3)
    report = report_on(pdf, with_later_lists(pki, later), later)

    assert report.sub_indication is SubIndication.REVOKED


@pytest.mark.parametrize(
    "stamp", [AWAY, lambda _digest: bytes(TOKEN_BYTES + 1)], ids=["away", "sends more than there is room for"]
)
def test_authority_that_gives_no_stamp_makes_the_level_lower_and_fails_nothing(pki: PKI, stamp: Stamp) -> None:
    out = BytesIO()
    means = Lasting(level=Level.B_LTA, stamp=stamp, trust=pki.trust())

    reached = sign_pdf(BytesIO(minimal_pdf()), out, key=local_key(pki.officer("H28")), at=NOW, lasting=means)

    assert reached is Level.B_B
    assert report_on(out.getvalue(), pki.trust()).indication is Indication.TOTAL_PASSED


def test_authority_that_goes_away_after_the_first_stamp_leaves_b_lt(pki: PKI) -> None:
    pdf = signed_to_last(pki, pki.officer("H28"), Level.B_LTA, stamp=in_turn(TimeStamper.of(pki).stamp, AWAY))

    report = report_on(pdf, pki.trust())

    assert (report.level, report.indication) == ("PAdES-B-LT", Indication.TOTAL_PASSED)


def test_document_time_stamp_alone_proves_the_time(pki: PKI) -> None:
    pdf = BytesIO(signed_to_last(pki, short_lived(pki), Level.B_B))
    add_document_time_stamp(pdf, stamp=TimeStamper.of(pki, at=NOW + timedelta(days=1)).stamp)

    report = report_on(pdf.getvalue(), with_later_lists(pki, YEARS_LATER), YEARS_LATER)

    assert report.indication is Indication.TOTAL_PASSED
    assert (report.best_signature_time, report.proof) == (NOW + timedelta(days=1), Proof.TIME_STAMP)
    assert report.proof_source == "CN=Outside Service"


def test_time_stamp_over_other_bytes_proves_nothing(pki: PKI) -> None:
    pdf = signed_to_last(pki, short_lived(pki), Level.B_T, stamp=over_something_else(TimeStamper.of(pki).stamp))

    report = report_on(pdf, with_later_lists(pki, YEARS_LATER), YEARS_LATER)

    assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert (report.level, report.proof) == ("PAdES-B-B", Proof.RECEIPT)
    assert any(one.name == "time stamp" and one.passed is False for one in report.checks)


def test_time_stamp_of_another_signature_proves_nothing(pki: PKI) -> None:
    shown: list[bytes] = []

    def listen(digest: bytes) -> bytes:
        shown.append(digest)
        return TimeStamper.of(pki).stamp(digest)

    signed_to_last(pki, pki.officer("H28"), Level.B_T, stamp=listen)
    token = TimeStamper.of(pki).stamp(shown[0])
    pdf = signed_to_last(pki, short_lived(pki), Level.B_T, stamp=lambda _: token)

    report = report_on(pdf, with_later_lists(pki, YEARS_LATER), YEARS_LATER)

    assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


@pytest.mark.parametrize("kind", ["of an untrusted authority", "over other bytes"])
def test_document_time_stamp_that_does_not_hold_proves_nothing(pki: PKI, kind: str) -> None:
    stranger = TimeStamper.of(PKI.new()).stamp
    stamp = stranger if kind == "of an untrusted authority" else over_something_else(TimeStamper.of(pki).stamp)
    pdf = BytesIO(signed_to_last(pki, short_lived(pki), Level.B_B))
    add_document_time_stamp(pdf, stamp=stamp)

    report = report_on(pdf.getvalue(), with_later_lists(pki, YEARS_LATER), YEARS_LATER)

    assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert report.proof is Proof.RECEIPT
    assert "A document time stamp proves nothing" in "".join(one.detail for one in report.checks)


def test_document_time_stamp_before_a_signature_proves_nothing_of_it(pki: PKI) -> None:
    pdf = BytesIO(minimal_pdf())
    add_document_time_stamp(pdf, stamp=TimeStamper.of(pki, at=NOW - timedelta(hours=1)).stamp)
    signed = signed_to_last(pki, pki.officer("H28"), Level.B_B, pdf=pdf.getvalue())

    report = report_on(signed, pki.trust())

    assert (report.best_signature_time, report.proof) == (NOW, Proof.RECEIPT)


def with_store(pdf: bytes, of: PKI) -> bytes:
    """``pdf`` with the material of another PKI: the same names, other keys."""
    out = BytesIO(pdf)
    token = TimeStamper.of(of).stamp(bytes(32))
    add_material(out, of.officer("H28").chain, token, trust=of.trust(), at=NOW)
    return out.getvalue()


def test_forged_store_does_not_clear_a_revoked_signer(pki: PKI) -> None:
    officer = pki.officer("H28")
    pki.issuing.revoke(officer.certificate, NOW - timedelta(days=1))

    report = report_on(with_store(signed_to_last(pki, officer, Level.B_B), PKI.new()), pki.trust())

    assert report.sub_indication is SubIndication.REVOKED


def test_forged_store_does_not_condemn_a_good_signer(pki: PKI) -> None:
    officer, forger = pki.officer("H28"), PKI.new()
    forger.issuing.revoke(officer.certificate, NOW - timedelta(days=1))

    report = report_on(with_store(signed_to_last(pki, officer, Level.B_B), forger), pki.trust())

    assert report.indication is Indication.TOTAL_PASSED


def test_forged_store_is_no_anchor(pki: PKI) -> None:
    stranger = PKI.new()
    pdf = signed_to_last(stranger, stranger.officer("H28"), Level.B_LTA)

    report = report_on(pdf, pki.trust())

    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_forged_store_does_not_stand_in_for_a_missing_list(pki: PKI) -> None:
    pdf = with_store(signed_to_last(pki, pki.officer("H28"), Level.B_B), PKI.new())

    assert report_on(pdf, without_lists(pki)).sub_indication is SubIndication.TRY_LATER


def test_store_of_garbage_harms_nothing(pki: PKI) -> None:
    def attack(writer: Writer) -> None:
        keys = ("/Certs", "/CRLs", "/OCSPs")
        store = {NameObject(key): ArrayObject([writer.add_object(stream(b"no DER"))]) for key in keys}
        writer.root[NameObject("/DSS")] = writer.add_object(DictionaryObject(store))
        writer.update_root()

    pdf = updated(signed_to_last(pki, pki.officer("H28"), Level.B_B), attack)

    assert report_on(pdf, pki.trust()).indication is Indication.TOTAL_PASSED
