"""Whether what arrived from another node may be taken: flow 9, the rules. Bytes and a time in, verified facts out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from lienthong.exchange.domain.document_facts import document_kind, own_document_id
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.resolve_recipients import Outcome
from lienthong.exchange.errors import (
    AcceptanceMismatch,
    EnvelopeMalformed,
    IssuerMismatch,
    IssuerNotNeighbour,
    NotForThisNode,
    OriginNotEntitled,
    SenderNotKnownYet,
    TooManyHops,
)
from lienthong.shared.contracts.envelope import ENVELOPE_TYPE, MAX_HOPS, Envelope, EnvelopeDocument, EnvelopeKind
from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event, Evidence
from lienthong.shared.directory import Directory
from lienthong.shared.edxml.model import PackageContent
from lienthong.shared.identifiers import AgencyCode, DeliveryId, MessageId, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import Indication, Report
from lienthong.shared.signatures.seals import open_seal
from lienthong.shared.signatures.trust import TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What a node judges by: its own name, its trust and directory, and the time."""

    here: NodeId
    trust: TrustStore
    directory: Directory
    at: datetime


def open_envelope(jws: str, message_id: MessageId, *, judge: Judge) -> Envelope:
    """An envelope that a neighbour sealed for this node. What it says about the document is not judged yet.

    Raises:
        SealInvalid: Step 1.
        EnvelopeMalformed: Step 2.
        IssuerMismatch: Step 3.
        NotForThisNode: Step 4.
        IssuerNotNeighbour: Step 5.
    """
    # 1. Sealed by a node that the trust list vouches for.
    opened = open_seal(jws, typ=ENVELOPE_TYPE, trust=judge.trust, at=judge.at, profile=Profile.NODE_SEAL)
    # 2. An envelope, and the one that the message says it is.
    try:
        envelope = Envelope.model_validate_json(opened.payload)
    except ValidationError as error:
        raise EnvelopeMalformed("The sealed payload is not an envelope.") from error
    if envelope.message_id != message_id:
        raise EnvelopeMalformed("The message and its envelope have different ids.")
    if (envelope.kind is EnvelopeKind.EVIDENCE) != (envelope.destination is not None):
        raise EnvelopeMalformed("An envelope with evidence, and only that, names its destination.")
    # 3. The seal belongs to the node that the envelope names.
    if opened.subject.node != envelope.issuer:
        raise IssuerMismatch(f"The envelope of {envelope.issuer} is sealed by {opened.subject.node}.")
    # 4. It is for this node.
    if envelope.audience != judge.here:
        raise NotForThisNode(f"The envelope is for {envelope.audience}.")
    # 5. The issuer may hand over to this node.
    if not is_neighbour(judge.directory, envelope.issuer, judge.here):
        raise IssuerNotNeighbour(f"The node {envelope.issuer} is no neighbour of {judge.here}.")
    return envelope


def verified_passage(envelope: Envelope, *, judge: Judge) -> tuple[SealedEvidence, ...]:
    """The evidence of a document envelope: the origin's acceptance, then one piece for each hop, all verified.

    Raises:
        EnvelopeMalformed: Step 6.
        TooManyHops: Step 7.
        SealInvalid, IssuerMismatch, AcceptanceMismatch: Steps 8 to 10.
        OriginNotEntitled, SenderNotKnownYet: Step 11.
    """
    document = envelope.document
    # 6. There is something to deliver, and evidence of where it comes from.
    if not envelope.deliveries or not envelope.evidence:
        raise EnvelopeMalformed("A document envelope names deliveries and carries the origin's acceptance.")
    # 7. It has not passed through too many nodes.
    if len(envelope.evidence) > MAX_HOPS:
        raise TooManyHops(f"The document passed through more than {MAX_HOPS} nodes.")
    # 8. Each piece is sealed by the node that states it, and is about this document.
    passage = tuple(open_evidence(jws, document, judge=judge) for jws in envelope.evidence)
    # 9. The first is the origin's acceptance of exactly these deliveries.
    _require_acceptance(passage[0].claims, envelope)
    # 10. The others are relays, and the last of all is the issuer of this envelope.
    if any(piece.claims.event is not Event.RELAY_ACCEPTANCE for piece in passage[1:]):
        raise AcceptanceMismatch("Between origin and here, only relays may state something.")
    if passage[-1].claims.issuer != envelope.issuer:
        raise AcceptanceMismatch(f"{envelope.issuer} hands over without having stated that it took the document.")
    # 11. The origin serves the sender, as far as the directory knows.
    _require_entitled_origin(document.origin, document.sender, judge.directory)
    return passage


