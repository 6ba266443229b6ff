"""Merkle trees of RFC 9162: roots, proofs of inclusion and consistency. Pure; hashes are 32 bytes, SHA-256.

A log keeps the hash of every *perfect* subtree, each of which never changes once its leaves are there. An append and a
proof then touch a number of hashes that grows with the logarithm of the log's size. The functions ending in ``_needs``
say which hashes those are, so that a store fetches them in one query.

Source: RFC 9162 section 2.1.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from lienthong.shared.errors import Verification

LEAF_PREFIX: Final = b"\x00"
"""Before a leaf's bytes, so that no leaf is mistaken for a node. Source: RFC 9162 section 2.1.1."""
NODE_PREFIX: Final = b"\x01"
"""Before the two hashes of a node. Source: RFC 9162 section 2.1.1."""
HASH_BYTES: Final = 32
MAX_TREE_SIZE: Final = 2**63 - 1
"""Largest size that is handled: what a database's BIGINT holds."""
MAX_PROOF_HASHES: Final = 64
"""Longest proof: a tree of 2**63 leaves has 63 levels, and a consistency proof one hash more."""
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves. Source: RFC 9162 section 2.1.1."""


class ProofInvalid(Verification):
    """A proof does not lead from what it should prove to the root."""

    code = "proof-invalid"
    title = "The proof does not verify"


class Subtree(NamedTuple):
    """The perfect subtree over the leaves from ``number * 2**level`` to before ``(number + 1) * 2**level``."""

    level: int
    number: int


Hashes = Mapping[Subtree, bytes]
"""Hashes of perfect subtrees. A look-up of one that was not asked for may raise ``KeyError``."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over those leaf hashes (of :func:`leaf_hash`). Source: RFC 9162 section 2.1.1."""
    return stored_root(len(leaves), grown(0, {}, leaves))


def stored_root(size: int, hashes: Hashes) -> bytes:
    """Root of the tree of ``size`` leaves, out of the hashes that :func:`root_needs` names."""
    return range_hash(0, size, hashes) if size else EMPTY_ROOT


def root_needs(size: int) -> list[Subtree]:
    """The perfect subtrees that a tree of ``size`` leaves consists of, the largest first: also what an append needs."""
    return cover(0, size)


