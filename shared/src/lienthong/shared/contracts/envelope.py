"""The envelope: the signed record that carries something from node to node (JWS type ``ENVELOPE_TYPE``).

Two kinds travel. A *document* envelope carries a package (a document, or a business status, which is a package
of its own) towards recipients beyond one next hop. An *evidence* envelope carries statements back to the node
that accepted the document.
"""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, MessageId, NodeId

ENVELOPE_TYPE = "lienthong-envelope+jws"
"""JWS ``typ`` of an envelope."""
INLINE_PACKAGE_LIMIT_BYTES = 256 * 1024
"""A package up to this size travels in the message; a larger one is pulled by the receiver."""
ENVELOPES_PER_BUNDLE = 1024
"""Envelopes in one message: with 24 recipients each, enough for every commune of the country twice over."""
BUNDLE_SEPARATOR = "~"
"""Between the sealed envelopes of one message; no compact JWS has it."""
MAX_HOPS = 16
"""Nodes that one document may pass through; more means a routing loop."""


MAX_PRIORITY = 9
"""Highest priority; edXML names 0 to 4. A relay states it, so that the origin's seal does not vouch for it."""


class EnvelopeKind(StrEnum):
    """What an envelope carries."""

    DOCUMENT = "document"
    EVIDENCE = "evidence"


class DocumentKind(StrEnum):
    """What a package says: a document for people, or a business status about one."""

    DOCUMENT = "document"
    STATUS = "status"


class EnvelopeDelivery(Contract):
    """One recipient beyond the next hop."""

    id: DeliveryId
    addressed_to: str
    agency: AgencyCode
    node: NodeId


class EnvelopeDocument(Contract):
    """The document that an envelope is about."""

    id: DocumentId
    kind: DocumentKind
    origin: NodeId
    sender: AgencyCode
    sender_document_id: str
    submitted_at: AwareDatetime
    priority: int = Field(ge=0, le=MAX_PRIORITY)
    package: PackageReference
    replies_to: DocumentId | None = None
    """A status: the platform document that it speaks of, where its node knows it. The package itself names only the
    sender's DocumentId, which senders repeat."""
    amends: tuple[DocumentId, ...] = ()
    """A recall, update or replacement: the documents that it speaks of, as the origin knew them. The package itself
    names only the sender's DocumentIds; the recipient's node holds both against each other."""
    expires_at: AwareDatetime | None = None
    """The sender's deadline: whoever has not claimed the document by then does not get it. The origin's acceptance
    states the same."""


class Bundle(Contract):
    """The message in which ``size`` envelopes about one document travel, with the package once.

    Each envelope names it, so that none of them can be left out, or taken for the whole.
    """

    id: MessageId
    size: int = Field(ge=2, le=ENVELOPES_PER_BUNDLE)


class Envelope(Contract):
    """The claims of an envelope."""

    id: MessageId
    kind: EnvelopeKind
    issuer: NodeId
    audience: NodeId
    destination: NodeId | None = None
    """The node an evidence envelope travels to; document envelopes name nodes per delivery."""
    issued_at: AwareDatetime
    document: EnvelopeDocument
    deliveries: tuple[EnvelopeDelivery, ...] = ()
    evidence: tuple[str, ...] = ()
    """Compact JWS of evidence: the origin's acceptance first, then one per hop; or what is brought back."""
    bundle: Bundle | None = None
    """None: it travels alone."""

    @property
    def message_id(self) -> MessageId:
        """The message that brings it: what the receiver's inbox remembers."""
        return self.id if self.bundle is None else self.bundle.id
