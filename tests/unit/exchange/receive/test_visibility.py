from datetime import UTC, datetime

import pytest

from lienthong.exchange.domain.documents import DocumentRecord, TransportStatus
from lienthong.exchange.domain.visibility import Delivery, Viewer, visible_deliveries
from lienthong.exchange.errors import DocumentNotFound
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256

NOW = datetime(2025, 6, 30, 8, tzinfo=UTC)
HERE = NodeId("H28.31")


def document(*, origin: str = "H28.31", sender: str = "H28.31") -> DocumentRecord:
    return DocumentRecord(
        id=DocumentId("d"),
        kind=DocumentKind.DOCUMENT,
        business_type=0,
        origin=NodeId(origin),
        sender=AgencyCode(sender),
        sender_document_id="x",
        subject="",
        notation="",
        priority=0,
        package=PackageReference(sha256=Sha256("0" * 64), size=1, media_type="application/edxml+xml"),
        content=None,
        report=None,
        submitted_at=NOW,
        submitted_by="",
        stored_at=NOW,
    )


def delivery(agency: str, *, is_local: bool = True) -> Delivery:
    return Delivery(
        id=DeliveryId(f"to {agency}"),
        addressed_to=agency,
        agency=AgencyCode(agency),
        node=HERE if is_local else NodeId(agency),
        is_local=is_local,
        transport_status=TransportStatus.INITIAL,
        transport_detail="",
        transport_reason="",
        business_status=None,
        updated_at=NOW,
    )


DELIVERIES = (delivery("H28.31.05", is_local=False), delivery("H28.31.01"), delivery("H28.31.02"))


def seen(agency: str, of: DocumentRecord) -> list[str]:
    viewer = Viewer(node=HERE, agencies=(AgencyCode(agency),))
    return [one.agency for one in visible_deliveries(viewer, of, DELIVERIES)]


def test_the_sender_sees_every_delivery() -> None:
    assert seen("H28.31", document()) == ["H28.31.05", "H28.31.01", "H28.31.02"]


def test_a_recipient_sees_its_own_delivery_only() -> None:
    assert seen("H28.31.01", document()) == ["H28.31.01"]


@pytest.mark.parametrize("stranger", ["H28", "H28.31.05"])
def test_for_others_the_document_does_not_exist_even_for_recipients_of_another_node(stranger: str) -> None:
    with pytest.raises(DocumentNotFound):
        seen(stranger, document())


def test_the_sender_is_answered_at_the_node_that_accepted_the_document() -> None:
    with pytest.raises(DocumentNotFound):
        seen("G22", document(origin="G22", sender="G22"))
