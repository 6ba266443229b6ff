"""A witness's decisions: what continues the log that it knows, and every way to show it something else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from lienthong.exchange.domain.evidence_log import subtrees_within
from lienthong.exchange.domain.witnesses import LogJudge
from lienthong.exchange.domain.witnessing import (
    AuditProgress,
    LogViolated,
    NotedCheckpoint,
    Violation,
    judged_checkpoint,
    old_entries,
    require_continued,
    require_entries,
    require_remembered,
)
from lienthong.shared.contracts.log import CheckpointAnswer, EntriesAnswer
from lienthong.shared.identifiers import NodeId
from lienthong.shared.merkle import Subtree
from lienthong.shared.signatures.checkpoints import origin_of
from tests.support.pki import NOW, PKI
from tests.unit.exchange.carry.handover import directory
from tests.unit.exchange.log.paper_log import NODE, PaperLog

SIZE = 13


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture
def log(pki: PKI) -> PaperLog:
    return PaperLog(seal=pki.node(NODE))


@pytest.fixture
def fork(log: PaperLog) -> PaperLog:
    """The same node, the same seal, another entry in the middle."""
    return replace(log, texts=[*log.texts[:5], "another evidence", *log.texts[6:]])


def judged(answer: CheckpointAnswer, held: NotedCheckpoint | None, pki: PKI) -> NotedCheckpoint:
    judge = LogJudge(here=NodeId("H28"), trust=pki.trust(), directory=directory(), at=NOW)
    return judged_checkpoint(answer, held, node=NODE, judge=judge)


def violation(act: Callable[[], object]) -> Violation:
    with pytest.raises(LogViolated) as caught:
        act()
    assert caught.value.facts == {"violation": caught.value.violation.value}
    return caught.value.violation


def test_a_log_that_grew_is_good(pki: PKI, log: PaperLog) -> None:
    first = judged(log.checkpoint(4), None, pki)
    assert first.checkpoint == judged(log.checkpoint(4), first, pki).checkpoint == log.noted(4).checkpoint
    for size in range(4, SIZE + 1):
        seen = judged(log.checkpoint(size), log.noted(4), pki)
        require_continued(log.noted(4).checkpoint, seen, log.consistency(4, size))
        assert require_entries(log.entries(2, size, size=size), begin=2, end=size, seen=seen) == size


def test_a_truncated_log_was_rolled_back(pki: PKI, log: PaperLog) -> None:
    shorter = replace(log, texts=log.texts[:9])

    assert violation(lambda: judged(shorter.checkpoint(9), log.noted(SIZE), pki)) is Violation.ROLLED_BACK


def test_a_replayed_old_checkpoint_is_a_roll_back(pki: PKI, log: PaperLog) -> None:
    old = log.checkpoint(4)

    assert judged(old, log.noted(4), pki).note == old.note
    assert violation(lambda: judged(old, log.noted(5), pki)) is Violation.ROLLED_BACK


def test_a_log_that_lost_everything_was_rolled_back(log: PaperLog) -> None:
    require_remembered(None)

    assert violation(lambda: require_remembered(log.noted(1))) is Violation.ROLLED_BACK


def test_a_forked_log_of_the_same_size_is_two_histories(pki: PKI, log: PaperLog, fork: PaperLog) -> None:
    assert violation(lambda: judged(fork.checkpoint(SIZE), log.noted(SIZE), pki)) is Violation.TWO_HISTORIES


@pytest.mark.parametrize("size", [8, 12, SIZE])
def test_a_forked_log_that_grew_is_two_histories(pki: PKI, log: PaperLog, fork: PaperLog, size: int) -> None:
    """Each history proves that it continues itself; neither proof leads from one to the other."""
    held, seen = log.noted(7).checkpoint, judged(fork.checkpoint(size), log.noted(7), pki)

    for proof in (fork.consistency(7, size), log.consistency(7, size)):
        assert violation(lambda proof=proof: require_continued(held, seen, proof)) is Violation.TWO_HISTORIES  # type: ignore[misc]


def test_both_checkpoints_of_two_histories_are_kept_as_evidence(pki: PKI, log: PaperLog, fork: PaperLog) -> None:
    answer = fork.checkpoint(SIZE)

    with pytest.raises(LogViolated) as caught:
        judged(answer, log.noted(SIZE), pki)

    assert caught.value.seen_note == answer.note


def test_a_checkpoint_of_another_node_is_refused(pki: PKI, log: PaperLog) -> None:
    other = replace(log, origin=origin_of(NodeId("H99")), seal=pki.node("H99"))

    assert violation(lambda: judged(other.checkpoint(SIZE), None, pki)) is Violation.ANOTHER_LOG


def test_a_checkpoint_that_another_node_signed_is_refused(pki: PKI, log: PaperLog) -> None:
    other = replace(log, seal=pki.node("H99"))

    assert violation(lambda: judged(other.checkpoint(SIZE), None, pki)) is Violation.BAD_SIGNATURE


def test_a_checkpoint_under_a_self_made_chain_is_refused(pki: PKI, log: PaperLog) -> None:
    stranger = replace(log, seal=PKI.new().node(NODE))

    assert violation(lambda: judged(stranger.checkpoint(SIZE), None, pki)) is Violation.BAD_SIGNATURE


def test_a_checkpoint_under_a_revoked_seal_is_refused(log: PaperLog) -> None:
    pki = PKI.new()
    revoked = replace(log, seal=pki.node(NODE))
    pki.issuing.revoke(revoked.seal.certificate, NOW - timedelta(hours=1))

    assert violation(lambda: judged(revoked.checkpoint(SIZE), None, pki)) is Violation.BAD_SIGNATURE


def test_a_changed_checkpoint_is_refused(pki: PKI, log: PaperLog) -> None:
    good = log.checkpoint(SIZE)
    larger = good.model_copy(update={"size": 14, "note": good.note.replace("\n13\n", "\n14\n")})
    odd = good.model_copy(update={"certificates": ("no certificate",)})

    assert violation(lambda: judged(larger, None, pki)) is Violation.BAD_SIGNATURE
    assert violation(lambda: judged(odd, None, pki)) is Violation.BAD_SIGNATURE
    for changes in ({"size": 12}, {"note": "nonsense"}):
        bad = good.model_copy(update=changes)
        assert violation(lambda bad=bad: judged(bad, None, pki)) is Violation.DAMAGED  # type: ignore[misc]


@pytest.mark.parametrize("index", range(2, 9))
def test_a_rewritten_entry_is_named(log: PaperLog, index: int) -> None:
    """Whoever rewrites the text alone leaves the hash that was kept for it."""
    answer = log.entries(2, 9, size=SIZE)
    entries = [one.model_copy(update={"jws": "rewritten"}) if one.index == index else one for one in answer.entries]

    with pytest.raises(LogViolated, match=f"Entry {index}, evidence e-{index}, is not the text") as caught:
        require_entries(changed(answer, entries=tuple(entries)), begin=2, end=9, seen=log.noted(SIZE))

    assert caught.value.violation is Violation.ENTRY_REWRITTEN


@pytest.mark.parametrize("index", range(2, 9))
def test_an_entry_rewritten_with_its_hash_does_not_lead_to_the_root(log: PaperLog, index: int) -> None:
    texts = [*log.texts[:index], "rewritten", *log.texts[index + 1 :]]
    rewritten = replace(log, texts=texts).entries(2, 9, size=SIZE)

    for answer in (rewritten, changed(rewritten, proof=log.entries(2, 9, size=SIZE).proof)):
        found = violation(lambda a=answer: require_entries(a, begin=2, end=9, seen=log.noted(SIZE)))  # type: ignore[misc]
        assert found is Violation.ENTRY_REWRITTEN


def test_swapped_entries_do_not_lead_to_the_root(log: PaperLog) -> None:
    texts = list(log.texts)
    texts[3], texts[4] = texts[4], texts[3]
    swapped = changed(replace(log, texts=texts).entries(2, 9, size=SIZE), proof=log.entries(2, 9, size=SIZE).proof)

    found = violation(lambda: require_entries(swapped, begin=2, end=9, seen=log.noted(SIZE)))

    assert found is Violation.ENTRY_REWRITTEN


def test_entries_that_are_not_shown_are_damage(log: PaperLog) -> None:
    answer = log.entries(2, 9, size=SIZE)
    gap = (*answer.entries[:2], *answer.entries[3:])

    for shown in ((), gap, log.entries(3, 9, size=SIZE).entries, log.entries(2, 10, size=SIZE).entries):
        bad = changed(answer, entries=shown)
        found = violation(lambda bad=bad: require_entries(bad, begin=2, end=9, seen=log.noted(SIZE)))  # type: ignore[misc]
        assert found is Violation.DAMAGED


def test_fewer_entries_than_asked_for_are_good(log: PaperLog) -> None:
    assert require_entries(log.entries(2, 4, size=SIZE), begin=2, end=9, seen=log.noted(SIZE)) == 4


def test_the_window_comes_by_every_old_entry_and_a_short_log_is_read_whole() -> None:
    assert old_entries(AuditProgress(), window=5) == ()
    assert old_entries(AuditProgress(audited=5, rolling=5), window=5) == ((0, 5),)
    progress, read = AuditProgress(audited=SIZE), set[int]()

    for _ in range(3):
        runs = old_entries(progress, window=5)
        assert sum(end - begin for begin, end in runs) == 5
        read.update(*(range(begin, end) for begin, end in runs))
        progress = replace(progress, rolling=runs[-1][1])

    assert read == set(range(SIZE))


def test_the_subtrees_within_a_run_are_those_of_the_whole_tree(log: PaperLog) -> None:
    tree = log.tree()

    for begin in range(SIZE):
        for end in range(begin, SIZE + 1):
            expected = {at: one for at, one in tree.items() if at.level and lies_within(at, begin, end)}
            assert subtrees_within(begin, log.leaves[begin:end]) == expected


def lies_within(at: Subtree, begin: int, end: int) -> bool:
    return begin <= at.number << at.level and (at.number + 1) << at.level <= end


def changed(answer: EntriesAnswer, **changes: object) -> EntriesAnswer:
    return answer.model_copy(update=changes)
