"""Clients and delegations of closed agencies: they pass to the one successor, or end. Nothing is forgotten."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.standing import Change
from lienthong.registry.storage.agencies import batches
from lienthong.registry.storage.dated_schema import client_versions, delegation_versions
from lienthong.registry.storage.schema import clients, delegations
from lienthong.registry.storage.versions import Stamp
from lienthong.shared.contracts.directory import DelegationEntry
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import AgencyCode

_CODES = 5_000
_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowingClient:
    """An active client of an agency that an act closes; ``to`` None: it gets no tokens any more."""

    client_id: str
    name: str
    scopes: Sequence[str]
    of: AgencyCode
    to: AgencyCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowingDelegation:
    """A delegation from or to an agency that an act closes; ``to`` None: it ends."""

    entry: DelegationEntry
    to: DelegationEntry | None


async def clients_of(connection: AsyncConnection, changes: Iterable[Change]) -> list[FollowingClient]:
    """What becomes of the clients of closed agencies, by client id."""
    followers = {change.code: change.follower for change in changes if change.after is None}
    found = []
    for codes in batches(sorted(followers), _CODES):
        query = select(clients).where(clients.c.agency.in_(codes), clients.c.active)
        for row in await connection.execute(query):
            to = followers[row.agency]
            found.append(
                FollowingClient(client_id=row.client_id, name=row.name, scopes=row.scopes, of=row.agency, to=to)
            )
    return sorted(found, key=lambda one: one.client_id)


async def delegations_of(connection: AsyncConnection, changes: Iterable[Change]) -> list[FollowingDelegation]:
    """What becomes of the delegations of closed agencies. One that would be to itself ends."""
    followers = {change.code: change.follower for change in changes if change.after is None}
    rows = await connection.execute(select(delegations).order_by(delegations.c.principal, delegations.c.delegate))
    entries = (DelegationEntry(principal=row.principal, delegate=row.delegate) for row in rows)
    return [
        FollowingDelegation(entry=entry, to=_followed(entry, followers))
        for entry in entries
        if entry.principal in followers or entry.delegate in followers
    ]


async def follow_clients(
    connection: AsyncConnection, following: Sequence[FollowingClient], changes: Iterable[Change], stamp: Stamp
) -> None:
    """Makes it so."""
    decisions = _decisions(changes)
    statement = clients.update().where(clients.c.client_id == bindparam("this"))
    for some in batches(list(following), _ROWS):
        values = [{"this": it.client_id, "agency": it.to or it.of, "active": it.to is not None} for it in some]
        await connection.execute(statement, values)
        history = [
            {
                "client_id": it.client_id,
                "agency": it.to or it.of,
                "name": it.name,
                "scopes": it.scopes,
                "active": it.to is not None,
                "valid_from": stamp.since,
                **decisions[it.of],
            }
            for it in some
        ]
        await connection.execute(client_versions.insert(), history)


async def follow_delegations(
    connection: AsyncConnection, following: Sequence[FollowingDelegation], changes: Iterable[Change], stamp: Stamp
) -> None:
    """Makes it so."""
    decisions = _decisions(changes)
    history: dict[tuple[AgencyCode, AgencyCode], dict[str, Any]] = {}
    for it in following:
        entry = it.entry
        await connection.execute(
            delegations.delete().where(
                delegations.c.principal == entry.principal, delegations.c.delegate == entry.delegate
            )
        )
        decision = decisions.get(entry.principal) or decisions[entry.delegate]
        said = {"version": stamp.version, "valid_from": stamp.since, **decision}
        history[entry.principal, entry.delegate] = {**entry.model_dump(), **said, "active": False}
        if it.to is not None:
            values = {**it.to.model_dump(), "created_at": stamp.since}
            await connection.execute(insert_or_ignore(connection, delegations).values(values))
            history[it.to.principal, it.to.delegate] = {**it.to.model_dump(), **said, "active": True}
    for rows in batches(list(history.values()), _ROWS):
        await connection.execute(delegation_versions.insert(), rows)


def _followed(entry: DelegationEntry, followers: Mapping[AgencyCode, AgencyCode | None]) -> DelegationEntry | None:
    principal = followers.get(entry.principal, entry.principal)
    delegate = followers.get(entry.delegate, entry.delegate)
    if principal is None or delegate is None or principal == delegate:
        return None
    return DelegationEntry(principal=principal, delegate=delegate)


def _decisions(changes: Iterable[Change]) -> dict[AgencyCode, dict[str, Any]]:
    return {
        change.code: {
            "decision_number": change.decision.number if change.decision else None,
            "decision_date": change.decision.on if change.decision else None,
        }
        for change in changes
        if change.after is None
    }
