"""One proof for a run of neighbouring leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.shared.merkle import ProofInvalid, grown, inclusion_proof, leaf_hash, root_hash
from lienthong.shared.merkle_ranges import range_needs, range_proof, verify_range

LEAVES = [leaf_hash(str(number).encode()) for number in range(100)]
STORED = grown(0, {}, LEAVES)


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, int, int]:
    size = draw(st.integers(min_value=1, max_value=len(LEAVES)))
    begin = draw(st.integers(min_value=0, max_value=size - 1))
    return begin, draw(st.integers(min_value=begin + 1, max_value=size)), size


@given(run=runs())
def test_a_run_of_leaves_is_proven_with_few_hashes(run: tuple[int, int, int]) -> None:
    begin, end, size = run
    needed = {each: STORED[each] for each in range_needs(begin, end, size=size)}

    proof = range_proof(begin, end, size=size, hashes=needed)

    verify_range(LEAVES[begin:end], begin=begin, size=size, proof=proof, root=root_hash(LEAVES[:size]))
    assert len(proof) <= 2 * size.bit_length()


@given(run=runs(), data=st.data())
def test_a_rewritten_leaf_of_a_run_is_found(run: tuple[int, int, int], data: st.DataObject) -> None:
    begin, end, size = run
    proof = range_proof(begin, end, size=size, hashes=STORED)
    at = data.draw(st.integers(min_value=begin, max_value=end - 1))
    rewritten = [leaf_hash(b"other") if n == at else LEAVES[n] for n in range(begin, end)]

    with pytest.raises(ProofInvalid):
        verify_range(rewritten, begin=begin, size=size, proof=proof, root=root_hash(LEAVES[:size]))


def test_a_run_of_one_leaf_has_the_hashes_of_its_inclusion_proof() -> None:
    assert sorted(range_proof(41, 42, size=100, hashes=STORED)) == sorted(inclusion_proof(41, 100, STORED))


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: [*p, bytes(32)], lambda p: [b"x", *p[1:]]])
def test_a_proof_of_another_length_is_refused(change: object) -> None:
    proof = range_proof(10, 20, size=50, hashes=STORED)
    assert callable(change)

    with pytest.raises(ProofInvalid):
        verify_range(LEAVES[10:20], begin=10, size=50, proof=change(proof), root=root_hash(LEAVES[:50]))


@pytest.mark.parametrize(("begin", "end", "size"), [(5, 5, 10), (5, 11, 10), (-1, 3, 10)])
def test_there_is_no_proof_for_an_impossible_run(begin: int, end: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such run"):
        range_needs(begin, end, size=size)
    with pytest.raises(ProofInvalid):
        verify_range([bytes(32)] * (end - begin), begin=begin, size=size, proof=[], root=bytes(32))
