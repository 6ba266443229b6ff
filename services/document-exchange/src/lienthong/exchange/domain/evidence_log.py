"""The entries of a node's log: its own evidence, hashed as RFC 9162 has it; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from lienthong.shared.contracts.evidence import Evidence
from lienthong.shared.identifiers import EvidenceId
from lienthong.shared.merkle import Subtree, leaf_hash, node_hash
from lienthong.shared.signatures.seals import SealInvalid, claimed_payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One entry; ``hash`` has 32 bytes."""

    index: int
    evidence: EvidenceId
    hash: bytes


def evidence_leaf_hash(jws: str) -> bytes:
    """The leaf hash of a piece of evidence: over the compact JWS in ASCII, with its signature."""
    return leaf_hash(jws.encode("ascii", "backslashreplace"))  # what was meddled with need not be ASCII


def is_shown_truly(jws: str, claims: object, *, evidence: EvidenceId) -> bool:
    """Whether the claims that are kept for reading, and the id, are those that the text seals.

    A text that is no evidence shows nothing truly or falsely: its hash tells.
    """
    try:
        sealed = Evidence.model_validate_json(claimed_payload(jws))
    except (SealInvalid, ValidationError):
        return True
    try:
        return Evidence.model_validate(claims) == sealed and sealed.id == evidence
    except ValidationError:
        return False


def leaves_after(size: int, pieces: Iterable[tuple[EvidenceId, str]]) -> Iterator[Leaf]:
    """The entries that ``pieces`` (id and JWS) become in a log of ``size`` entries."""
    for index, (evidence, jws) in enumerate(pieces, start=size):
        yield Leaf(index=index, evidence=evidence, hash=evidence_leaf_hash(jws))


def subtrees_within(begin: int, leaves: Sequence[bytes]) -> dict[Subtree, bytes]:
    """The perfect subtrees, leaves left out, that lie wholly in the run of leaf hashes that begins at ``begin``."""
    found: dict[Subtree, bytes] = {}
    level, number, row = 0, begin, list(leaves)
    while len(row) > 1:
        skipped = number % 2
        row = [node_hash(left, right) for left, right in zip(row[skipped::2], row[skipped + 1 :: 2], strict=False)]
        level, number = level + 1, (number + 1) // 2
        found |= {Subtree(level, number + index): value for index, value in enumerate(row)}
    return found
