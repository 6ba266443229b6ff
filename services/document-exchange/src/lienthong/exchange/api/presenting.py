"""Turns what the use cases give into what the API answers; names come from the directory as it is now."""

from datetime import datetime

from lienthong.exchange.api.models import (
    AmendedDelivery,
    AmendmentAnswer,
    AmendsAnswer,
    ClaimAnswer,
    DeliveryAnswer,
    DocumentAnswer,
    LaterReportAnswer,
    Party,
    Summary,
    TimeStampMark,
    WaitingAnswer,
)
from lienthong.exchange.api.timeline_models import HappenedAnswer, HappenedRecipient, LaterVerdict, SaidStatusAnswer
from lienthong.exchange.domain.amendments import Amendment, AmendmentKind
from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.listings import Claim, DocumentSummary, WaitingDelivery
from lienthong.exchange.domain.marks import LaterReport
from lienthong.exchange.domain.timeline import Amended, Answered, Happened, Logged
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.usecases.read_document import SeenDocument
from lienthong.exchange.usecases.submission_answer import SignaturesAnswer
from lienthong.shared.directory import Directory
from lienthong.shared.edxml.model import BusinessStatus, PackageContent
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.report import Indication, PackageSignature, Report


def shown_party(code: AgencyCode, directory: Directory) -> Party:
    """The agency with its name."""
    agency = directory.agency(code)
    return Party(code=code, name=agency.name if agency else "")


def shown_summary(summary: DocumentSummary, directory: Directory) -> Summary:
    """One line of a list."""
    return Summary(
        id=summary.id,
        kind=summary.kind,
        business_type=summary.business_type,
        sender=shown_party(summary.sender, directory),
        sender_document_id=summary.sender_document_id,
        subject=summary.subject,
        notation=summary.notation,
        priority=summary.priority,
        submitted_at=summary.submitted_at,
        expires_at=summary.expires_at,
        package=summary.package,
        signatures=SignaturesAnswer(
            indication=Indication(summary.indication) if summary.indication else None,
            package=PackageSignature(summary.package_signature),
        ),
        time_stamp=shown_stamp(summary.marks.stamped_at),
        revocation=summary.marks.revocation,
    )


def shown_stamp(stamped_at: datetime | None) -> TimeStampMark:
    """Whether a time stamp is there already."""
    return TimeStampMark(state="stamped" if stamped_at else "pending", at=stamped_at)


def shown_document(seen: SeenDocument, content: PackageContent, directory: Directory) -> DocumentAnswer:
    """Everything about one document."""
    record, report = seen.record, Report.model_validate(seen.record.report)
    later = _shown_later_report(seen.later_report)
    return DocumentAnswer(
        id=record.id,
        kind=record.kind,
        business_type=record.business_type,
        sender=shown_party(record.sender, directory),
        sender_document_id=record.sender_document_id,
        subject=record.subject,
        notation=record.notation,
        priority=record.priority,
        submitted_at=record.submitted_at,
        expires_at=record.expires_at,
        package=record.package,
        signatures=_shown_verdict(later.report if later else report),
        time_stamp=shown_stamp(seen.marks.stamped_at),
        revocation=seen.marks.revocation,
        origin=record.origin,
        header=content.header,
        references=content.references,
        attachments=content.attachments,
        unknown_elements=content.unknown_elements,
        warnings=content.warnings,
        report=report,
        later_report=later,
        deliveries=tuple(_shown_amended(delivery, seen, directory) for delivery in seen.deliveries),
        amends=tuple(
            AmendsAnswer(document_id=one.document, delivery_id=one.delivery, code=one.recipient, state=one.state)
            for one in seen.amends
        ),
        amends_waiting=seen.is_waiting,
    )


def _shown_amended(delivery: Delivery, seen: SeenDocument, directory: Directory) -> AmendedDelivery:
    asked = tuple(shown_amendment(one) for one in seen.amendments if one.delivery == delivery.id)
    return AmendedDelivery(**shown_delivery(delivery, directory).model_dump(), amendments=asked)


def shown_amendment(one: Amendment) -> AmendmentAnswer:
    """A recall, update or replacement."""
    return AmendmentAnswer(
        request_id=one.request,
        type=one.kind,
        state=one.state,
        reason=one.reason,
        asked_at=one.asked_at,
        decided_at=one.decided_at,
        answer_reason=one.answer_reason,
    )


