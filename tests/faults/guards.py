"""The guards of delivery, and how the fault machine removes one of them from the processes that it starts.

Nothing in the product switches a check off: the zygote patches the one function in the process that it has forked,
before the service begins. Each removal says what the code would be if nobody had thought of the guard.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import ModuleType
from typing import Final

import aio_pika.connection
from aio_pika.abc import AbstractChannel
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import Acknowledgement, HandoverResult, LeaseLost
from lienthong.exchange.usecases import (
    accept_envelopes,
    acknowledge_delivery,
    fetch_package,
    record_evidence,
    refuse_envelope,
    store_documents,
)
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import MessageId
from lienthong.shared.outbox import OutboxEntry, add, leases
from lienthong.shared.spooling import SpooledFile

FLUSHED_AFTER_S: Final = 0.5
"""A program that writes its outbox when it has time would do so about this long after the commit."""

_flushes: set[asyncio.Task[None]] = set()


def _replace(name: str, replacement: object, *modules: ModuleType) -> None:
    """In each of ``modules``, which must have it: a guard that has moved is not thought to be removed."""
    for module in modules:
        if not hasattr(module, name):
            raise LookupError(f"{module.__name__} has no {name}")
        setattr(module, name, replacement)


def _channels(*, confirms: bool) -> None:
    made = aio_pika.connection.Connection.channel

    def channel(
        self: aio_pika.connection.Connection,
        channel_number: int | None = None,
        publisher_confirms: bool = True,  # noqa: ARG001 — what is removed
        on_return_raises: bool = False,  # noqa: ARG001 — likewise
    ) -> AbstractChannel:
        return made(self, channel_number, publisher_confirms=confirms, on_return_raises=False)

    aio_pika.connection.Connection.channel = channel  # type: ignore[method-assign]  # the patch


def _publisher_confirms() -> None:
    """What was written to the socket counts as sent."""
    _channels(confirms=False)


def _returned_messages() -> None:
    """The default of the library: a message that no queue wanted is confirmed all the same."""
    _channels(confirms=True)


def _inbox_check() -> None:
    """Every message is new."""

    async def claim_new(_: AsyncConnection, __: Table, ids: Sequence[MessageId], ___: datetime) -> set[MessageId]:
        return set(ids)

    _replace("claim_new", claim_new, accept_envelopes, refuse_envelope)


def _one_transaction() -> None:
    """The outbox is written after the commit of what it belongs to, in a transaction of its own."""

    async def add_later(connection: AsyncConnection, table: Table, entries: Sequence[OutboxEntry]) -> None:
        if entries:
            task = asyncio.create_task(_flush(connection.engine, table, tuple(entries)))
            _flushes.add(task)
            task.add_done_callback(_flushes.discard)

    _replace("add", add_later, accept_envelopes, record_evidence, refuse_envelope, store_documents)


async def _flush(engine: AsyncEngine, table: Table, entries: Sequence[OutboxEntry]) -> None:
    await asyncio.sleep(FLUSHED_AFTER_S)
    async with engine.begin() as connection:
        await add(connection, table, entries)


def _lease() -> None:
    """Whoever was ever given a delivery may answer for it."""

    def judge(
        stored: TransportStatus, *, held_token: str | None, token: str, result: HandoverResult
    ) -> Acknowledgement:
        del held_token, token
        if stored is result.transport_status:
            return Acknowledgement.REPEATS
        if stored in {TransportStatus.DONE, TransportStatus.FAIL}:
            raise LeaseLost("This delivery was acknowledged already.")
        return Acknowledgement.TAKES_EFFECT

    _replace("judge_acknowledgement", judge, acknowledge_delivery)


def _digest_check() -> None:
    """The bytes that came are those that were announced."""

    def checked(spooled: SpooledFile, wanted: PackageReference) -> SpooledFile:
        return SpooledFile(path=spooled.path, size=wanted.size, sha256=wanted.sha256)

    _replace("_checked", checked, fetch_package)


def _hop_acknowledgement() -> None:
    """What the broker has confirmed is forgotten."""

    async def mark_sent(connection: AsyncConnection, table: Table, sent: Sequence[leases.Sent], _: datetime) -> None:
        if sent:
            await connection.execute(table.delete().where(table.c.id.in_([one.id for one in sent])))

    _replace("mark_sent", mark_sent, leases)


GUARDS: Final[dict[str, Callable[[], None]]] = {
    "publisher-confirms": _publisher_confirms,
    "returned-messages": _returned_messages,
    "inbox-check": _inbox_check,
    "one-transaction": _one_transaction,
    "lease": _lease,
    "digest-check": _digest_check,
    "hop-acknowledgement": _hop_acknowledgement,
}
"""By name: what removes it."""


def remove(names: Iterable[str]) -> None:
    """Removes guards from this process, for good."""
    for name in names:
        GUARDS[name]()
