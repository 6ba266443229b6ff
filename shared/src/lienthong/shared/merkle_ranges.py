"""Proofs that a run of neighbouring leaves is in a tree: one proof, of logarithmic length, for all of them together.

Not in RFC 9162, but nothing beyond its definition of the root: the proof holds the hashes of the largest subtrees that
lie beside the run, from left to right. For a run of one leaf these are the hashes of the inclusion proof.
"""

import hmac
from collections.abc import Iterator, Sequence

from lienthong.shared.merkle import (
    HASH_BYTES,
    MAX_PROOF_HASHES,
    MAX_TREE_SIZE,
    Hashes,
    ProofInvalid,
    Subtree,
    cover,
    node_hash,
    range_hash,
    split,
)


def range_needs(begin: int, end: int, *, size: int) -> list[Subtree]:
    """What :func:`range_proof` looks up."""
    return [each for beside in _beside(begin, end, size=size) for each in cover(*beside)]


def range_proof(begin: int, end: int, *, size: int, hashes: Hashes) -> list[bytes]:
    """Proof that the leaves from ``begin`` to before ``end`` are those of the tree of ``size`` leaves.

    Raises:
        ValueError: Not ``0 <= begin < end <= size``.
    """
    return [range_hash(*beside, hashes) for beside in _beside(begin, end, size=size)]


def verify_range(leaves: Sequence[bytes], *, begin: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Passes if ``leaves`` (leaf hashes) stand at ``begin`` and after, in the tree of ``size`` leaves with that root.

    Raises:
        ProofInvalid: They do not, or the proof is not one.
    """
    end = begin + len(leaves)
    if not 0 <= begin < end <= size <= MAX_TREE_SIZE:
        raise ProofInvalid("The tree has no such run of leaves.")
    if len(proof) > 2 * MAX_PROOF_HASHES or any(len(one) != HASH_BYTES for one in (*leaves, *proof)):
        raise ProofInvalid("A proof for a run has at most 128 hashes of 32 bytes.")
    rest = iter(proof)
    value = _rebuilt(0, size, leaves=leaves, begin=begin, rest=rest)
    if value is None or next(rest, None) is not None or not hmac.compare_digest(value, root):
        raise ProofInvalid("The proof for the run does not lead to the root.")


def _beside(begin: int, end: int, *, size: int) -> Iterator[tuple[int, int]]:
    if not 0 <= begin < end <= size:
        raise ValueError("There is no such run of leaves")
    pending = [(0, size)]
    while pending:
        low, high = pending.pop()
        if high <= begin or end <= low:
            yield low, high
        elif low < begin or end < high:
            middle = low + split(high - low)
            pending += [(middle, high), (low, middle)]


def _rebuilt(low: int, high: int, *, leaves: Sequence[bytes], begin: int, rest: Iterator[bytes]) -> bytes | None:
    """Hash of the leaves from ``low`` to ``high``, out of those given and the proof; None: the proof is too short."""
    if high <= begin or begin + len(leaves) <= low:
        return next(rest, None)
    if high - low == 1:
        return leaves[low - begin]
    middle = low + split(high - low)
    left = _rebuilt(low, middle, leaves=leaves, begin=begin, rest=rest)
    right = _rebuilt(middle, high, leaves=leaves, begin=begin, rest=rest)
    return None if left is None or right is None else node_hash(left, right)
