"""Applies approved acts when their time has come."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.findings import Outcome, counts_of
from lienthong.registry.domain.reorganisation import Applied, Failed, Reorganisation, shown_remarks
from lienthong.registry.domain.reorganising import reorganise
from lienthong.registry.storage import followers, reorganisations, standing, versions
from lienthong.registry.storage.versions import Change, Stamp
from lienthong.registry.usecases.upload_reorganisation import read_again
from lienthong.shared.contracts.directory import REORGANISATION_TYPE
from lienthong.shared.database import Database
from lienthong.shared.signatures.seals import SealKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies acts of one registry and states it under its seal."""

    database: Database
    seal_key: SealKey

    async def apply_due(self, now: datetime) -> list[Reorganisation]:
        """The acts whose time had come, in the order of their times, each applied or failed in its own transaction."""
        done = []
        while (act := await self._apply_next(now)) is not None:
            done.append(act)
        return done

    async def _apply_next(self, now: datetime) -> Reorganisation | None:
        """One act; None: none is due.

        1. Nobody changes the directory until the end; others go on reading what was before.
        2. The act is tried on the directory as it is now. If it does not fit, that is recorded and all else stays.
        3. Agencies, their history, successions, clients, delegations, the directory's version, the act's own row and
           the registry's statement are one transaction: a power cut leaves all of it to be done, or none.

        All is good from the instant that the act names, however late this comes.
        """
        async with self.database.read() as connection:
            if await reorganisations.due(connection, now) is None:
                return None
        async with self.database.begin() as connection:
            head = await versions.lock(connection)  # 1
            act = await reorganisations.due(connection, now)
            if act is None:
                return None
            outcome = await _tried(connection, act)  # 2
            if outcome.problems:
                failed = replace(act, failed=Failed(at=now, remarks=shown_remarks(outcome.problems)))
                await reorganisations.save(connection, failed)
                return failed
            stamp = Stamp(version=head.version + 1, since=act.effective_at)
            await _write(connection, outcome, stamp)  # 3
            return await self._record(connection, act, outcome, stamp=stamp, now=now)

    async def _record(
        self, connection: AsyncConnection, act: Reorganisation, outcome: Outcome, *, stamp: Stamp, now: datetime
    ) -> Reorganisation:
        by = act.approval.by if act.approval else act.uploaded_by
        change = Change(by=by, now=now, summary=f"act applied: {act.title}", reorganisation=act.id)
        await versions.record(connection, stamp.version, change)
        applied = replace(act, applied=Applied(at=now, version=stamp.version, counts=counts_of(outcome)))
        statement = self.seal_key.seal(REORGANISATION_TYPE, applied.statement())
        applied = replace(applied, seals=(*act.seals, statement))
        await reorganisations.save(connection, applied)
        return applied


async def _tried(connection: AsyncConnection, act: Reorganisation) -> Outcome:
    before = await standing.load_standing(connection)
    content = await reorganisations.file_of(connection, act.id)
    return await asyncio.to_thread(lambda: reorganise(read_again(act, content), before))


async def _write(connection: AsyncConnection, outcome: Outcome, stamp: Stamp) -> None:
    changes = outcome.changes
    clients = await followers.clients_of(connection, changes)
    delegations = await followers.delegations_of(connection, changes)
    await standing.write_changes(connection, changes, stamp)
    await followers.follow_clients(connection, clients, changes, stamp)
    await followers.follow_delegations(connection, delegations, changes, stamp)