def _shown_verdict(report: Report) -> SignaturesAnswer:
    return SignaturesAnswer(indication=report.indication, package=report.package)


def _shown_later_report(later: LaterReport | None) -> LaterReportAnswer | None:
    if later is None:
        return None
    report = Report.model_validate(later.report)
    return LaterReportAnswer(checked_at=later.checked_at, revoked=later.revoked, report=report)


def shown_delivery(delivery: Delivery, directory: Directory) -> DeliveryAnswer:
    """One delivery."""
    return DeliveryAnswer(
        id=delivery.id,
        addressed_to=delivery.addressed_to,
        code=delivery.agency,
        name=shown_party(delivery.agency, directory).name,
        node=delivery.node,
        transport_status=delivery.transport_status,
        transport_detail=delivery.transport_detail,
        transport_reason=delivery.transport_reason,
        business_status=delivery.business_status,
        updated_at=delivery.updated_at,
    )


def shown_waiting(waiting: WaitingDelivery, directory: Directory) -> WaitingAnswer:
    """One line of an inbox."""
    return WaitingAnswer(
        delivery_id=waiting.delivery_id,
        code=waiting.agency,
        transport_status=waiting.transport_status,
        lease_until=waiting.lease_until,
        document=shown_summary(waiting.document, directory),
        redelivery=waiting.is_redelivery,
    )


def shown_claim(claim: Claim, directory: Directory) -> ClaimAnswer:
    """One claimed delivery."""
    return ClaimAnswer(
        delivery_id=claim.delivery_id,
        lease_token=claim.lease_token,
        lease_until=claim.lease_until,
        document=shown_summary(claim.document, directory),
        redelivery=claim.is_redelivery,
    )


def shown_entry(happened: Happened, here: NodeId) -> HappenedAnswer:
    """One entry of a timeline, as ``here`` tells it."""
    match happened.what:
        case SealedEvidence() as piece:
            return _shown_evidence(piece)
        case Logged(piece=piece, stamped_at=stamped_at):
            return _shown_evidence(piece).model_copy(update={"time_stamp": shown_stamp(stamped_at)})
        case Answered() as answered:
            return _shown_status(answered)
        case Amended() as amended:
            return _shown_asked(amended)
        case LaterReport() as later:
            return _shown_second_verdict(later, here)


def _shown_second_verdict(later: LaterReport, here: NodeId) -> HappenedAnswer:
    verdict = LaterVerdict(signatures=_shown_verdict(Report.model_validate(later.report)), revoked=later.revoked)
    return HappenedAnswer(
        at=later.checked_at,
        kind="later-report",
        event=None,
        event_uri=None,
        node=here,
        deliveries=(),
        recipients=(),
        later_report=verdict,
    )


def _shown_evidence(piece: SealedEvidence) -> HappenedAnswer:
    claims = piece.claims
    return HappenedAnswer(
        at=claims.time,
        kind="evidence",
        event=claims.event,
        event_uri=claims.event.uri,
        node=claims.issuer,
        deliveries=tuple(one.delivery for one in claims.recipients if one.delivery is not None),
        recipients=tuple(
            HappenedRecipient(
                addressed_to=one.addressed_to,
                code=one.agency,
                node=one.node,
                delivery_id=one.delivery,
                outcome=one.outcome,
                detail=one.detail,
            )
            for one in claims.recipients
        ),
        evidence=piece.jws,
    )


def _shown_status(answered: Answered) -> HappenedAnswer:
    status, delivery = answered.status, answered.delivery
    return HappenedAnswer(
        at=status.at,
        kind="status",
        event=None,
        event_uri=None,
        node=delivery.node,
        deliveries=(delivery.id,),
        recipients=(),
        status=SaidStatusAnswer(
            code=status.code, description=status.description, staff=status.staff, applied=status.applied
        ),
    )


def _shown_asked(amended: Amended) -> HappenedAnswer:
    one, delivery = amended.amendment, amended.delivery
    asked = SaidStatusAnswer(code=BusinessStatus.RECALL_ASKED, description=one.reason, staff=None, applied=True)
    return HappenedAnswer(
        at=one.asked_at,
        kind="amendment",
        event=None,
        event_uri=None,
        node=delivery.node,
        deliveries=(delivery.id,),
        recipients=(),
        status=asked if one.kind is AmendmentKind.RECALL else None,
        amendment=shown_amendment(one),
    )
