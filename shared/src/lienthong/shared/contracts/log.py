"""A node's evidence log as others read it: checkpoints, proofs, entries. Hashes are 64 hexadecimal digits, SHA-256."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import EvidenceId, NodeId
from lienthong.shared.merkle import MAX_PROOF_HASHES, MAX_TREE_SIZE

LOG_REQUEST_TYPE = "lienthong-log+jws"
"""JWS ``typ`` of a node's request to read the log of another."""
LOG_REQUEST_LIFETIME = timedelta(minutes=5)
"""How long a request is good, either way: clocks differ."""
MAX_ENTRIES = 500
"""Entries of one answer."""
MAX_ENTRIES_BYTES = 4 * 1024 * 1024
"""Characters of the entries of one answer, beyond the first entry: fewer entries than asked for are no error."""
MAX_LINE = 1_000
"""Characters of a signature line: ours have about 200."""
MAX_CERTIFICATE = 8_000
"""Characters of one certificate in PEM: ours have about 1,000."""

Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Certificate = Annotated[str, StringConstraints(max_length=MAX_CERTIFICATE)]
_HASH = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
_NODE = "H28.31"
_EVIDENCE = "0190f3b0-7c1e-7b5e-8c1e-2f5d1b6a9c44"
_NOTE = "lienthong.node/H28.31\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— lienthong.node/H28.31 …\n"


class LogRequest(Contract):
    """``issuer`` asks ``audience`` for what is in its log. The seal must be the issuer's."""

    issuer: NodeId
    audience: NodeId
    issued_at: AwareDatetime


class TimeStampAnswer(Contract):
    """A time stamp over a checkpoint's note body: ``token`` is an RFC 3161 TimeStampToken, DER in base64."""

    time: AwareDatetime = Field(examples=["2026-11-20T08:00:00Z"])
    token: str


class Cosignature(Contract):
    """What a witness adds to a checkpoint: its signature line, and its seal's certificates (PEM, leaf first)."""

    witness: NodeId = Field(examples=["H28"])
    line: Annotated[str, StringConstraints(max_length=MAX_LINE)] = Field(examples=["— lienthong.node/H28 …"])
    certificates: tuple[Certificate, ...] = Field(min_length=1, max_length=4)


class WitnessedCheckpoint(Contract):
    """A witness hands its signature to the node whose checkpoint of ``size`` entries it found consistent."""

    size: int = Field(ge=1, le=MAX_TREE_SIZE, examples=[20852163])
    cosignature: Cosignature


class CheckpointAnswer(Contract):
    """One checkpoint with everything that vouches for it.

    ``note`` is the signed note with the log's own signature only; ``certificates`` (PEM, leaf first) are of the seal
    that signed it.
    """

    size: int = Field(ge=1, examples=[20852163])
    note: str = Field(examples=[_NOTE])
    certificates: tuple[Certificate, ...]
    time_stamps: tuple[TimeStampAnswer, ...]
    cosignatures: tuple[Cosignature, ...]


class InclusionAnswer(Contract):
    """Proof that a piece of evidence is entry ``index`` of the first ``size``. Source: RFC 9162 section 2.1.3."""

    evidence: EvidenceId = Field(examples=[_EVIDENCE])
    index: int = Field(ge=0, examples=[41])
    size: int = Field(ge=1, examples=[100])
    leaf_hash: Hash = Field(examples=[_HASH], description="SHA-256(0x00 || compact JWS)")
    proof: tuple[Hash, ...] = Field(max_length=MAX_PROOF_HASHES, description="From the leaf up")


class ConsistencyAnswer(Contract):
    """Proof that the log of ``to_size`` entries begins with that of ``from_size``. Source: RFC 9162 section 2.1.4."""

    from_size: int = Field(ge=0, examples=[41])
    to_size: int = Field(ge=0, examples=[100])
    proof: tuple[Hash, ...]


class LogEntry(Contract):
    """One entry: evidence as the compact JWS that was logged. ``leaf_hash`` is the one that the node keeps for it."""

    index: int = Field(ge=0, examples=[41])
    evidence: EvidenceId = Field(examples=[_EVIDENCE])
    jws: str
    leaf_hash: Hash = Field(examples=[_HASH], description="SHA-256(0x00 || compact JWS)")


class EntriesAnswer(Contract):
    """Neighbouring entries, and one proof that they stand in the log of ``size`` entries (:mod:`merkle_ranges`)."""

    node: NodeId = Field(examples=[_NODE])
    size: int = Field(ge=0, examples=[100])
    entries: tuple[LogEntry, ...]
    proof: tuple[Hash, ...]
