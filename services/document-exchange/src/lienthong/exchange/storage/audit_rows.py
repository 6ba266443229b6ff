"""Reads the facts about single rows that an audit judges, on the caller's snapshot. Never writes."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Integer, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.audit_rows import EntryFacts, EvidenceFacts, MessageFacts, SubmissionFacts
from lienthong.exchange.domain.evidence_log import evidence_leaf_hash
from lienthong.exchange.storage.audit_documents import read_envelopes
from lienthong.exchange.storage.schema import (
    deliveries,
    documents,
    evidence,
    evidence_log,
    evidence_pending,
    outbox,
    submissions,
)
from lienthong.shared.contracts.envelope import Envelope, EnvelopeKind
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.identifiers import DeliveryId, DocumentId, EvidenceId, MessageId, NodeId

_MOST: Final = bindparam("most", type_=Integer)
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_SUBMISSIONS: Final = (
    select(
        submissions.c.client_id,
        submissions.c.key,
        submissions.c.document_id,
        submissions.c.body,
        documents.c.origin,
    )
    .select_from(submissions.outerjoin(documents, documents.c.id == submissions.c.document_id))
    .where(tuple_(submissions.c.client_id, submissions.c.key) > tuple_(bindparam("client"), bindparam("after")))
    .order_by(submissions.c.client_id, submissions.c.key)
    .limit(_MOST)
)
_RECEIPTS: Final = select(evidence.c.document_id, evidence.c.jws).where(
    evidence.c.document_id.in_(_IDS), evidence.c.event == Event.SUBMISSION_ACCEPTANCE.value
)
_MESSAGES: Final = (
    select(outbox.c.id, outbox.c.envelope, outbox.c.body_sha256)
    .where(outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(_MOST)
)
_KNOWN: Final = select(deliveries.c.id).where(deliveries.c.id.in_(_IDS))
_PACKAGES: Final = select(documents.c.id, documents.c.package_sha256).where(documents.c.id.in_(_IDS))
_EVIDENCE: Final = (
    select(
        evidence.c.id,
        evidence.c.time,
        evidence_log.c.evidence_id.label("logged"),
        evidence_pending.c.evidence_id.label("pending"),
    )
    .select_from(evidence.outerjoin(evidence_log).outerjoin(evidence_pending))
    .where(evidence.c.id > bindparam("after"), evidence.c.issuer == bindparam("here"))
    .order_by(evidence.c.id)
    .limit(_MOST)
)
_ENTRIES: Final = (
    select(evidence_log.c.index.label("position"), evidence_log.c.leaf_hash, evidence.c.jws)
    .select_from(evidence_log.outerjoin(evidence))
    .where(evidence_log.c.index >= bindparam("begin"))
    .order_by(evidence_log.c.index)
    .limit(_MOST)
)


async def submission_facts(
    connection: AsyncConnection, client: str, after: str, *, limit: int
) -> list[tuple[str, SubmissionFacts]]:
    """Submissions beyond that client and key, in order, each with its client."""
    rows = (await connection.execute(_SUBMISSIONS, {"client": client, "after": after, "most": limit})).all()
    receipts = await _receipts(connection, {row.document_id for row in rows})
    return [(row.client_id, _submission(row, receipts)) for row in rows]


async def _receipts(connection: AsyncConnection, ids: Collection[str]) -> dict[str, set[str]]:
    receipts: dict[str, set[str]] = {}
    for row in await connection.execute(_RECEIPTS, {"ids": sorted(ids)}):
        receipts.setdefault(row.document_id, set()).add(row.jws)
    return receipts


def _submission(row: Any, receipts: Mapping[str, set[str]]) -> SubmissionFacts:  # noqa: ANN401 — a row of any columns
    try:
        receipt = str(json.loads(row.body)["receipt"])
    except (ValueError, KeyError, TypeError):
        receipt = ""
    return SubmissionFacts(
        key=row.key,
        document=DocumentId(row.document_id),
        origin=row.origin,
        receipt=receipt,
        receipts=frozenset(receipts.get(row.document_id, ())),
    )


async def message_facts(connection: AsyncConnection, after: MessageId, *, limit: int) -> list[MessageFacts]:
    """Messages that wait, by id from beyond ``after``. Whether their packages are in the store is not looked at."""
    rows = (await connection.execute(_MESSAGES, {"after": after, "most": limit})).all()
    read = {row.id: read_envelopes(row.envelope) for row in rows}
    carrying = [one for each in read.values() for one in each if one.kind is EnvelopeKind.DOCUMENT]
    named = {delivery.id for one in carrying for delivery in one.deliveries}
    known = set((await connection.execute(_KNOWN, {"ids": sorted(named)})).scalars())
    wanted = {"ids": sorted({one.document.id for one in carrying})}
    packages = {row.id: row.package_sha256 for row in await connection.execute(_PACKAGES, wanted)}
    return [_message(row, read[row.id], packages=packages, known=known) for row in rows]


def _message(
    row: Any,  # noqa: ANN401 — likewise
    envelopes: Sequence[Envelope],
    *,
    packages: Mapping[str, str],
    known: Collection[str],
) -> MessageFacts:
    carrying = [one for one in envelopes if one.kind is EnvelopeKind.DOCUMENT]
    about = carrying[0].document if carrying else None
    return MessageFacts(
        id=MessageId(row.id),
        is_readable=bool(envelopes),
        names=about.id if about else None,
        package=about.package.sha256 if about else None,
        is_known=about is not None and packages.get(about.id) == about.package.sha256,
        unknown_deliveries=frozenset(
            DeliveryId(one.id) for envelope in carrying for one in envelope.deliveries if one.id not in known
        ),
    )


async def evidence_facts(
    connection: AsyncConnection, after: EvidenceId, *, here: NodeId, limit: int
) -> list[EvidenceFacts]:
    """What this node stated, by id from beyond ``after``."""
    found = await connection.execute(_EVIDENCE, {"after": after, "here": here, "most": limit})
    return [
        EvidenceFacts(
            id=EvidenceId(row.id),
            time=row.time,
            is_logged=row.logged is not None,
            is_pending=row.pending is not None,
        )
        for row in found
    ]


async def entry_facts(connection: AsyncConnection, begin: int, *, limit: int) -> Sequence[EntryFacts]:
    """Entries of the log from ``begin`` on."""
    found = await connection.execute(_ENTRIES, {"begin": begin, "most": limit})
    return [
        EntryFacts(
            index=row.position,
            leaf_hash=row.leaf_hash,
            expected=evidence_leaf_hash(row.jws).hex() if row.jws is not None else "",
        )
        for row in found
    ]