def require_as_announced(
    document: EnvelopeDocument, content: PackageContent, report: Report, *, directory: Directory
) -> None:
    """That a package, opened where its recipients are, is what its origin says of it. Its seals do not show that.

    Raises:
        SenderNotKnownYet, AcceptanceMismatch: Step 12.
        OriginNotEntitled: Step 13.
    """
    # 12. It comes from the sender, under the id and of the kind that the envelope names.
    sender, announced = directory.agency(content.header.from_.organ_id), directory.agency(document.sender)
    if sender is None or announced is None:
        raise SenderNotKnownYet(f"The directory here does not have the sender {document.sender}, or not by that code.")
    said = (document_kind(content), own_document_id(content), sender.code)
    if said != (document.kind, document.sender_document_id, announced.code):
        raise AcceptanceMismatch("The package is not what its origin says of it.")
    # 13. Its origin serves the sender, or the sender itself has signed it: every node stands below the central one,
    #     so that step 11 alone would let any of them speak for the government's office.
    if announced.node != document.origin and not _is_signed_by_sender(report):
        raise OriginNotEntitled(
            f"{document.sender} is served by {announced.node}, not by {document.origin}, and did not sign the package."
        )


def _is_signed_by_sender(report: Report) -> bool:
    """A signer that names an agency passes only if that is the sender."""
    return any(
        one.where == "package" and one.agency is not None and one.indication is Indication.TOTAL_PASSED
        for one in report.signatures
    )


def open_evidence(jws: str, document: EnvelopeDocument, *, judge: Judge) -> SealedEvidence:
    """Evidence about ``document``, sealed by the node that states it.

    Raises:
        SealInvalid, EnvelopeMalformed, IssuerMismatch, AcceptanceMismatch: It is not that.
    """
    opened = open_seal(jws, typ=EVIDENCE_TYPE, trust=judge.trust, at=judge.at, profile=Profile.NODE_SEAL)
    try:
        claims = Evidence.model_validate_json(opened.payload)
    except ValidationError as error:
        raise EnvelopeMalformed("The sealed payload is not evidence.") from error
    if opened.subject.node != claims.issuer:
        raise IssuerMismatch(f"The evidence of {claims.issuer} is sealed by {opened.subject.node}.")
    stated = (claims.document, claims.package, claims.sender, claims.sender_document_id, claims.expires_at)
    known = (document.id, document.package, document.sender, document.sender_document_id, document.expires_at)
    if stated != known:
        raise AcceptanceMismatch("The evidence is about another document than the envelope.")
    return SealedEvidence(claims=claims, jws=jws)


def is_neighbour(directory: Directory, issuer: NodeId, here: NodeId) -> bool:
    """Whether ``issuer`` may hand to ``here``: its parent, its child, or on the same broker.

    Raises:
        NodeUnknown: The directory lacks one of the two.
    """
    mine, theirs = directory.node(here), directory.node(issuer)
    return issuer != here and (mine.broker == theirs.broker or issuer == mine.parent or theirs.parent == here)


def _require_acceptance(claims: Evidence, envelope: Envelope) -> None:
    document = envelope.document
    if claims.event is not Event.SUBMISSION_ACCEPTANCE or claims.issuer != document.origin:
        raise AcceptanceMismatch("The first evidence is not the origin's acceptance.")
    if claims.time != document.submitted_at:
        raise AcceptanceMismatch("The origin accepted the document at another time.")
    accepted: set[tuple[DeliveryId | None, str, AgencyCode | None, NodeId | None]] = {
        (one.delivery, one.addressed_to, one.agency, one.node)
        for one in claims.recipients
        if one.outcome == Outcome.ACCEPTED
    }
    if any((one.id, one.addressed_to, one.agency, one.node) not in accepted for one in envelope.deliveries):
        raise AcceptanceMismatch("The origin did not accept all of these deliveries.")


def _require_entitled_origin(origin: NodeId, sender: AgencyCode, directory: Directory) -> None:
    agency = directory.agency(sender)
    if agency is None or agency.node is None:
        raise SenderNotKnownYet(f"The directory here does not have the sender {sender} at any node.")
    if agency.node != origin and not _on_one_branch(agency.node, origin, directory):
        raise OriginNotEntitled(f"{sender} is served by {agency.node}, not by {origin}.")


def _on_one_branch(one: NodeId, other: NodeId, directory: Directory) -> bool:
    """Whether one of the two stands above the other: an agency that moved lately was served by such a node."""
    return other in _upwards(one, directory) or one in _upwards(other, directory)


def _upwards(node: NodeId, directory: Directory) -> Sequence[NodeId]:
    way = [node]
    while (parent := directory.node(way[-1]).parent) is not None:
        way.append(parent)
    return way
