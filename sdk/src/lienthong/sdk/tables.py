"""Tables of documents, deliveries and timelines."""

from collections.abc import Iterable

from rich.table import Table

from lienthong.sdk import models
from lienthong.sdk.console import table, when, zone_name
from lienthong.shared.edxml.model import BusinessStatus

STATUS_NAMES = {
    BusinessStatus.ARRIVED: "đã đến",
    BusinessStatus.REFUSED: "từ chối",
    BusinessStatus.RECEIVED: "tiếp nhận",
    BusinessStatus.ASSIGNED: "phân công",
    BusinessStatus.IN_PROGRESS: "đang xử lý",
    BusinessStatus.COMPLETED: "hoàn thành",
    BusinessStatus.RECALL_ASKED: "lấy lại",
    BusinessStatus.RECALL_AGREED: "đồng ý",
    BusinessStatus.RECALL_REFUSED: "từ chối lấy lại",
}
"""What the codes mean. Source: Decision 28/2018/QĐ-TTg."""


def status_text(code: str | None) -> str:
    """``03 tiếp nhận``; an unknown code alone, none as a dash."""
    if code is None:
        return "–"
    return f"{code} {STATUS_NAMES.get(code, '')}".strip()  # type: ignore[call-overload]


def inbox_table(items: Iterable[models.InboxItem], *, utc: bool) -> Table:
    """What waits."""
    made = table("Delivery", "For", "From", "Notation", "Subject", zone_name(utc=utc), "State", "Signature")
    for item in items:
        document = item.document
        made.add_row(
            item.delivery_id,
            item.code,
            document.sender.code,
            document.notation,
            document.subject or f"({document.kind})",
            when(document.submitted_at, utc=utc),
            item.transport_status,
            document.signatures.indication or "–",
        )
    return made


def submission_table(submission: models.Submission) -> Table:
    """What happens for each recipient."""
    made = table("Recipient", "Name", "Node", "Outcome", title=f"Document {submission.id}")
    for recipient in submission.recipients:
        outcome = f"{recipient.outcome}: {recipient.detail}" if recipient.detail else recipient.outcome
        made.add_row(recipient.code or recipient.addressed_to, recipient.name or "", recipient.node or "–", outcome)
    return made


def timeline_table(
    entries: Iterable[models.TimelineEntry], deliveries: Iterable[models.Delivery], *, title: str, utc: bool
) -> Table:
    """What happened, in time order; deliveries by the agency they are for."""
    entries = tuple(entries)
    agencies = agencies_of(entries, deliveries)
    made = table(zone_name(utc=utc), "Node", "Event", "For", "Status", title=title)
    for entry in entries:
        made.add_row(*timeline_row(entry, agencies, utc=utc))
    return made


def agencies_of(entries: Iterable[models.TimelineEntry], deliveries: Iterable[models.Delivery]) -> dict[str, str]:
    """Whom each delivery is for. A recipient sees its own delivery only; evidence names the others."""
    named = {one.delivery_id: one.code for entry in entries for one in entry.recipients if one.delivery_id and one.code}
    return named | {delivery.id: delivery.code for delivery in deliveries}


def timeline_row(entry: models.TimelineEntry, agencies: dict[str, str], *, utc: bool) -> tuple[str, ...]:
    """One line of a timeline."""
    status = ""
    if entry.status is not None:
        status = status_text(entry.status.code)
        status += f" – {entry.status.description}" if entry.status.description else ""
        status += "" if entry.status.applied else " (not applied)"
    if entry.amendment is not None:
        asked = entry.amendment
        status = f"{asked.type}: {asked.state}" + (f" – {asked.reason}" if asked.reason else "")
    if entry.later_report is not None:
        found = entry.later_report.signatures
        status = f"{found.indication}, signature {found.package}"
        status += ", revoked before receipt" if entry.later_report.revoked else ""
    about = ", ".join(agencies.get(delivery, delivery) for delivery in entry.deliveries)
    return (when(entry.at, utc=utc), entry.node or "", entry.event or entry.kind, about, status)


def marks_text(document: models.Document, *, utc: bool) -> str:
    """What the node did not know yet when it accepted the document, and whether it does now."""
    stamp = document.time_stamp
    stamped = f"stamped {when(stamp.at, utc=utc)}" if stamp and stamp.at else (stamp.state if stamp else "–")
    return f"Time stamp: {stamped} · Revocation: {document.revocation or '–'}"


def delivery_table(deliveries: Iterable[models.Delivery], *, utc: bool) -> Table:
    """Where each delivery stands now."""
    made = table("Recipient", "Name", "Node", "Transport", "Business", "Asked", zone_name(utc=utc))
    for delivery in deliveries:
        why = delivery.transport_detail or delivery.transport_reason
        detail = f": {why}" if why else ""
        made.add_row(
            delivery.code,
            delivery.name or "",
            delivery.node or "–",
            delivery.transport_status + detail,
            status_text(delivery.business_status),
            ", ".join(f"{one.type}: {one.state}" for one in delivery.amendments) or "–",
            when(delivery.updated_at, utc=utc),
        )
    return made
