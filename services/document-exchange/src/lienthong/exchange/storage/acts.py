"""What operators did. Never commits: the use case does, together with what the act changes."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.acts import Act, ActKind, Order
from lienthong.exchange.storage.operations_schema import admin_acts


async def add_act(connection: AsyncConnection, act: Act) -> None:
    """Keeps ``act`` for good."""
    values = {
        "id": act.id,
        "at": act.at,
        "actor": act.order.actor,
        "act": act.kind.value,
        "subject": act.subject,
        "reason": act.order.reason,
        "detail": dict(act.detail),
    }
    await connection.execute(admin_acts.insert().values(values))


async def acts_before(connection: AsyncConnection, before: str | None, *, limit: int) -> list[Act]:
    """At most ``limit`` acts, the newest first, older than the act ``before``."""
    statement = select(admin_acts).order_by(admin_acts.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(admin_acts.c.id < before)
    return [
        Act(
            id=row.id,
            at=row.at,
            order=Order(actor=row.actor, reason=row.reason),
            kind=ActKind(row.act),
            subject=row.subject,
            detail=row.detail,
        )
        for row in await connection.execute(statement)
    ]
