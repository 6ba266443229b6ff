"""An envelope as an honest origin and an honest relay would seal it, and the seals to forge others with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lienthong.exchange.domain.accept_envelope import Judge
from lienthong.shared.contracts.directory import AgencyEntry, DirectorySnapshot, Level, NodeEntry
from lienthong.shared.contracts.envelope import (
    ENVELOPE_TYPE,
    DocumentKind,
    Envelope,
    EnvelopeDelivery,
    EnvelopeDocument,
    EnvelopeKind,
)
from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event, Evidence, PackageReference, RecipientOutcome
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import (
    AgencyCode,
    DeliveryId,
    DocumentId,
    EvidenceId,
    MessageId,
    NodeId,
    Sha256,
    new_uuid,
)
from tests.support.pki import NOW, PKI

PARENTS = {"G22": None, "H28": "G22", "H28.31": "H28", "H28.31.05": "H28.31", "H99": "G22"}
ORIGIN, RELAY, HERE = NodeId("H28.31.05"), NodeId("H28.31"), NodeId("H28")


def directory() -> Directory:
    nodes = tuple(
        NodeEntry(
            id=NodeId(one),
            parent=NodeId(parent) if parent else None,
            name=one,
            level=Level.PROVINCE,
            broker=one,
            url="http://x",
        )
        for one, parent in PARENTS.items()
    )
    agencies = tuple(
        AgencyEntry(code=AgencyCode(one), name=one, parent=None, level=Level.PROVINCE, node=NodeId(one))
        for one in PARENTS
    )
    return Directory(
        DirectorySnapshot(version=1, issued_at=NOW, expires_at=NOW + timedelta(days=1), nodes=nodes, agencies=agencies)
    )


@dataclass(frozen=True, kw_only=True)
class Handover:
    """The relay H28.31 hands a document of H28.31.05 to H28, for the agency there."""

    pki: PKI

    @property
    def judge(self) -> Judge:
        return Judge(here=HERE, trust=self.pki.trust(), directory=directory(), at=NOW)

    def document(self, **changes: Any) -> EnvelopeDocument:
        return EnvelopeDocument(
            id=DocumentId("d-1"),
            kind=DocumentKind.DOCUMENT,
            origin=ORIGIN,
            sender=AgencyCode("H28.31.05"),
            sender_document_id="H28.31.05,2026/03/02,1/BC",
            submitted_at=NOW,
            priority=0,
            package=PackageReference(sha256=Sha256("a" * 64), size=10, media_type="application/edxml+xml"),
        ).model_copy(update=changes)

    def delivery(self, **changes: Any) -> EnvelopeDelivery:
        return EnvelopeDelivery(
            id=DeliveryId("v-1"), addressed_to="H28", agency=AgencyCode("H28"), node=HERE
        ).model_copy(update=changes)

    def evidence(self, event: Event, issuer: str, *, sealed_by: str | None = None, **changes: Any) -> str:
        document = self.document()
        outcome = "accepted" if event is Event.SUBMISSION_ACCEPTANCE else "relayed"
        claims = Evidence(
            id=EvidenceId(new_uuid()),
            event=event,
            issuer=NodeId(issuer),
            time=NOW,
            document=document.id,
            package=document.package,
            sender=document.sender,
            sender_document_id=document.sender_document_id,
            recipients=(
                RecipientOutcome(
                    addressed_to="H28",
                    delivery=DeliveryId("v-1"),
                    agency=AgencyCode("H28"),
                    node=HERE,
                    outcome=outcome,
                ),
            ),
        ).model_copy(update=changes)
        return self.pki.node_seal(sealed_by or issuer).seal(EVIDENCE_TYPE, claims)

    def passage(self) -> tuple[str, ...]:
        return (
            self.evidence(Event.SUBMISSION_ACCEPTANCE, ORIGIN),
            self.evidence(Event.RELAY_ACCEPTANCE, RELAY),
        )

    def envelope(self, **changes: Any) -> Envelope:
        return Envelope(
            id=MessageId("m-1"),
            kind=EnvelopeKind.DOCUMENT,
            issuer=RELAY,
            audience=HERE,
            issued_at=NOW,
            document=self.document(),
            deliveries=(self.delivery(),),
            evidence=changes.pop("evidence", None) or self.passage(),
        ).model_copy(update=changes)

    def sealed(self, envelope: Envelope, *, by: str = RELAY, typ: str = ENVELOPE_TYPE) -> str:
        return self.pki.node_seal(by).seal(typ, envelope)
