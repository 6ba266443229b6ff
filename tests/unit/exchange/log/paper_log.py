"""A log in memory that shows what it holds, or whatever a test has put in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.exchange.domain.evidence_log import evidence_leaf_hash
from lienthong.exchange.domain.witnessing import NotedCheckpoint
from lienthong.shared.contracts.log import CheckpointAnswer, ConsistencyAnswer, EntriesAnswer, LogEntry
from lienthong.shared.identifiers import EvidenceId, NodeId
from lienthong.shared.merkle import Subtree, consistency_proof, grown, root_hash
from lienthong.shared.merkle_ranges import range_proof
from lienthong.shared.signatures.checkpoints import Checkpoint, origin_of, read_note, sign_checkpoint
from tests.support.pki import Credential

NODE = NodeId("H28.31")


@dataclass(kw_only=True)
class PaperLog:
    """``texts`` are its entries. A second log with other texts is another history of the same node."""

    seal: Credential
    texts: list[str] = field(default_factory=lambda: [f"evidence {number}" for number in range(13)])
    origin: str = origin_of(NODE)

    @property
    def leaves(self) -> list[bytes]:
        return [evidence_leaf_hash(text) for text in self.texts]

    def tree(self) -> dict[Subtree, bytes]:
        return grown(0, {}, self.leaves)

    def checkpoint(self, size: int) -> CheckpointAnswer:
        checkpoint = Checkpoint(origin=self.origin, size=size, root=root_hash(self.leaves[:size]))
        certificates = tuple(one.public_bytes(Encoding.PEM).decode() for one in self.seal.chain)
        note = sign_checkpoint(checkpoint, self.seal.seal_key())
        return CheckpointAnswer(size=size, note=note, certificates=certificates, time_stamps=(), cosignatures=())

    def noted(self, size: int) -> NotedCheckpoint:
        note = self.checkpoint(size).note
        return NotedCheckpoint(checkpoint=read_note(note).checkpoint, note=note)

    def consistency(self, old: int, new: int) -> ConsistencyAnswer:
        proof = [] if old == new else consistency_proof(old, new, self.tree())
        return ConsistencyAnswer(from_size=old, to_size=new, proof=_hex(proof))

    def entries(self, begin: int, end: int, *, size: int) -> EntriesAnswer:
        proof = range_proof(begin, end, size=size, hashes=self.tree())
        entries = tuple(self.entry(index) for index in range(begin, end))
        return EntriesAnswer(node=NODE, size=size, entries=entries, proof=_hex(proof))

    def entry(self, index: int) -> LogEntry:
        leaf_hash = self.leaves[index].hex()
        return LogEntry(index=index, evidence=EvidenceId(f"e-{index}"), jws=self.texts[index], leaf_hash=leaf_hash)


def _hex(hashes: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in hashes)
