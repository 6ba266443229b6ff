"""Puts agencies into the directory: one, or a file of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lienthong.registry.domain.agencies import Outcome, Verdict, judge
from lienthong.registry.domain.agency_csv import read_csv
from lienthong.registry.errors import AgencyChanged, AgencyRefused
from lienthong.registry.storage import agencies, versions
from lienthong.registry.storage.versions import Change
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.database import Database

_CHANGING = {Outcome.CREATED, Outcome.UPDATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAgency:
    """An agency as it is now; ``version`` is the directory version that last changed it."""

    entry: AgencyEntry
    version: int
    created: bool


async def place_agencies(
    database: Database, lines: Sequence[tuple[int, AgencyEntry]], *, by: str, now: datetime
) -> list[Verdict]:
    """Puts many agencies, each with the number of its line; refused ones leave the others alone.

    Either all that is not refused is stored, as one version of the directory, or nothing.

    Args:
        database: The registry's.
        lines: Records in any order, each with the number by which the verdicts call it.
        by: Who does it, for the list of changes.
        now: The present, aware.
    """
    async with database.begin() as connection:
        stamp = await versions.begin_change(connection, now)
        known = await agencies.load_known(connection, [entry for _, entry in lines])
        verdicts = await asyncio.to_thread(judge, lines, known)
        changing = [verdict for verdict in verdicts if verdict.outcome in _CHANGING]
        if changing:
            await agencies.store(connection, changing, stamp)
            summary = f"{len(changing)} agencies placed, the first {changing[0].code}"
            await versions.record(connection, stamp.version, Change(by=by, now=now, summary=summary))
    return sorted(verdicts, key=lambda verdict: verdict.line)


async def import_agencies(database: Database, content: bytes, *, by: str, now: datetime) -> list[Verdict]:
    """Puts the agencies of a CSV file; a verdict for each line.

    Raises:
        CSVUnreadable: The file as a whole is no CSV of agencies.
    """
    reading = await asyncio.to_thread(read_csv, content)
    placed = await place_agencies(database, reading.entries, by=by, now=now)
    return sorted([*reading.refused, *placed], key=lambda verdict: verdict.line)


async def put_agency(
    database: Database, entry: AgencyEntry, *, if_version: int | None = None, by: str, now: datetime
) -> PlacedAgency:
    """Adds an agency, or overwrites what may change of it.

    Args:
        database: The registry's.
        entry: All of the agency.
        if_version: Only when this version last changed it; None: whatever it is.
        by: Who does it, for the list of changes.
        now: The present, aware.

    Raises:
        AgencyRefused: It breaks a rule of the directory.
        AgencyChanged: Its version is not ``if_version``.
    """
    async with database.begin() as connection:
        stamp = await versions.begin_change(connection, now)
        held = await agencies.find_exact(connection, entry.code)
        if if_version is not None and (held is None or held.version != if_version):
            raise AgencyChanged("Read the agency again, and repeat with its present ETag.")
        [verdict] = judge([(1, entry)], await agencies.load_known(connection, [entry]))
        if verdict.entry is None:
            raise AgencyRefused(f"Agency {entry.code}: {verdict.detail}.")
        if held is not None and verdict.outcome is Outcome.UNCHANGED:
            return PlacedAgency(entry=held.entry, version=held.version, created=False)
        await agencies.store(connection, [verdict], stamp)
        change = Change(by=by, now=now, summary=f"agency {entry.code} {verdict.outcome}")
        await versions.record(connection, stamp.version, change)
    return PlacedAgency(entry=verdict.entry, version=stamp.version, created=held is None)
