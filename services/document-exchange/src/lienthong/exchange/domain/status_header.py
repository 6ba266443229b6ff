"""What a recipient's answer says as a package: the standard's status message; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.edxml.model import (
    BusinessStatus,
    DocumentHeader,
    Organ,
    PackageContent,
    ResponseFor,
    StaffInfo,
    StatusHeader,
)
from lienthong.shared.edxml.sending_rules import DATE_FORMAT, TIMESTAMP_FORMAT
from lienthong.shared.errors import InvalidInput

VIETNAM_TIME: Final = timezone(timedelta(hours=7))
"""Times inside packages have no zone; they are Vietnam's."""
MAX_NAME: Final = 200
"""Characters of an agency's name that a package may hold."""


class StatusNotAnswerable(InvalidInput):
    """The package is a business status; only documents are answered."""

    code = "status-not-answerable"
    title = "A status is not answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswer:
    """What a recipient says about a document."""

    code: BusinessStatus
    description: str
    staff: StaffInfo | None


def status_header(
    answer: StatusAnswer, content: PackageContent, *, agency: AgencyEntry, addressed_to: str, at: datetime
) -> StatusHeader:
    """The header of the status message with which ``agency`` answers the document of ``content``.

    It speaks of the document in the document's own words, since its sender finds it again by them. ``addressed_to`` is
    the code under which the document reached ``agency``: an older system knows it by no other. ``at`` is now.

    Raises:
        StatusNotAnswerable: ``content`` is a status itself.
    """
    document = content.header
    if not isinstance(document, DocumentHeader):
        raise StatusNotAnswerable("This package is a business status; answer the document that it speaks of.")
    number_and_symbol = (document.code.code_number, document.code.code_notation)
    return StatusHeader(
        from_=Organ(
            organ_id=addressed_to if addressed_to == agency.old_code else agency.code,
            organization_in_charge=agency.name[:MAX_NAME],
            organ_name=agency.name[:MAX_NAME],
            email=agency.email,
        ),
        response_for=ResponseFor(
            organ_id=document.from_.organ_id,
            code="/".join(part for part in number_and_symbol if part),
            document_id=document.document_id,
            promulgation_date=existing_date(document.promulgation_info.promulgation_date),
        ),
        staff_info=answer.staff,
        status_code=answer.code,
        description=answer.description,
        timestamp=at.astimezone(VIETNAM_TIME).strftime(TIMESTAMP_FORMAT),
    )


def existing_date(text: str) -> str:
    """The date, or nothing when there is no such day: an official sample is of 30 February, and must be answered."""
    try:
        day = datetime.strptime(text, DATE_FORMAT).replace(tzinfo=VIETNAM_TIME).date()
    except ValueError:
        return ""
    return day.isoformat().replace("-", "/")
