"""What pieces of evidence say together: where a document came from, and what became of it at each recipient."""

from collections.abc import Iterable, Iterator, Sequence

from lienthong.shared.contracts.evidence import Event, Evidence, RecipientOutcome
from lienthong.shared.evidence_file.contents import Contents
from lienthong.shared.evidence_file.evidence_checks import CheckedEvidence
from lienthong.shared.evidence_file.verdict import EvidenceCheck, RecipientProof
from lienthong.shared.identifiers import AgencyCode, DeliveryId, NodeId
from lienthong.shared.signatures.report import Indication, SubIndication

_SOURCE = "ETSI EN 319 522-3 clause 5"
_OF_THE_RECIPIENTS_NODE = {
    Event.CONTENT_CONSIGNMENT,
    Event.CONTENT_CONSIGNMENT_FAILURE,
    Event.CONTENT_HANDOVER,
    Event.CONTENT_HANDOVER_FAILURE,
    Event.ACCEPTANCE_REJECTION_EXPIRY,
}
"""Events that only the node may state that serves the recipient."""


def check_journey(contents: Contents, pieces: Sequence[CheckedEvidence]) -> EvidenceCheck:
    """That the pieces tell one story.

    1. There is an acceptance, and all acceptances are of one node: the origin.
    2. Every delivery that a piece speaks of was accepted by the origin, for that agency and that node.
    3. Arrival and its failure are stated by the node that serves the recipient; the origin may state expiry, too.
    4. No piece stands twice, to look like more.
    """
    sound = [piece.claims for piece in pieces if piece.claims is not None]
    fault = _fault(sound)
    if fault or len(sound) != len(contents.evidence):
        waits = any(piece.check.indication is Indication.INDETERMINATE for piece in pieces)
        failed = any(piece.check.indication is Indication.TOTAL_FAILED for piece in pieces)
        return EvidenceCheck(
            what="journey",
            indication=Indication.INDETERMINATE if waits and not failed else Indication.TOTAL_FAILED,
            sub_indication=SubIndication.TRY_LATER if waits and not failed else SubIndication.SIG_CONSTRAINTS_FAILURE,
            detail=fault or "Some pieces of evidence do not hold, or not yet.",
            source=_SOURCE,
        )
    detail = f"{len(sound)} pieces of evidence of {len({one.issuer for one in sound})} nodes fit together"
    return EvidenceCheck(what="journey", indication=Indication.TOTAL_PASSED, detail=detail, source=_SOURCE)


def recipients(pieces: Sequence[CheckedEvidence]) -> tuple[RecipientProof, ...]:
    """The last event of each delivery, in the order of acceptance.

    What the node that serves the recipient states outweighs what anybody on the way states, whatever time he gives.
    """
    known = (piece.claims for piece in pieces if piece.claims is not None)
    sound = sorted(known, key=lambda one: (_is_of_recipients_node(one), one.time))
    last: dict[DeliveryId, RecipientProof] = {}
    for claims in sound:
        for one in claims.recipients:
            if one.delivery is not None:
                last[one.delivery] = RecipientProof(
                    addressed_to=one.addressed_to,
                    agency=one.agency,
                    event=claims.event.value,
                    by=claims.issuer,
                    time=claims.time,
                )
    return tuple(last.values())


def _fault(sound: Sequence[Evidence]) -> str:
    accepted = [one for one in sound if one.event is Event.SUBMISSION_ACCEPTANCE]
    if not accepted:  # 1
        return "No evidence says that a node accepted the document."
    if len({one.issuer for one in accepted}) != 1:
        return "More than one node says that it accepted the document from its sender."
    destinations = {one.delivery: _destination(one) for one in _deliveries(accepted)}
    for claims in sound:
        for one in _deliveries([claims]):
            if destinations.get(one.delivery) != _destination(one):  # 2
                return f"{claims.issuer} speaks of a delivery that the origin did not accept."
            if not _entitled(claims, one.node, origin=accepted[0].issuer):  # 3
                return f"{claims.issuer} states {claims.event.value}, but does not serve {one.addressed_to}."
    twice = len({one.id for one in sound}) != len(sound)  # 4
    return "A piece of evidence stands twice." if twice else ""


def _deliveries(pieces: Iterable[Evidence]) -> Iterator[RecipientOutcome]:
    return (one for claims in pieces for one in claims.recipients if one.delivery is not None)


def _destination(one: RecipientOutcome) -> tuple[str, AgencyCode | None, NodeId | None]:
    return one.addressed_to, one.agency, one.node


def _entitled(claims: Evidence, node: NodeId | None, *, origin: NodeId) -> bool:
    if claims.event is Event.ACCEPTANCE_REJECTION_EXPIRY and claims.issuer == origin:
        return True
    return claims.event not in _OF_THE_RECIPIENTS_NODE or claims.issuer == node


def _is_of_recipients_node(claims: Evidence) -> bool:
    return claims.event in _OF_THE_RECIPIENTS_NODE and all(one.node == claims.issuer for one in claims.recipients)
