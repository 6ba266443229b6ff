"""What did the people do with the document? The machine behind the codes 01 to 06; pure.

A status is a package of its own, so statuses overtake each other on their way. Every one is kept; only those that
move the document forward are applied. Source: QCVN 102:2016/BTTTT, ``StatusCode``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lienthong.shared.edxml.model import BusinessStatus, StaffInfo
from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import AgencyCode, DocumentId

MAX_DESCRIPTION: Final = 1000
"""Characters of a status's description: the reason of a refusal. Source: QCVN 102:2016/BTTTT."""

FINAL: Final = frozenset({BusinessStatus.REFUSED, BusinessStatus.COMPLETED})
"""Nothing moves a document on from here."""

ANSWERS: Final = frozenset(
    {
        BusinessStatus.ARRIVED,
        BusinessStatus.REFUSED,
        BusinessStatus.RECEIVED,
        BusinessStatus.ASSIGNED,
        BusinessStatus.IN_PROGRESS,
        BusinessStatus.COMPLETED,
    }
)
"""What a recipient says of a document. The others (13, 15, 16) speak of a recall and do not move this machine."""
REFUSALS: Final = frozenset({BusinessStatus.REFUSED, BusinessStatus.RECALL_REFUSED})

_RANK: Final[Mapping[BusinessStatus, int]] = {
    BusinessStatus.ARRIVED: 1,
    BusinessStatus.RECEIVED: 3,
    BusinessStatus.ASSIGNED: 4,
    BusinessStatus.IN_PROGRESS: 5,
    BusinessStatus.COMPLETED: 6,
    BusinessStatus.REFUSED: 6,  # as far as it goes: it ends whatever was not ended
}


class StatusCodeNotAllowed(InvalidInput):
    """The code is not one that a recipient answers a document with."""

    code = "status-code-not-allowed"
    title = "This status cannot be posted here"


class RefusalWithoutReason(InvalidInput):
    """A refusal (02, 16) must say why."""

    code = "refusal-without-reason"
    title = "A refusal needs a reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedStatus:
    """A status package that reached a node which knows the document that it speaks of, or should.

    Args:
        id: The status's own document id.
        from_agency: Who says it, as the directory resolves ``From``.
        to_agency: Whose document it speaks of, as the directory resolves ``ResponseFor/OrganId``.
        response_document_id: ``ResponseFor/DocumentId``; opaque, and repeated by senders.
        replies_to: The document itself, where the node of the one who says it knew it.
        at: When the node of the one who says it accepted it.
    """

    id: DocumentId
    from_agency: AgencyCode
    to_agency: AgencyCode
    response_document_id: str
    replies_to: DocumentId | None = None
    code: BusinessStatus
    description: str
    staff: StaffInfo | None
    at: datetime


def moves(current: BusinessStatus | None, arriving: BusinessStatus) -> bool:
    """Whether ``arriving`` moves a document forward that stands at ``current`` (None: nothing said yet)."""
    if arriving not in ANSWERS:
        return False
    if current is None:
        return True
    return current not in FINAL and _RANK[arriving] > _RANK[current]


def check_answer(code: BusinessStatus, description: str) -> None:
    """Whether a recipient may answer a document so.

    Raises:
        StatusCodeNotAllowed: 13 is the sender's.
        RefusalWithoutReason: 02 or 16 with an empty description.

    Source: Decision 28/2018/QĐ-TTg: the recipient answers when it refuses, and says why.
    """
    if code is BusinessStatus.RECALL_ASKED:
        raise StatusCodeNotAllowed(
            "13 is the sender's, who asks a document back. Recipients answer with 01 to 06, a recall with 15 or 16.",
            facts={"allowed": sorted(set(BusinessStatus) - {code})},
        )
    if code in REFUSALS and not description.strip():
        raise RefusalWithoutReason(f"Say in 'description' why {code.value} refuses.", facts={"field": "description"})
