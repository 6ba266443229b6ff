"""Messages that were given up. Never commits: the use case does."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, Row, Select, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.dead_letters import (
    DeadLetter,
    KeptMessage,
    LetterFilter,
    LetterState,
    NewLetter,
    given_up,
)
from lienthong.exchange.storage.operations_schema import dead_letters, refused_envelopes
from lienthong.shared.identifiers import DocumentId, MessageId, Sha256, new_uuid

_SHOWN: Final = tuple(
    dead_letters.c[name] for name in DeadLetter.__dataclass_fields__ if name not in ("refused_at", "state")
)
_SELECT: Final[Select[Any]] = select(
    *_SHOWN, dead_letters.c.state, func.length(dead_letters.c.envelope).label("kept"), refused_envelopes.c.at
).outerjoin_from(dead_letters, refused_envelopes, refused_envelopes.c.message_id == dead_letters.c.message_id)
_HELD: Final = _SELECT.with_for_update(of=dead_letters)


async def keep_letters(connection: AsyncConnection, letters: Sequence[NewLetter], now: datetime) -> None:
    """Keeps ``letters``. One that is there already is only counted: what was decided about it stays."""
    rows = [_row(one, now) for one in sorted(letters, key=lambda one: one.fingerprint)]  # two batches cannot deadlock
    await connection.execute(_keep(connection.dialect.name), rows)


@cache
def _keep(dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(dead_letters)
    seen_again = {"times": dead_letters.c.times + 1, "last_seen_at": statement.excluded.last_seen_at}
    return statement.on_conflict_do_update(index_elements=[dead_letters.c.fingerprint], set_=seen_again)


async def letters_before(
    connection: AsyncConnection, wanted: LetterFilter, before: str | None, *, limit: int
) -> list[DeadLetter]:
    """At most ``limit`` letters, the newest first, older than the letter ``before``."""
    statement = _filtered(_SELECT, wanted).order_by(dead_letters.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(dead_letters.c.id < before)
    return [_letter(row) for row in await connection.execute(statement)]


async def find_letter(connection: AsyncConnection, letter: str) -> DeadLetter | None:
    """One letter."""
    row = (await connection.execute(_SELECT.where(dead_letters.c.id == letter))).one_or_none()
    return None if row is None else _letter(row)


async def hold_letter(connection: AsyncConnection, letter: str) -> tuple[DeadLetter, bool] | None:
    """One letter, locked, and whether its envelope was kept."""
    row = (await connection.execute(_HELD.where(dead_letters.c.id == letter))).one_or_none()
    return None if row is None else (_letter(row), row.kept > 0)


async def ask_for(
    connection: AsyncConnection, wanted: LetterFilter, *, act: str, now: datetime, limit: int
) -> list[str]:
    """Asks for the replay of at most ``limit`` letters that may be replayed, the oldest first; gives their ids."""
    replayable = (
        _filtered(select(dead_letters.c.id), wanted)
        .where(dead_letters.c.state == LetterState.DEAD.value, ~_is_refused(), func.length(dead_letters.c.envelope) > 0)
        .order_by(dead_letters.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list((await connection.execute(replayable)).scalars())
    await change(connection, ids, state=LetterState.ASKED.value, act_id=act, replays=0, next_replay_at=now)
    return ids


async def count_letters(connection: AsyncConnection, wanted: LetterFilter, *, refused: bool | None = None) -> int:
    """How many; ``refused``: only those of which the origin was told, or was not."""
    statement = _filtered(select(func.count()).select_from(dead_letters), wanted)
    if refused is not None:
        statement = statement.where(_is_refused() if refused else ~_is_refused())
    return int(await connection.scalar(statement) or 0)


async def due_replays(connection: AsyncConnection, *, now: datetime, limit: int) -> list[KeptMessage]:
    """Messages whose replay was asked for, the oldest first."""
    statement = (
        select(dead_letters)
        .where(dead_letters.c.state == LetterState.ASKED.value, dead_letters.c.next_replay_at <= now)
        .order_by(dead_letters.c.id)
        .limit(limit)
    )
    return [_message(row) for row in await connection.execute(statement)]


async def change(connection: AsyncConnection, letters: Sequence[str], **values: object) -> None:
    """Writes ``values``, named as the columns, into open ``letters``; settled ones stay as they are."""
    if letters:
        still_open = dead_letters.c.settled_at.is_(None)
        await connection.execute(update(dead_letters).where(dead_letters.c.id.in_(letters), still_open).values(values))


async def find_message(connection: AsyncConnection, letter: str) -> KeptMessage | None:
    """The message of one letter."""
    row = (await connection.execute(select(dead_letters).where(dead_letters.c.id == letter))).one_or_none()
    return None if row is None else _message(row)


async def note_refusal(
    connection: AsyncConnection, message: MessageId, document: DocumentId, *, code: str, at: datetime
) -> None:
    """The origin is told, in this transaction, that the document is refused here."""
    values = {"message_id": message, "document_id": document, "code": code, "at": at}
    await connection.execute(refused_envelopes.insert().values(values))


def _is_refused() -> ColumnElement[bool]:
    return select(refused_envelopes).where(refused_envelopes.c.message_id == dead_letters.c.message_id).exists()


def _filtered(statement: Select[Any], wanted: LetterFilter) -> Select[Any]:
    if wanted.states:
        statement = statement.where(dead_letters.c.state.in_([state.value for state in wanted.states]))
    if wanted.code is not None:
        statement = statement.where(dead_letters.c.code == wanted.code)
    if wanted.issuer is not None:
        statement = statement.where(dead_letters.c.claimed_issuer == wanted.issuer)
    if wanted.act is not None:
        statement = statement.where(dead_letters.c.act_id == wanted.act)
    return statement


def _row(letter: NewLetter, now: datetime) -> dict[str, object]:
    given = {name: getattr(letter, name) for name in NewLetter.__dataclass_fields__}
    return given | {
        "id": new_uuid(),
        "state": LetterState.DEAD.value,
        "headers": dict(letter.headers),
        "first_seen_at": now,
        "last_seen_at": now,
        "times": 1,
        "replays": 0,
    }


def _letter(row: Row[Any]) -> DeadLetter:
    shown = {column.name: getattr(row, column.name) for column in _SHOWN}
    return DeadLetter(**shown, state=LetterState(row.state), refused_at=row.at)


def _message(row: Row[Any]) -> KeptMessage:
    given = {name: getattr(row, name) for name in NewLetter.__dataclass_fields__}
    sha256 = Sha256(row.body_sha256) if row.body_sha256 else None
    return KeptMessage(letter=row.id, message=given_up(NewLetter(**given | {"body_sha256": sha256})))
