"""Trees and proofs against a naive implementation of RFC 9162's definitions, and against published roots and proofs."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lienthong.shared.merkle import (
    EMPTY_ROOT,
    ProofInvalid,
    Subtree,
    consistency_needs,
    consistency_proof,
    grown,
    inclusion_needs,
    inclusion_proof,
    leaf_hash,
    root_hash,
    root_needs,
    stored_root,
    verify_consistency,
    verify_inclusion,
)

PUBLISHED_LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""Leaves of the tests that implementations of Certificate Transparency share."""
PUBLISHED_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
PUBLISHED_HASHES = [leaf_hash(each) for each in PUBLISHED_LEAVES]
SIZES = st.integers(min_value=1, max_value=200)


def some_leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH as section 2.1.1 defines it."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256().digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:half]) + naive_root(leaves[half:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH as section 2.1.3.1 defines it."""
    if len(leaves) == 1:
        return []
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if index < half:
        return [*naive_path(index, leaves[:half]), naive_root(leaves[half:])]
    return [*naive_path(index - half, leaves[half:]), naive_root(leaves[:half])]


def naive_subproof(old: int, leaves: Sequence[bytes], *, complete: bool = True) -> list[bytes]:
    """SUBPROOF as section 2.1.4.1 defines it."""
    if old == len(leaves):
        return [] if complete else [naive_root(leaves)]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if old <= half:
        return [*naive_subproof(old, leaves[:half], complete=complete), naive_root(leaves[half:])]
    return [*naive_subproof(old - half, leaves[half:], complete=False), naive_root(leaves[:half])]


@pytest.mark.parametrize(("size", "root"), PUBLISHED_ROOTS.items())
def test_published_roots(size: int, root: str) -> None:
    assert root_hash(PUBLISHED_HASHES[:size]).hex() == root


def test_the_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert root_hash([]) == EMPTY_ROOT == naive_root([])
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_published_proofs() -> None:
    hashes = grown(0, {}, PUBLISHED_HASHES)

    inclusion = [each.hex()[:16] for each in inclusion_proof(1 - 1, 8, hashes)]
    consistency = [each.hex()[:16] for each in consistency_proof(6, 8, hashes)]

    assert inclusion == ["96a296d224f285c6", "5f083f0a1a33ca07", "6b47aaf29ee3c2af"]
    assert consistency == ["0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"]


@given(size=SIZES, data=st.data())
def test_roots_and_inclusion_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    leaves = some_leaves(size)
    stored = grown(0, {}, leaves)

    proof = inclusion_proof(index, size, {each: stored[each] for each in inclusion_needs(index, size)})

    assert root_hash(leaves) == naive_root(leaves)
    assert proof == naive_path(index, leaves)
    verify_inclusion(leaves[index], index=index, size=size, proof=proof, root=naive_root(leaves))


@given(new=SIZES, data=st.data())
def test_consistency_proofs_are_those_of_the_definition(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(min_value=1, max_value=new))
    leaves = some_leaves(new)
    stored = grown(0, {}, leaves)

    proof = consistency_proof(old, new, {each: stored[each] for each in consistency_needs(old, new)})

    assert proof == naive_subproof(old, leaves)
    roots = {"old_root": naive_root(leaves[:old]), "new_root": naive_root(leaves)}
    verify_consistency(old=old, new=new, proof=proof, **roots)


@given(before=st.integers(min_value=0, max_value=100), more=st.integers(min_value=0, max_value=60))
def test_growing_in_steps_gives_what_growing_at_once_gives(before: int, more: int) -> None:
    leaves = some_leaves(before + more)
    first = grown(0, {}, leaves[:before])
    held = {each: first[each] for each in root_needs(before)}

    second = grown(before, held, leaves[before:])

    assert first | second == grown(0, {}, leaves)
    assert not first.keys() & second.keys()
    assert stored_root(before + more, first | second) == naive_root(leaves)


@given(size=st.integers(min_value=1, max_value=64), data=st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    leaves = some_leaves(size)
    good: dict[str, Any] = {
        "index": index,
        "size": size,
        "proof": naive_path(index, leaves),
        "root": naive_root(leaves),
    }
    other = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "index": st.integers(min_value=-1, max_value=70),
                "proof": st.permutations([*naive_path(index, leaves), bytes(32)]),
                "root": st.just(bytes(32)),
            },
        )
    )
    changed = good | other
    assume(changed != good)

    with pytest.raises(ProofInvalid):
        verify_inclusion(leaves[index], **changed)


@given(new=st.integers(min_value=2, max_value=64), data=st.data())
def test_a_log_with_another_beginning_has_no_consistency_proof(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(min_value=1, max_value=new))
    rewritten = data.draw(st.integers(min_value=0, max_value=old - 1))
    leaves = some_leaves(new)
    forked = [*leaves[:rewritten], leaf_hash(b"rewritten"), *leaves[rewritten + 1 :]]

    proof = naive_subproof(old, forked)

    with pytest.raises(ProofInvalid):
        verify_consistency(
            old=old, new=new, proof=proof, old_root=naive_root(leaves[:old]), new_root=naive_root(forked)
        )


@pytest.mark.parametrize("proof", [[], [b"short"], [bytes(32)] * 65, [bytes(32)]])
def test_proofs_of_a_wrong_shape_are_refused(proof: list[bytes]) -> None:
    roots = {"old_root": bytes(32), "new_root": bytes(32)}

    with pytest.raises(ProofInvalid):
        verify_consistency(old=3, new=7, proof=proof, **roots)
    with pytest.raises(ProofInvalid):
        verify_inclusion(bytes(32), index=3, size=7, proof=proof, root=bytes(32))


def test_the_empty_tree_begins_every_tree_and_needs_no_proof() -> None:
    new_root = PUBLISHED_HASHES[0]

    verify_consistency(old=0, new=1, proof=[], old_root=EMPTY_ROOT, new_root=new_root)

    with pytest.raises(ProofInvalid):
        verify_consistency(old=0, new=1, proof=[new_root], old_root=EMPTY_ROOT, new_root=new_root)
    with pytest.raises(ProofInvalid):
        verify_consistency(old=1, new=1, proof=[], old_root=EMPTY_ROOT, new_root=new_root)


def test_a_proof_needs_few_hashes_of_a_large_log() -> None:
    size = 10**9

    assert len(inclusion_needs(123_456_789, size)) < 64
    assert len(consistency_needs(123_456_789, size)) < 64
    assert root_needs(8) == [Subtree(3, 0)]


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5)])
def test_there_is_no_proof_for_impossible_sizes(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="leads from"):
        consistency_needs(old, new)
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_needs(new, new)
