"""What strikes and what is written follow from the seed alone."""

from pathlib import Path

from tests.faults.letters import letters, write_letter
from tests.faults.schedule import CATALOGUE, GAP_S, Kind, schedule

SEED, OTHER_SEED = 7, 8


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    assert schedule(SEED, 1000) == schedule(SEED, 1000)
    assert schedule(SEED, 1000) != schedule(OTHER_SEED, 1000)


def test_the_same_seed_gives_the_same_letters_and_another_seed_others() -> None:
    assert letters(SEED, 200) == letters(SEED, 200)
    assert letters(SEED, 200) != letters(OTHER_SEED, 200)


def test_a_letter_is_the_same_file_each_time_that_it_is_written(tmp_path: Path) -> None:
    letter = letters(SEED, 1)[0]
    first = write_letter(letter, tmp_path).read_bytes()

    assert write_letter(letter, tmp_path).read_bytes() == first


def test_sixty_faults_are_of_every_kind_in_the_order_of_time() -> None:
    faults = schedule(SEED, 60)

    assert len(faults) == 60
    assert {fault.kind for fault in faults} == {entry.kind for entry in CATALOGUE} == set(Kind)
    assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
    assert faults[-1].at_s <= 60 * GAP_S


def test_several_faults_are_there_at_any_time() -> None:
    faults = schedule(SEED, 1000)

    lasting = sum(fault.lasts_s for fault in faults) / (1000 * GAP_S)

    assert lasting > 2


def test_every_fault_has_a_target_of_its_kind() -> None:
    targets = {entry.kind: set(entry.targets) for entry in CATALOGUE}

    assert all(fault.target in targets[fault.kind] for fault in schedule(SEED, 1000))


def test_letters_go_between_all_levels_small_and_large_to_one_and_to_several() -> None:
    written = letters(SEED, 1000)

    ways = {(letter.sender, recipient) for letter in written for recipient in letter.recipients}
    assert len(ways) == 4 * 3
    assert {len(letter.recipients) for letter in written} == {1, 2, 3}
    assert any(letter.attachment_bytes > 300_000 for letter in written)
    assert {letter.at_once > 1 for letter in written} == {letter.later for letter in written} == {True, False}
