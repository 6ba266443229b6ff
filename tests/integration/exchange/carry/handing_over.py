"""Messages taken out of one node's outbox, or made up, and handed to another by the test's own hand."""

import hashlib

from lienthong.exchange.domain.envelopes import Leg, document_envelope
from lienthong.exchange.domain.evidence import Happening, outcomes
from lienthong.exchange.storage.schema import outbox
from lienthong.shared.bus import Message
from lienthong.shared.contracts.envelope import DocumentKind, Envelope, EnvelopeDelivery, EnvelopeDocument
from lienthong.shared.contracts.evidence import Event, PackageReference
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, MessageId, NodeId, Sha256, new_uuid
from tests.integration.exchange.carry.tree import Node, Tree, eventually

COMMUNE, DISTRICT = NodeId("H28.31.05"), NodeId("H28.31")
LETTER_ID = f"{COMMUNE},2026/03/02,181/KH-UBND"


async def waiting_message(node: Node) -> Message:
    """The one message that stands in the node's outbox."""
    [row] = await node.rows(outbox)
    body = b""
    if row["body_sha256"]:
        body = b"".join([piece async for piece in node.factory.blobs.read(row["body_sha256"])])
    return Message(id=MessageId(row["id"]), destination=NodeId(row["destination"]), envelope=row["envelope"], body=body)


async def published(tree: Tree, message: Message, *, by: str) -> None:
    """Hands ``message`` over and waits until the receiver has answered for it."""
    await eventually(tree[message.destination].bus.ready)
    await tree[by].bus.open()
    await tree[by].bus.publish(message)


def handed_over(tree: Tree, package: bytes, *, recipient: NodeId = DISTRICT, **changes: object) -> Envelope:
    """The commune's node vouches for ``package`` towards the district's, with whatever it says of it."""
    factory = tree[COMMUNE].factory
    digest = Sha256(hashlib.sha256(package).hexdigest())
    about = EnvelopeDocument(
        id=DocumentId(new_uuid()),
        kind=DocumentKind.DOCUMENT,
        origin=COMMUNE,
        sender=AgencyCode(COMMUNE),
        sender_document_id=LETTER_ID,
        submitted_at=factory.clock(),
        priority=0,
        package=PackageReference(sha256=digest, size=len(package), media_type=EDXML),
    ).model_copy(update=changes)
    delivery = EnvelopeDelivery(
        id=DeliveryId(new_uuid()), addressed_to=recipient, agency=AgencyCode(recipient), node=recipient
    )
    happening = Happening(event=Event.SUBMISSION_ACCEPTANCE, node=COMMUNE, time=about.submitted_at)
    recorder = factory.evidence_recorder()
    accepted = recorder.seal(happening, document=about, recipients=outcomes((delivery,), "accepted"))
    leg = Leg(next_hop=DISTRICT, deliveries=(delivery,))
    return document_envelope(
        MessageId(new_uuid()), leg, here=COMMUNE, document=about, evidence=(accepted.jws,), at=about.submitted_at
    )
