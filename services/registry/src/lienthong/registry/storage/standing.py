"""The whole directory as acts see it, read at once; and what they change, written at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.acts import Kind
from lienthong.registry.domain.agencies import search_text
from lienthong.registry.domain.standing import Change, Standing
from lienthong.registry.storage import agencies as agency_rows
from lienthong.registry.storage.agencies import batches
from lienthong.registry.storage.dated_schema import agency_versions, successions
from lienthong.registry.storage.schema import agencies, nodes
from lienthong.registry.storage.versions import Stamp
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.identifiers import AgencyCode

_ENTRY = [agencies.c[name] for name in AgencyEntry.model_fields]
_PAGE = 2_000
_ROWS = 2_000


async def load_standing(connection: AsyncConnection) -> Standing:
    """Every code with its last record, the successors of closed ones, and the nodes. Some 100 MB for the nation."""
    entries: dict[AgencyCode, AgencyEntry] = {}
    closed: dict[AgencyCode, tuple[AgencyCode, ...]] = {}
    after = ""
    while True:
        query = select(*_ENTRY, agencies.c.valid_to).where(agencies.c.code > after).order_by(agencies.c.code)
        rows = (await connection.execute(query.limit(_PAGE))).mappings().all()
        if not rows:
            break
        for row in rows:
            entries[row["code"]] = AgencyEntry.model_validate(dict(row))
            if row["valid_to"] is not None:
                closed[row["code"]] = ()
        after = rows[-1]["code"]
    named = select(successions.c.code, successions.c.successor).order_by(successions.c.code, successions.c.position)
    for code, successor in await connection.execute(named):
        closed[code] = (*closed[code], successor)
    return Standing(agencies=entries, closed=closed, nodes=frozenset(await connection.scalars(select(nodes.c.id))))


async def write_changes(connection: AsyncConnection, changes: Sequence[Change], stamp: Stamp) -> None:
    """Makes the changes good from ``stamp.since`` on. New agencies come in the order in which they may be stored."""
    await agency_rows.insert(connection, [_opened(change, stamp) for change in changes if change.before is None])
    changed = [change for change in changes if change.before is not None and change.after is not None]
    renamed = [change for change in changed if Kind.RENAME in change.kinds]
    others = [change for change in changed if Kind.RENAME not in change.kinds]
    await agency_rows.update(connection, [_renamed(change, stamp) for change in renamed])
    await agency_rows.update(connection, [_placed(change, stamp) for change in others])
    closed = [change for change in changes if change.after is None]
    await agency_rows.update(connection, [_closed(change, stamp) for change in closed])
    for rows in batches([_version(change, stamp) for change in changes], _ROWS):
        await connection.execute(agency_versions.insert(), rows)
    for rows in batches(list(_successions(closed, stamp)), _ROWS):
        await connection.execute(successions.insert(), rows)


def _after(change: Change) -> AgencyEntry:
    entry = change.after or change.before
    if entry is None:
        raise ValueError("a change has a record before it or after it")
    return entry


def _opened(change: Change, stamp: Stamp) -> dict[str, Any]:
    entry = _after(change)
    return {
        **entry.model_dump(mode="json"),
        "name_search": search_text(entry.name),
        "valid_from": stamp.since,
        "version": stamp.version,
    }


def _placed(change: Change, stamp: Stamp) -> dict[str, Any]:
    entry = _after(change)
    return {
        "code": entry.code,
        "parent": entry.parent,
        "level": entry.level.value,
        "node": entry.node,
        "version": stamp.version,
    }


def _renamed(change: Change, stamp: Stamp) -> dict[str, Any]:
    name = _after(change).name
    return {**_placed(change, stamp), "name": name, "name_search": search_text(name)}


def _closed(change: Change, stamp: Stamp) -> dict[str, Any]:
    rule = change.rule.value if change.rule else None
    return {"code": change.code, "valid_to": stamp.since, "succession": rule, "version": stamp.version}


def _version(change: Change, stamp: Stamp) -> dict[str, Any]:
    decision = change.decision
    return {
        **_after(change).model_dump(mode="json"),
        "version": stamp.version,
        "closed": change.after is None,
        "valid_from": stamp.since,
        "decision_number": decision.number if decision else None,
        "decision_date": decision.on if decision else None,
    }


def _successions(closed: Iterable[Change], stamp: Stamp) -> Iterable[dict[str, Any]]:
    for change in closed:
        for position, successor in enumerate(change.successors):
            yield {
                "code": change.code,
                "position": position,
                "successor": successor,
                "version": stamp.version,
            }
