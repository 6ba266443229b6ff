"""The chain over a node's own evidence: changing or leaving out one piece changes every hash after it."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lienthong.shared.identifiers import EvidenceId, Sha256

LEAF_PREFIX = b"\x00"
"""Before a leaf's bytes, so that no leaf is mistaken for a node. Source: RFC 9162 section 2.1.1."""
GENESIS = Sha256("0" * 64)
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """The last entry of a log."""

    index: int
    chain_hash: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry of a log."""

    index: int
    evidence: EvidenceId
    leaf_hash: Sha256
    chain_hash: Sha256


def leaf_hash(jws: str) -> Sha256:
    """SHA-256(0x00 || jws), the JWS in ASCII. Source: RFC 9162 section 2.1.1."""
    return Sha256(hashlib.sha256(LEAF_PREFIX + jws.encode("ascii")).hexdigest())


def chain_hash(previous: Sha256, leaf: Sha256) -> Sha256:
    """SHA-256(previous || leaf), both as 32 bytes."""
    return Sha256(hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(leaf)).hexdigest())


def chained(head: ChainHead | None, pieces: Iterable[tuple[EvidenceId, str]]) -> Iterator[Link]:
    """The entries that follow ``head`` (None: the log is empty) for ``pieces`` (id and JWS)."""
    index, previous = (head.index, head.chain_hash) if head is not None else (-1, GENESIS)
    for evidence, jws in pieces:
        leaf = leaf_hash(jws)
        index, previous = index + 1, chain_hash(previous, leaf)
        yield Link(index=index, evidence=evidence, leaf_hash=leaf, chain_hash=previous)
