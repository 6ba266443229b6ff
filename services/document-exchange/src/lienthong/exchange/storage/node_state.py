"""How much of everything is open at this node. Never commits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.dead_letters import OPEN
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.transport_status import WAITING
from lienthong.exchange.storage.log_schema import alarms
from lienthong.exchange.storage.operations_schema import dead_letters, redeliveries
from lienthong.exchange.storage.schema import deliveries, evidence_pending

_WAITING: Final = [status.value for status in WAITING]


async def count_open(connection: AsyncConnection, now: datetime) -> Mapping[str, int]:
    """Rows by name; the names are those of the API's answer."""
    in_inbox = select(func.count()).where(deliveries.c.is_local, deliveries.c.transport_status.in_(_WAITING))
    held = deliveries.c.transport_status == TransportStatus.PROCESSING.value
    questions: dict[str, Select[Any]] = {
        "inbox": in_inbox,
        "claimed": in_inbox.where(held, deliveries.c.lease_until > now),
        "redeliveries": select(func.count()).where(redeliveries.c.status.in_(_WAITING)),
        "evidence_not_logged": select(func.count()).select_from(evidence_pending),
        "dead_letters": select(func.count()).where(dead_letters.c.state.in_([state.value for state in OPEN])),
        "alarms": select(func.count()).where(alarms.c.cleared_at.is_(None)),
    }
    return {name: int(await connection.scalar(question) or 0) for name, question in questions.items()}
