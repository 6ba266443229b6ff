"""Checks what a node promises against its database and its packages, a batch at a time, while it works.

A batch reads one snapshot, judges it with the rules of ``domain/audit_*.py``, and says where the next one begins, so
that an audit may take as long as it takes, end anywhere and go on; nobody waits for it, and it writes nothing.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lienthong.exchange.domain.audit import Finding
from lienthong.exchange.domain.audit_documents import DocumentFacts, check_document
from lienthong.exchange.domain.audit_rows import (
    PackageFacts,
    StoredFacts,
    check_entry,
    check_evidence,
    check_message,
    check_package,
    check_stored,
    check_submission,
)
from lienthong.exchange.storage.audit_documents import document_facts, next_documents
from lienthong.exchange.storage.audit_rows import entry_facts, evidence_facts, message_facts, submission_facts
from lienthong.exchange.storage.removals import find_removals, package_uses
from lienthong.exchange.usecases.process import Process
from lienthong.shared.blobs import BlobMissing
from lienthong.shared.identifiers import DocumentId, EvidenceId, MessageId, Sha256
from lienthong.shared.paging import CursorInvalid

ROWS_AT_ONCE: Final = 500
DOCUMENTS_AT_ONCE: Final = 200
READ_AT_ONCE: Final = 256 * 1024 * 1024
"""Bytes of packages that one batch reads at most, but for a single larger package."""
PREFIXES: Final = 256
MAX_ENTRIES: Final = 2**62
MAX_DIGITS: Final = 20


class Part(StrEnum):
    """The parts of an audit, in their order."""

    SUBMISSIONS = "submissions"
    DOCUMENTS = "documents"
    OUTBOX = "outbox"
    EVIDENCE = "evidence"
    LOG = "log"
    PACKAGES = "packages"


_PARTS: Final = tuple(Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a batch begins: in which part, and beyond which key of it (submissions have two)."""

    part: Part
    key: str = ""
    second: str = ""