def grown(size: int, hashes: Hashes, leaves: Iterable[bytes]) -> dict[Subtree, bytes]:
    """The perfect subtrees, the leaves themselves among them, that ``leaves`` complete in a tree of ``size`` leaves.

    Args:
        size: Leaves before.
        hashes: What :func:`root_needs` names for ``size``.
        leaves: Leaf hashes to append.
    """
    known, new = {each: hashes[each] for each in root_needs(size)}, {}
    for position, leaf in enumerate(leaves, start=size):
        at, value = Subtree(0, position), leaf
        while at.number % 2:
            new[at] = value
            left = Subtree(at.level, at.number - 1)
            at, value = Subtree(at.level + 1, at.number // 2), node_hash(known.pop(left), value)
        new[at] = known[at] = value
    return new


def inclusion_needs(index: int, size: int) -> list[Subtree]:
    """What :func:`inclusion_proof` looks up."""
    return [each for begin, end in _path(index, size) for each in cover(begin, end)]


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """Proof that leaf ``index`` is in the tree of ``size`` leaves. Source: RFC 9162 section 2.1.3.1.

    Raises:
        ValueError: There is no such leaf.
    """
    return [range_hash(begin, end, hashes) for begin, end in _path(index, size)]


def consistency_needs(old: int, new: int) -> list[Subtree]:
    """What :func:`consistency_proof` looks up."""
    return [each for begin, end in _subproof(old, new) for each in cover(begin, end)]


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """Proof that the tree of ``new`` leaves begins with that of ``old``. Source: RFC 9162 section 2.1.4.1.

    Raises:
        ValueError: Not ``0 < old <= new``.
    """
    return [range_hash(begin, end, hashes) for begin, end in _subproof(old, new)]


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Passes if ``leaf`` (a leaf hash) is leaf ``index`` of the tree of ``size`` leaves with that root.

    Raises:
        ProofInvalid: It is not, or the proof is not one.

    Source: RFC 9162 section 2.1.3.2; the numbers are its steps.
    """
    _require_hashes(leaf, root, *proof)
    if not 0 <= index < size <= MAX_TREE_SIZE:  # 1
        raise ProofInvalid("The tree has no such leaf.")
    position, last, value = index, size - 1, leaf  # 2, 3
    for one in proof:  # 4
        if last == 0:  # 4.1
            raise ProofInvalid("The proof of inclusion is too long.")
        if position % 2 or position == last:  # 4.2
            value = node_hash(one, value)
            while not position % 2 and position:
                position, last = position // 2, last // 2
        else:  # 4.3
            value = node_hash(value, one)
        position, last = position // 2, last // 2  # 4.4
    if last or not hmac.compare_digest(value, root):  # 5
        raise ProofInvalid("The proof of inclusion does not lead to the root.")


def verify_consistency(*, old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Passes if the tree of ``new`` leaves begins with the tree of ``old`` leaves. The empty tree begins every tree.

    Raises:
        ProofInvalid: It does not, or the proof is not one.

    Source: RFC 9162 section 2.1.4.2; the numbers are its steps.
    """
    _require_hashes(old_root, new_root, *proof)
    if not 0 <= old <= new <= MAX_TREE_SIZE:
        raise ProofInvalid("A tree is consistent with larger trees only.")
    if old in {0, new}:
        same = EMPTY_ROOT if old == 0 else new_root
        if proof or not hmac.compare_digest(old_root, same):
            raise ProofInvalid("The trees differ, or a proof was given where none is needed.")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)  # 2
    if not path:  # 1
        raise ProofInvalid("The proof of consistency is empty.")
    from_old, from_new = _climbed(old - 1, new - 1, path)
    if not (hmac.compare_digest(from_old, old_root) and hmac.compare_digest(from_new, new_root)):  # 7
        raise ProofInvalid("The proof of consistency does not lead to both roots.")


def _climbed(position: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    while position % 2:  # 4
        position, last = position // 2, last // 2
    from_old = from_new = path[0]  # 5
    for one in path[1:]:  # 6
        if last == 0:  # 6.1
            raise ProofInvalid("The proof of consistency is too long.")
        if position % 2 or position == last:  # 6.2
            from_old, from_new = node_hash(one, from_old), node_hash(one, from_new)
            while not position % 2 and position:
                position, last = position // 2, last // 2
        else:  # 6.3
            from_new = node_hash(from_new, one)
        position, last = position // 2, last // 2  # 6.4
    if last:  # 7
        raise ProofInvalid("The proof of consistency is too short.")
    return from_old, from_new


def _require_hashes(*hashes: bytes) -> None:
    if len(hashes) > MAX_PROOF_HASHES + 2 or any(len(one) != HASH_BYTES for one in hashes):
        raise ProofInvalid("A proof has at most 64 hashes of 32 bytes.")


def _path(index: int, size: int) -> list[tuple[int, int]]:
    """Ranges of leaves whose hashes are the inclusion proof, from the leaf up."""
    if not 0 <= index < size:
        raise ValueError("There is no such leaf")
    ranges, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def _subproof(old: int, new: int) -> list[tuple[int, int]]:
    """Ranges of leaves whose hashes are the consistency proof, in its order."""
    if not 0 < old <= new:
        raise ValueError("A proof of consistency leads from a tree with leaves to a larger one")
    ranges, begin, end = [], 0, new
    while old < end:
        middle = begin + split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:
        ranges.append((begin, end))
    return ranges[::-1]


def split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def cover(begin: int, end: int) -> list[Subtree]:
    """The perfect subtrees, the largest first, over the leaves of a subtree that begins where one of its size may."""
    subtrees = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        subtrees.append(Subtree(level, begin >> level))
        begin += 1 << level
    return subtrees


def range_hash(begin: int, end: int, hashes: Hashes) -> bytes:
    """Hash of the subtree over those leaves, out of the perfect subtrees that :func:`cover` names."""
    *largest, value = [hashes[each] for each in cover(begin, end)]
    for left in reversed(largest):
        value = node_hash(left, value)
    return value
