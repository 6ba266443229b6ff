"""What lists show: one line for a document, one for a delivery that waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.marks import Marks
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Part of a list. ``more``: something follows."""

    items: tuple[T, ...]
    more: bool


def page_of(found: Collection[T], *, limit: int) -> Page[T]:
    """The first ``limit`` of what was found; finding one more than that says that something follows."""
    return Page(items=tuple(found)[:limit], more=len(found) > limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSummary:
    """One document in a list. ``indication`` and ``package_signature`` are this node's newest verdict on signatures."""

    id: DocumentId
    kind: DocumentKind
    business_type: int | None
    sender: AgencyCode
    sender_document_id: str
    subject: str
    notation: str
    priority: int
    submitted_at: datetime
    expires_at: datetime | None
    package: PackageReference
    indication: str | None
    package_signature: str
    marks: Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDelivery:
    """A delivery that its recipient's system has not answered for."""

    delivery_id: DeliveryId
    agency: AgencyCode
    transport_status: TransportStatus
    lease_until: datetime | None
    document: DocumentSummary
    is_redelivery: bool = False
    """It was handed over before; an operator lets it wait again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery in somebody's hands: ``lease_token`` is what its acknowledgement must show."""

    delivery_id: DeliveryId
    lease_token: str
    lease_until: datetime
    document: DocumentSummary
    is_redelivery: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxQuery:
    """Which deliveries are meant. ``kind`` None: all. ``after``: priority and id of the last one of the page before.

    Redeliveries follow deliveries: ``in_redeliveries`` says that ``after`` is one of them.
    """

    agencies: Collection[AgencyCode]
    kind: DocumentKind | None
    limit: int
    after: tuple[int, DeliveryId] | None = None
    in_redeliveries: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentQuery:
    """A page of the documents that ``agencies`` sent at ``here``, newest first, after the document ``after``."""

    here: NodeId
    agencies: Collection[AgencyCode]
    kind: DocumentKind | None
    limit: int
    after: DocumentId | None
