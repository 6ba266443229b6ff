"""Recall, update, replace: what a sender asks about a document that it sent before, and what comes of it; pure.

What nobody has claimed is taken back, or replaced, at once. What somebody has claimed is in another's hands: the
recipient is asked, and agrees (15) or refuses (16). An update is always asked: only the recipient's people can put
the two together. done and fail stay what they are: an agreement about what was handed over is an outcome of its own.
Source: QCVN 102:2016/BTTTT, ``BussinessDocType`` 1 to 3, ``StatusCode`` 13, 15, 16.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from lienthong.exchange.domain.documents import FailReason, TransportStatus
from lienthong.exchange.domain.transport_status import FINAL
from lienthong.shared.edxml.model import BusinessStatus, BusinessType
from lienthong.shared.errors import Conflict, Forbidden, InvalidInput
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId


class AmendmentKind(StrEnum):
    """What is asked."""

    RECALL = "recall"
    UPDATE = "update"
    REPLACE = "replace"


KINDS: Final[Mapping[BusinessType, AmendmentKind]] = {
    BusinessType.RECALL: AmendmentKind.RECALL,
    BusinessType.UPDATE: AmendmentKind.UPDATE,
    BusinessType.REPLACE: AmendmentKind.REPLACE,
}


class AmendmentState(StrEnum):
    """What came of it, for one delivery."""

    ASKED = "asked"
    EFFECTIVE = "effective"
    """Taken back or replaced before anybody had it."""
    AGREED = "agreed"
    REFUSED = "refused"
    """The sender may ask again, and the recipient may still agree."""
    MOOT = "moot"
    """There is nothing to take back or to change: the delivery failed, or the document was taken back before."""


UNSETTLED: Final = frozenset({AmendmentState.ASKED, AmendmentState.REFUSED})
"""The recipient has something to say, or to say otherwise."""
ENDS: Final[Mapping[AmendmentKind, FailReason]] = {
    AmendmentKind.RECALL: FailReason.RECALLED,
    AmendmentKind.REPLACE: FailReason.REPLACED,
}
"""Why the amended delivery fails, if it was not handed over. An update leaves the first version where it is."""
ANSWER_CODES: Final = frozenset({BusinessStatus.RECALL_AGREED, BusinessStatus.RECALL_REFUSED})
"""What a recipient answers when it was asked."""
MAX_REASON: Final = 1000
"""Characters of a request's reason. Source: QCVN 102:2016/BTTTT."""


class NotTheSender(Forbidden):
    """Somebody who is not the sender asks to take back or to change a document."""

    code = "not-the-sender"
    title = "Only the sender takes a document back or changes it"


class AmendmentMismatch(InvalidInput):
    """The package is not a recall, update or replacement of the document that the address names."""

    code = "amendment-mismatch"
    title = "The package does not speak of that document"


class NotAmendable(InvalidInput):
    """Statuses and recalls are not taken back or changed."""

    code = "not-amendable"
    title = "That cannot be taken back or changed"