START: Final = Position(part=Part.SUBMISSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was checked, by kind; what was found; where to go on (None: everything is checked)."""

    checked: Mapping[str, int]
    findings: tuple[Finding, ...]
    following: Position | None


async def audit_node(position: Position, process: Process, *, deep: bool) -> Batch:
    """The batch that begins at ``position``. ``deep``: the bytes of packages are read too.

    Raises:
        CursorInvalid: There is no such position.
        DatabaseUnavailable, BlobStoreUnavailable: Try again.
    """
    work: Mapping[Part, Callable[[], Awaitable[Batch]]] = {
        Part.SUBMISSIONS: lambda: _submissions(position, process),
        Part.DOCUMENTS: lambda: _documents(position, process, deep=deep),
        Part.OUTBOX: lambda: _outbox(position, process),
        Part.EVIDENCE: lambda: _evidence(position, process),
        Part.LOG: lambda: _log(position, process),
        Part.PACKAGES: lambda: _packages(position, process),
    }
    return await work[position.part]()


async def _submissions(position: Position, process: Process) -> Batch:
    async with process.database.snapshot() as connection:
        found = await submission_facts(connection, position.key, position.second, limit=ROWS_AT_ONCE)
    findings = [finding for _, facts in found for finding in check_submission(facts, here=process.here)]
    last = (found[-1][0], found[-1][1].key) if len(found) == ROWS_AT_ONCE else None
    return _batch(position, {"submissions": len(found)}, findings, last=last)


async def _documents(position: Position, process: Process, *, deep: bool) -> Batch:
    async with process.database.snapshot() as connection:
        ids = await next_documents(connection, DocumentId(position.key), limit=DOCUMENTS_AT_ONCE)
        found = await document_facts(connection, ids)
    if deep:
        found = list(_within_reading(found))
    now = process.clock()
    findings = [finding for facts in found for finding in check_document(facts, here=process.here, now=now)]
    findings += await _held_packages(found, process, deep=deep)
    checked = {
        "documents": len(found),
        "deliveries": sum(len(one.deliveries) for one in found),
        "statuses": sum(len(one.statuses) for one in found),
        "packages of documents": len({one.sha256 for one in found}),
    }
    return _batch(position, checked, findings, last=(found[-1].id, "") if found else None)


def _within_reading(found: Iterable[DocumentFacts]) -> Iterable[DocumentFacts]:
    room = READ_AT_ONCE
    for number, facts in enumerate(found):
        room -= facts.size
        if number and room < 0:
            return
        yield facts


async def _held_packages(found: Iterable[DocumentFacts], process: Process, *, deep: bool) -> list[Finding]:
    sizes = {one.sha256: one.size for one in found}
    going = await _going(sizes, process)
    findings: list[Finding] = []
    for sha256, size in sizes.items():
        stored = await _stored_size(sha256, process)
        read = await _read_digest(sha256, process) if deep and stored == size and sha256 not in going else None
        facts = PackageFacts(sha256=sha256, size=size, is_going=sha256 in going, stored_size=stored, read_sha256=read)
        wrong = list(check_package(facts))
        if wrong and sha256 not in await _going([sha256], process):  # it may have gone while it was looked at
            findings += wrong
    return findings


async def _outbox(position: Position, process: Process) -> Batch:
    async with process.database.snapshot() as connection:
        found = await message_facts(connection, MessageId(position.key), limit=ROWS_AT_ONCE)
    held = {one: await _stored_size(one, process) is not None for one in {each.package for each in found} if one}
    findings = [
        finding
        for facts in found
        for finding in check_message(facts, has_package=facts.package is None or held[facts.package])
    ]
    last = (found[-1].id, "") if len(found) == ROWS_AT_ONCE else None
    return _batch(position, {"messages": len(found)}, findings, last=last)


async def _evidence(position: Position, process: Process) -> Batch:
    async with process.database.snapshot() as connection:
        after = EvidenceId(position.key)
        found = await evidence_facts(connection, after, here=process.here, limit=ROWS_AT_ONCE)
    findings = [finding for facts in found for finding in check_evidence(facts, now=process.clock())]
    last = (found[-1].id, "") if len(found) == ROWS_AT_ONCE else None
    return _batch(position, {"evidence": len(found)}, findings, last=last)


async def _log(position: Position, process: Process) -> Batch:
    begin = _number(position, below=MAX_ENTRIES)
    async with process.database.snapshot() as connection:
        found = await entry_facts(connection, begin, limit=ROWS_AT_ONCE)
    findings: list[Finding] = []
    expected = begin
    for facts in found:
        findings += check_entry(facts, expected_index=expected)
        expected = facts.index + 1
    last = (str(expected), "") if len(found) == ROWS_AT_ONCE else None
    return _batch(position, {"log entries": len(found)}, findings, last=last)


async def _packages(position: Position, process: Process) -> Batch:
    """Every package below the next two digits."""
    number = _number(position, below=PREFIXES)
    now, count = process.clock(), 0
    findings: list[Finding] = []
    async for blobs in process.blobs.listing(f"{number:02x}"):
        digests = [one.sha256 for one in blobs]
        count += len(digests)
        going = await _going(digests, process)
        async with process.database.read() as connection:
            named = {one.sha256 for one in await package_uses(connection, digests, here=process.here) if one.documents}
        for one in blobs:
            facts = StoredFacts(
                sha256=one.sha256,
                modified_at=one.modified_at,
                is_named=one.sha256 in named,
                is_going=one.sha256 in going,
            )
            findings += check_stored(facts, now=now)
    last = (str(number + 1), "") if number + 1 < PREFIXES else None
    return _batch(position, {"packages in the store": count}, findings, last=last)


def _number(position: Position, *, below: int) -> int:
    if not position.key:
        return 0
    if not (position.key.isascii() and position.key.isdigit() and len(position.key) < MAX_DIGITS):
        raise CursorInvalid("Use the 'next' of the batch before, unchanged.")
    number = int(position.key)
    if number >= below:
        raise CursorInvalid("Use the 'next' of the batch before, unchanged.")
    return number


def _batch(
    position: Position, checked: Mapping[str, int], findings: Iterable[Finding], *, last: tuple[str, str] | None
) -> Batch:
    """Goes on beyond ``last`` in the same part, or with the next part when there is nothing beyond."""
    following: Position | None = None
    if last is not None:
        following = Position(part=position.part, key=last[0], second=last[1])
    elif position.part is not _PARTS[-1]:
        following = Position(part=_PARTS[_PARTS.index(position.part) + 1])
    return Batch(checked=Counter(checked), findings=tuple(findings), following=following)


async def _going(digests: Collection[Sha256], process: Process) -> set[Sha256]:
    async with process.database.read() as connection:
        return set(await find_removals(connection, digests))


async def _stored_size(sha256: Sha256, process: Process) -> int | None:
    try:
        return await process.blobs.size(sha256)
    except BlobMissing:
        return None


async def _read_digest(sha256: Sha256, process: Process) -> str:
    digest = hashlib.sha256()
    async for piece in process.blobs.read(sha256):
        await asyncio.to_thread(digest.update, piece)
    return digest.hexdigest()
