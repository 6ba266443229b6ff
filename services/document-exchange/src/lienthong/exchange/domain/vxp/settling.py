"""What ``updateStatus`` does to a delivery. The SDK knows no leases: its system is the client that holds the claim.

initial ──processing──▶ processing ──done | fail──▶ final
   └──────────────done | fail──────────────────────▶
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import DeliveryNotFound, LeaseLost
from lienthong.exchange.domain.transport_status import FINAL, standing
from lienthong.exchange.domain.vxp.operations import ParameterInvalid

LEASE: Final = timedelta(hours=24)
"""How long ``processing`` keeps a delivery for the system that said it. It may say it again."""


class Settling(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    """It stands there already: a repeated call."""
    CLAIM = "claim"
    """The system has it for :data:`LEASE`."""
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Where a delivery stands in the database, and who claimed it last."""

    stored: TransportStatus
    lease_until: datetime | None
    claimed_by: str | None
    deadline: datetime | None = None
    """The sender's; None: it set none."""


def settling(held: Held, said: TransportStatus, *, client_id: str, now: datetime) -> Settling:
    """What ``said`` does to a delivery.

    Raises:
        ParameterInvalid: ``initial`` is said by nobody.
        LeaseLost: Another client has the delivery, or it was answered for otherwise.
        DeliveryNotFound: The sender's deadline passed before anybody claimed it.
    """
    if said is TransportStatus.INITIAL:
        raise ParameterInvalid("status is processing, done or fail.", facts={"parameter": "status"})
    if held.stored in FINAL:
        if held.stored is said:
            return Settling.NOTHING
        raise LeaseLost(f"The document was answered for with {held.stored}; that is final.")
    stands = standing(held.stored, lease_until=held.lease_until, now=now)
    if stands is TransportStatus.INITIAL and held.deadline is not None and held.deadline <= now:
        raise DeliveryNotFound("The sender's deadline has passed; the document went back.")
    if stands is TransportStatus.PROCESSING and held.claimed_by != client_id:
        raise LeaseLost("Another client has claimed the document; its lease is still good.")
    return Settling.CLAIM if said is TransportStatus.PROCESSING else Settling.END
