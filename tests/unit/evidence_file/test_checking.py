"""What an evidence file proves, and each way in which a forged one does not."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.shared.contracts.evidence import Event
from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.evidence_file.contents import CERTIFICATES, TIME_MANIFEST, TIME_STAMP, TRUST_LIST, Contents
from lienthong.shared.evidence_file.verdict import EvidenceVerdict
from lienthong.shared.merkle import leaf_hash
from lienthong.shared.signatures.report import Indication
from lienthong.shared.signatures.time_stamps import TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.trust import TrustStore
from tests.support.evidence_files import CENTRE, COMMUNE, DISTRICT, MADE, PROVINCE, Journey, members_of, put_together
from tests.support.packages import unsigned_package
from tests.support.pki import NOW, PKI

LATER = NOW + timedelta(days=4000)
"""A court asks years later: every certificate but the root's has expired."""


def _judge(path: Path, pki: PKI) -> EvidenceVerdict:
    return check_evidence_file(path, roots=pki.roots_pem, now=LATER)


def _faults(verdict: EvidenceVerdict) -> str:
    return "; ".join(
        f"{one.what}: {one.detail}" for one in verdict.checks if one.indication is not Indication.TOTAL_PASSED
    )


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PKI]:
    journey = Journey()
    return journey.write(tmp_path_factory.mktemp("honest")), journey.pki


def test_four_hop_journey_verifies_years_later_with_the_root_alone(honest: tuple[Path, PKI]) -> None:
    verdict = _judge(*honest)

    assert verdict.passed, _faults(verdict)
    assert [one.event for one in verdict.recipients] == ["ContentHandover"]
    assert [one.by for one in verdict.checks if one.what.startswith("Relay")] == ["node H28.31", "node H28"]
    assert len([one for one in verdict.checks if "witnessed by" in one.detail]) == 5


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_every_changed_byte_of_any_member_is_found(
    honest: tuple[Path, PKI], tmp_path: Path, data: st.DataObject
) -> None:
    path, pki = honest
    members = members_of(path)
    member = data.draw(st.sampled_from(sorted(members)))
    position = data.draw(st.integers(0, len(members[member]) - 1))
    changed = bytearray(members[member])
    changed[position] ^= data.draw(st.integers(1, 255))

    members[member] = bytes(changed)

    assert not _judge(put_together(members, tmp_path / "changed.asice"), pki).passed


def test_every_changed_byte_of_the_last_time_stamp_is_found(honest: tuple[Path, PKI]) -> None:
    """It is the one member that no digest covers."""
    path, pki = honest
    members = members_of(path)
    token, stamped = members[TIME_STAMP], members[TIME_MANIFEST]
    trust = pki.trust()

    passed = [position for position in range(len(token)) if not _is_refused(_flipped(token, position), stamped, trust)]

    assert passed == []


def _flipped(token: bytes, position: int) -> bytes:
    bit = 1 << position * 5 % 8  # neighbours lose different bits
    return token[:position] + bytes([token[position] ^ bit]) + token[position + 1 :]


def _is_refused(token: bytes, stamped: bytes, trust: TrustStore) -> bool:
    try:
        stamp = check_time_stamp(token, hashlib.sha256(stamped).digest(), trust=trust, at=LATER)
    except TimeStampInvalid:
        return True
    return stamp.has_strangers


def test_another_root_is_not_enough(honest: tuple[Path, PKI]) -> None:
    assert "trust list" in _faults(_judge(honest[0], PKI.new()))


def test_file_without_a_time_stamp_is_not_proven_yet(tmp_path: Path) -> None:
    journey = Journey()

    verdict = _judge(journey.write(tmp_path, stamped=False), journey.pki)

    assert not verdict.passed
    assert verdict.checks[-1].indication is Indication.INDETERMINATE


def _dated_back(journey: Journey) -> None:
    journey.state(Event.CONTENT_HANDOVER, CENTRE, at=NOW + timedelta(minutes=20))


def _sealed_by_another(journey: Journey) -> None:
    journey.state(Event.CONTENT_HANDOVER, CENTRE, by=PROVINCE)


def _arrival_stated_by_a_relay(journey: Journey) -> None:
    journey.state(Event.CONTENT_HANDOVER, PROVINCE)


def _two_origins(journey: Journey) -> None:
    journey.state(Event.SUBMISSION_ACCEPTANCE, DISTRICT)


def _no_acceptance(journey: Journey) -> None:
    del journey.pieces[0]


def _truncated_log(journey: Journey) -> None:
    journey.logs[CENTRE].pop()


def _forked_log(journey: Journey) -> None:
    journey.logs[CENTRE][1] = leaf_hash(b"another history")


