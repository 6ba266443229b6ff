"""Seals what happened at this node, keeps it, and sends it to the node that accepted the document.

Two halves: :meth:`EvidenceRecorder.seal` needs no transaction; :meth:`EvidenceRecorder.record` works inside the
caller's, so that an event and its evidence are committed together or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.envelopes import evidence_envelope, evidence_lots, require_onward
from lienthong.exchange.domain.evidence import Happening, SealedEvidence, statement
from lienthong.exchange.storage.evidence import add_own_evidence
from lienthong.exchange.storage.schema import outbox
from lienthong.shared.contracts.envelope import (
    BUNDLE_SEPARATOR,
    ENVELOPE_TYPE,
    INLINE_PACKAGE_LIMIT_BYTES,
    Envelope,
    EnvelopeDocument,
    EnvelopeKind,
)
from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, RecipientOutcome
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import EvidenceId, MessageId, NodeId, new_uuid
from lienthong.shared.outbox import OutboxEntry, add
from lienthong.shared.signatures.seals import SealKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecorder:
    """States what happened at one node, with that node's seal."""

    here: NodeId
    seal_key: SealKey
    directory: Directory

    def seal(
        self, happening: Happening, *, document: EnvelopeDocument, recipients: Sequence[RecipientOutcome]
    ) -> SealedEvidence:
        """Evidence that ``happening`` happened to ``document`` for ``recipients``. Takes about 50 µs."""
        evidence_id = EvidenceId(new_uuid())
        claims = statement(evidence_id, happening, document=document, recipients=recipients)
        return SealedEvidence(claims=claims, jws=self.seal_key.seal(EVIDENCE_TYPE, claims))

    def homeward(self, document: EnvelopeDocument, sealed: Sequence[SealedEvidence]) -> tuple[OutboxEntry, ...]:
        """Outbox rows that bring ``sealed`` to the document's origin; none when that is this node."""
        if document.origin == self.here or not sealed:
            return ()
        at = max(piece.claims.time for piece in sealed)
        return tuple(self._bring_home(document, lot, at=at) for lot in evidence_lots(sealed))

    def forwarded(self, envelope: Envelope, *, at: datetime) -> tuple[OutboxEntry, ...]:
        """The outbox row that sends evidence from another node further towards its origin. Raises ``WayUnclear``."""
        require_onward(self.directory.next_hop(self.here, envelope.document.origin), envelope)
        return (self._bring_home(envelope.document, envelope.evidence, at=at),)

    def _bring_home(self, document: EnvelopeDocument, evidence: Sequence[str], *, at: datetime) -> OutboxEntry:
        hop = self.directory.next_hop(self.here, document.origin)
        envelope = evidence_envelope(
            MessageId(new_uuid()), hop, here=self.here, document=document, evidence=evidence, at=at
        )
        return self.outbox_entry([envelope])

    def outbox_entry(self, envelopes: Sequence[Envelope]) -> OutboxEntry:
        """The sealed envelopes of one message as an outbox row.

        The package of a document goes with them, once, or is pulled if it is large.
        """
        envelope = envelopes[0]
        is_document, package = envelope.kind is EnvelopeKind.DOCUMENT, envelope.document.package
        is_inline = is_document and package.size <= INLINE_PACKAGE_LIMIT_BYTES
        return OutboxEntry(
            id=envelope.message_id,
            destination=envelope.audience,
            envelope=BUNDLE_SEPARATOR.join(self.seal_key.seal(ENVELOPE_TYPE, one) for one in envelopes),
            body_sha256=package.sha256 if is_inline else None,
            priority=envelope.document.priority,
            created_at=envelope.issued_at,
            document_id=envelope.document.id if is_document else None,
        )

    async def record(
        self, connection: AsyncConnection, document: EnvelopeDocument, sealed: Sequence[SealedEvidence]
    ) -> None:
        """Keeps ``sealed`` and queues it for the origin, on the caller's transaction."""
        await add_own_evidence(connection, sealed)
        await add(connection, outbox, self.homeward(document, sealed))
