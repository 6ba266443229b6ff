"""Who holds a delivery, until when, and what an acknowledgement does to it; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Final

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.shared.errors import Conflict, NotFound

MIN_LEASE: Final = timedelta(seconds=1)
MAX_LEASE: Final = timedelta(hours=1)
"""A client that needs longer for one document claims again."""
MAX_CLAIMS: Final = 100
"""Deliveries of one claim."""
MAX_DETAIL: Final = 1000
"""Characters that a client may say about its result."""


class DeliveryNotFound(NotFound):
    """No such delivery waits here for an agency that the caller may act for."""

    code = "delivery-not-found"
    title = "No such delivery"


class LeaseLost(Conflict):
    """The delivery was claimed by somebody else, or answered for otherwise."""

    code = "lease-lost"
    title = "The delivery is not yours any more"


class HandoverResult(StrEnum):
    """What became of the document in the recipient's system."""

    DONE = "done"
    FAIL = "fail"

    @property
    def transport_status(self) -> TransportStatus:
        """Where the delivery stands afterwards."""
        return TransportStatus(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Why and until when deliveries are given to a client; each gets a token of its own."""

    client_id: str
    until: datetime


class Acknowledgement(Enum):
    """What an acknowledgement does."""

    TAKES_EFFECT = auto()
    REPEATS = auto()
    """The same was said before: the same answer, and nothing else."""


def judge_acknowledgement(
    stored: TransportStatus, *, held_token: str | None, token: str, result: HandoverResult
) -> Acknowledgement:
    """What an acknowledgement with ``token`` does to a delivery that was last claimed under ``held_token``.

    The end of the lease does not matter as long as nobody else has claimed: the client did the work, and refusing its
    answer would only make it, or another, take the same document in twice. Every claim has a new token, so a claim
    by anybody, the same client included, is what ends the former one.

    Raises:
        LeaseLost: Somebody claimed it since, or it was answered for with another result.
    """
    if held_token is None or held_token != token:
        raise LeaseLost("Another claim holds this delivery. Do not take the document in; claim again.")
    if stored is TransportStatus.PROCESSING:
        return Acknowledgement.TAKES_EFFECT
    if stored is result.transport_status:
        return Acknowledgement.REPEATS
    raise LeaseLost(
        f"This delivery was acknowledged as {stored.value} already; that is final.", facts={"result": stored.value}
    )