def _own_witness(journey: Journey) -> None:
    journey.cosigners[DISTRICT] = DISTRICT


def _nobody_witnessed(journey: Journey) -> None:
    del journey.cosigners[DISTRICT]


def _witness_without_certificate(journey: Journey) -> None:
    journey.more[CERTIFICATES] = b""


def _contents_leave_out(journey: Journey) -> None:
    def edit(contents: Contents) -> Contents:
        first, *others = contents.evidence
        return contents.model_copy(
            update={"evidence": (first.model_copy(update={"event": Event.RELAY_FAILURE}), *others)}
        )

    journey.edit = edit


def _checkpoint_from_another_node(journey: Journey) -> None:
    members, _ = journey.members()
    for kind in ("note", "tst"):
        journey.more[f"log/{CENTRE}-3.{kind}"] = members[f"log/{PROVINCE}-2.{kind}"]


def _stamp_of_another_checkpoint(journey: Journey) -> None:
    members, _ = journey.members()
    journey.more[f"log/{CENTRE}-3.tst"] = members[f"log/{PROVINCE}-2.tst"]


def _revoked_node(journey: Journey) -> None:
    journey.pki.issuing.revoke(journey.nodes[DISTRICT].certificate, NOW)


def _claims_another_maker(journey: Journey) -> None:
    journey.edit = lambda contents: contents.model_copy(update={"made_by": DISTRICT})


def _made_by_one_who_is_revoked(journey: Journey) -> None:
    journey.pki.issuing.revoke(journey.nodes[COMMUNE].certificate, NOW + MADE - timedelta(seconds=5))


def _list_sealed_with_an_expired_key(journey: Journey) -> None:
    """It had expired when the file was stamped; the maker says that he made the file before."""
    journey.list_seal_ends = NOW + MADE - timedelta(minutes=1)
    journey.edit = lambda contents: contents.model_copy(update={"made_at": NOW + MADE - timedelta(minutes=2)})


ATTACKS: dict[Callable[[Journey], None], str] = {
    _dated_back: "after it was in the log",
    _sealed_by_another: "another node's",
    _arrival_stated_by_a_relay: "does not serve",
    _two_origins: "More than one node",
    _no_acceptance: "No evidence says",
    _truncated_log: "does not lead",
    _forked_log: "does not lead",
    _own_witness: "No other node",
    _nobody_witnessed: "No other node",
    _witness_without_certificate: "certificate",
    _contents_leave_out: "something else",
    _checkpoint_from_another_node: "The checkpoint is of lienthong.node/H28",
    _stamp_of_another_checkpoint: "something else",
    _revoked_node: "revoked",
    _claims_another_maker: "The seal is",
    _made_by_one_who_is_revoked: "revoked",
    _list_sealed_with_an_expired_key: "not valid at",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__.strip("_"))
def test_forged_file_fails_and_says_why(attack: Callable[[Journey], None], tmp_path: Path) -> None:
    journey = Journey()
    attack(journey)

    verdict = _judge(journey.write(tmp_path), journey.pki)

    assert not verdict.passed
    assert ATTACKS[attack] in _faults(verdict)


def test_node_revoked_after_the_log_was_stamped_still_proves(tmp_path: Path) -> None:
    journey = Journey()
    journey.pki.issuing.revoke(journey.nodes[DISTRICT].certificate, NOW + timedelta(minutes=2))

    verdict = _judge(journey.write(tmp_path), journey.pki)

    relayed = next(one for one in verdict.checks if one.by == "node H28.31")
    assert relayed.indication is Indication.TOTAL_PASSED, _faults(verdict)


def test_unsigned_package_is_said_to_be_unsigned(tmp_path: Path) -> None:
    journey = Journey(package=unsigned_package(sender="H28.31.05"))

    verdict = _judge(journey.write(tmp_path), journey.pki)

    assert verdict.passed, _faults(verdict)
    assert "not signed" in verdict.checks[-1].detail


def test_unsealed_trust_list_is_refused(tmp_path: Path) -> None:
    journey = Journey()
    journey.more[TRUST_LIST] = journey.pki.trust_list().model_dump_json().encode()

    assert "trust list" in _faults(_judge(journey.write(tmp_path), journey.pki))


def test_time_stamp_over_other_bytes_is_refused(honest: tuple[Path, PKI], tmp_path: Path) -> None:
    path, pki = honest
    members = members_of(path)
    members[TIME_MANIFEST] = members[TIME_MANIFEST].replace(b"?>", b"?> ", 1)

    assert "time stamp" in _faults(_judge(put_together(members, tmp_path / "changed.asice"), pki))