class NothingAsked(Conflict):
    """15 or 16, where no recall, update or replacement waits for an answer."""

    code = "nothing-asked"
    title = "There is nothing to agree to or to refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A document that is spoken of, by its sender's DocumentId. ``agencies``: for whom only; None: for everybody."""

    document_id: str
    agencies: frozenset[AgencyCode] | None = None

    def is_for(self, agency: AgencyCode) -> bool:
        """Whether something is asked of that recipient."""
        return self.agencies is None or agency in self.agencies


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedAmendment:
    """A recall, update or replacement as it reached a node.

    Args:
        id: The asking package's own document id.
        origin: The node that accepted it from its sender.
        own_document_id: The DocumentId that the package itself has; a recall has that of what it takes back.
        documents: Ids of the documents that are meant, as the origin knew them; empty: it knew none, and DocumentIds
            alone must do.
    """

    id: DocumentId
    origin: NodeId
    kind: AmendmentKind
    sender: AgencyCode
    own_document_id: str
    targets: tuple[Target, ...]
    documents: tuple[DocumentId, ...]
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What was asked about one delivery, and what came of it."""

    request: DocumentId
    kind: AmendmentKind
    reason: str
    asked_at: datetime
    document: DocumentId
    delivery: DeliveryId
    recipient: AgencyCode
    state: AmendmentState
    decided_at: datetime | None
    answer_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a delivery stands when something is asked about it.

    ``transport`` and ``reason`` are as stored: a lapsed lease is a claim all the same, since its client may have the
    document. ``is_here``: its inbox is at this node, which decides. ``is_withdrawn``: a recall of it was agreed to.
    """

    transport: TransportStatus
    reason: str
    is_here: bool
    is_withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAmendment:
    """What was asked about a delivery, which is locked, and what came of it so far."""

    request: DocumentId
    kind: AmendmentKind
    reason: str
    sender: AgencyCode
    document: DocumentId
    delivery: DeliveryId
    origin: NodeId
    state: AmendmentState
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What asking does. ``ends``: why the delivery fails now; None: it stays."""

    state: AmendmentState
    ends: FailReason | None = None


def met(kind: AmendmentKind, standing: Standing) -> Outcome:
    """What comes of asking about a delivery that stands so, at the first look."""
    is_recall = kind is AmendmentKind.RECALL
    # 1. What was taken back before stays so; asking again changes nothing.
    if standing.is_withdrawn:
        return Outcome(state=AmendmentState.AGREED if is_recall else AmendmentState.MOOT)
    if standing.transport is TransportStatus.FAIL and standing.reason == FailReason.RECALLED:
        return Outcome(state=AmendmentState.EFFECTIVE if is_recall else AmendmentState.MOOT)
    # 2. What failed otherwise was never taken in: there is nothing to ask.
    if standing.transport is TransportStatus.FAIL:
        return Outcome(state=AmendmentState.MOOT)
    # 3. What lies unclaimed in an inbox here ends at once.
    if standing.is_here and standing.transport is TransportStatus.INITIAL and kind in ENDS:
        return Outcome(state=AmendmentState.EFFECTIVE, ends=ENDS[kind])
    # 4. Everything else is the recipient's to say, or its node's.
    return Outcome(state=AmendmentState.ASKED)


def answered(state: AmendmentState, code: BusinessStatus) -> AmendmentState:
    """Where 15 or 16 leads. Answers overtake each other and evidence: every order ends alike."""
    if state is AmendmentState.MOOT:
        return state
    if code is BusinessStatus.RECALL_AGREED:
        return AmendmentState.AGREED
    return AmendmentState.REFUSED if state is AmendmentState.ASKED else state


def concerned(held: Sequence[HeldAmendment], *, named: DocumentId | None) -> tuple[HeldAmendment, ...]:
    """What an answer settles, of all that was asked of a recipient about a document.

    The request that it names, and whatever else of the same kind is open. Naming only the document, it answers the
    newest open question and its repetitions, never another kind of question; with none open, the newest of all.
    """
    open_ones = [one for one in held if one.state is AmendmentState.ASKED]
    by_name = [one for one in held if one.request == named]
    if not held:
        return ()
    meant = max(by_name or open_ones or held, key=lambda one: one.request)
    alike = [one for one in open_ones if one.kind is meant.kind and one not in by_name]
    return tuple(by_name + alike) or (meant,)


def end_on_agreement(kind: AmendmentKind, standing: Standing) -> FailReason | None:
    """Why a delivery fails when its recipient agrees; None: it stays, being final, elsewhere, or only updated."""
    return ENDS.get(kind) if standing.is_here and standing.transport not in FINAL else None


def closed(kind: AmendmentKind, reason: str) -> AmendmentState:
    """What becomes of an open question when its delivery fails for ``reason``."""
    return AmendmentState.EFFECTIVE if ENDS.get(kind) == reason else AmendmentState.MOOT
