"""Who may see what of a document; pure.

A document is seen by its sender, at the node that accepted it, and by its recipients, at the nodes that serve them.
For everybody else it does not exist.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from lienthong.exchange.domain.documents import DocumentRecord, TransportStatus
from lienthong.exchange.errors import DocumentNotFound
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery as it stands when it is read."""

    id: DeliveryId
    addressed_to: str
    agency: AgencyCode
    node: NodeId
    is_local: bool
    transport_status: TransportStatus
    transport_detail: str
    transport_reason: str
    business_status: BusinessStatus | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Agencies that somebody may act for, looking at one node."""

    node: NodeId
    agencies: Collection[AgencyCode]

    def is_sender(self, document: DocumentRecord) -> bool:
        """Whether the viewer sent the document, and sent it here."""
        return document.origin == self.node and document.sender in self.agencies

    def is_recipient(self, delivery: Delivery) -> bool:
        """Whether this node serves the viewer with ``delivery``."""
        return delivery.is_local and delivery.agency in self.agencies


def visible_deliveries(
    viewer: Viewer, document: DocumentRecord, deliveries: Sequence[Delivery]
) -> tuple[Delivery, ...]:
    """What ``viewer`` may see of the deliveries: the sender all, a recipient its own.

    Raises:
        DocumentNotFound: The viewer is no party to the document. The same as for one that does not exist.
    """
    if viewer.is_sender(document):
        return tuple(deliveries)
    own = tuple(delivery for delivery in deliveries if viewer.is_recipient(delivery))
    if not own:
        raise no_such_document()
    return own


def no_such_document() -> DocumentNotFound:
    """The one answer for a document that is not there and for one that must not be seen."""
    return DocumentNotFound("There is no such document here, or you are no party to it.")
