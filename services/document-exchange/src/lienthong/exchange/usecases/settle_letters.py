"""Messages that were given up: kept, looked at, replayed, discarded.

What a power cut does: a letter is acknowledged at the dead queue only after it is committed here, so that it comes
again; the same message is one letter, however often it comes. A replay is judged like every message, and marked after
its effects are committed: repeated, it has none. A discarded document's sender is told before the letter is marked:
the operator's repeat finds the refusal made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.acts import Act, ActKind, Order
from lienthong.exchange.domain.dead_letters import (
    OPEN,
    DeadLetter,
    DeadLetterNotFound,
    DeadLetterSettled,
    DiscardedByOperator,
    KeptMessage,
    LetterFilter,
    LetterState,
    NewLetter,
    require_replayable,
)
from lienthong.exchange.domain.listings import Page, page_of
from lienthong.exchange.storage import dead_letters as storage
from lienthong.exchange.storage.acts import add_act
from lienthong.exchange.usecases.accept_envelopes import vouched_envelopes
from lienthong.exchange.usecases.drain_node import require_taking
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.refuse_envelope import refuse_envelope
from lienthong.exchange.usecases.replay_letters import message_of
from lienthong.shared.identifiers import new_uuid

ALL: Final = "all"
"""Subject of an act that was about every letter of a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What an order to replay came to."""

    act: str
    asked: int
    """Letters that the worker now judges anew."""
    refused: int
    """Open letters that were left out, since their senders were told of a refusal: that is final."""
    left: int
    """Letters that a further order of this kind would ask for."""


async def keep_letters(letters: Sequence[NewLetter], process: Process) -> None:
    """Keeps what came out of the dead queue."""
    async with process.database.begin() as connection:
        await storage.keep_letters(connection, letters, process.clock())


async def list_letters(wanted: LetterFilter, process: Process, *, before: str | None, limit: int) -> Page[DeadLetter]:
    """A page of letters, the newest first, older than the letter ``before``."""
    async with process.database.read() as connection:
        return page_of(await storage.letters_before(connection, wanted, before, limit=limit + 1), limit=limit)


async def read_letter(letter: str, process: Process) -> DeadLetter:
    """One letter. Raises :class:`DeadLetterNotFound`."""
    async with process.database.read() as connection:
        found = await storage.find_letter(connection, letter)
    return _existing(found)


async def replay_letter(letter: str, process: Process, *, order: Order) -> DeadLetter:
    """Asks for the replay of one letter; the worker judges it like any message, within a second.

    Raises:
        NodeDraining: The node takes nothing in now.
        DeadLetterNotFound, DeadLetterSettled, RefusalFinal, DeadLetterNotWhole: It is not to be replayed.
    """
    async with process.database.begin() as connection:
        await require_taking(connection)
        held, is_whole = await _held(connection, letter)
        require_replayable(held, is_whole=is_whole)
        if held.state is LetterState.DEAD:
            act = _act(ActKind.DEAD_LETTERS_REPLAYED, letter, order, process, asked=1)
            await storage.change(
                connection,
                [letter],
                state=LetterState.ASKED.value,
                act_id=act.id,
                replays=0,
                next_replay_at=act.at,
            )
            await add_act(connection, act)
    return await read_letter(letter, process)


async def replay_letters(wanted: LetterFilter, process: Process, *, order: Order, limit: int) -> ReplayReport:
    """Asks for the replay of at most ``limit`` letters, the oldest first. Raises :class:`NodeDraining`."""
    act_id = new_uuid()
    dead = LetterFilter(states=(LetterState.DEAD,), code=wanted.code, issuer=wanted.issuer)
    async with process.database.begin() as connection:
        await require_taking(connection)
        asked = await storage.ask_for(connection, dead, act=act_id, now=process.clock(), limit=limit)
        refused = await storage.count_letters(connection, dead, refused=True)
        left = await storage.count_letters(connection, dead, refused=False)
        if asked:
            about = {"asked": len(asked), "code": wanted.code or ALL, "issuer": wanted.issuer or ALL}
            act = _act(ActKind.DEAD_LETTERS_REPLAYED, ALL, order, process, id_=act_id, **about)
            await add_act(connection, act)
    return ReplayReport(act=act_id, asked=len(asked), refused=refused, left=left)


async def discard_letter(letter: str, process: Process, *, order: Order) -> DeadLetter:
    """Gives a letter up for good. If its origin vouches for the document, the sender is told, with evidence.

    Raises:
        DeadLetterNotFound, DeadLetterSettled: There is nothing to discard.
        TrustListMissing, DirectoryMissing: Nobody can tell now whether somebody must be told.
    """
    async with process.database.read() as connection:
        found = _existing(await storage.find_letter(connection, letter))
        message = await storage.find_message(connection, letter)
    if found.state not in OPEN:
        raise DeadLetterSettled(f"The letter is {found.state.value} already.", facts={"state": found.state.value})
    told = found.refused_at is not None or await _sender_told(message, process, order=order)
    async with process.database.begin() as connection:
        held, _ = await _held(connection, letter)
        if held.state in OPEN:
            act = _act(ActKind.DEAD_LETTER_DISCARDED, letter, order, process, code=held.code, sender_told=told)
            await storage.change(
                connection, [letter], state=LetterState.DISCARDED.value, act_id=act.id, settled_at=act.at
            )
            await add_act(connection, act)
    return await read_letter(letter, process)


async def _sender_told(message: KeptMessage | None, process: Process, *, order: Order) -> bool:
    envelopes = () if message is None else await vouched_envelopes(message_of(message, process.here), process)
    if not envelopes:
        return False
    given_up = DiscardedByOperator(f"An operator of {process.here} gave the document up: {order.reason}")
    await refuse_envelope(envelopes, given_up, process)
    return True


async def _held(connection: AsyncConnection, letter: str) -> tuple[DeadLetter, bool]:
    held = await storage.hold_letter(connection, letter)
    if held is None:
        raise DeadLetterNotFound("There is no dead letter of that id here.")
    return held


def _existing(found: DeadLetter | None) -> DeadLetter:
    if found is None:
        raise DeadLetterNotFound("There is no dead letter of that id here.")
    return found


def _act(
    kind: ActKind, subject: str, order: Order, process: Process, *, id_: str | None = None, **detail: object
) -> Act:
    return Act(id=id_ or new_uuid(), at=process.clock(), order=order, kind=kind, subject=subject, detail=detail)
