"""Rows of enrolments."""

from datetime import datetime

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.enrolment import Decision, Enrolment, EnrolmentId, EnrolmentKind, EnrolmentState
from lienthong.signing.domain.records import RemoteTerms
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.storage.certificates import AnyRow
from lienthong.signing.storage.schema import enrolments


async def add_enrolment(connection: AsyncConnection, enrolment: Enrolment) -> None:
    """Adds one that nobody has decided."""
    subject, remote = enrolment.subject, enrolment.remote
    values = {
        "id": enrolment.id,
        "kind": enrolment.kind.value,
        "profile": enrolment.profile.value if enrolment.profile else None,
        "name": subject.name,
        "organisation": subject.organisation,
        "agency": subject.agency,
        "node": subject.node,
        "csr": enrolment.csr,
        "officer": remote.officer,
        "signing_node": remote.node,
        "signers": list(remote.signers),
        "digest": enrolment.digest,
        "certificates": enrolment.certificates,
        "requested_by": enrolment.requested_by,
        "requested_at": enrolment.requested_at,
        "expires_at": enrolment.expires_at,
        "reason": "",
    }
    await connection.execute(insert(enrolments).values(values))


async def enrolment(
    connection: AsyncConnection, enrolment_id: EnrolmentId, *, for_update: bool = False
) -> Enrolment | None:
    """One enrolment; ``for_update`` keeps other deciders waiting until the transaction ends."""
    query = select(enrolments).where(enrolments.c.id == enrolment_id)
    row = (await connection.execute(query.with_for_update() if for_update else query)).first()
    return _enrolment_of_row(row) if row else None


async def enrolment_of_batch(connection: AsyncConnection, digest: str) -> Enrolment | None:
    """The last enrolment of a batch."""
    query = select(enrolments).where(enrolments.c.digest == digest).order_by(enrolments.c.id.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return _enrolment_of_row(row) if row else None


async def count_pending(connection: AsyncConnection, requested_by: str, now: datetime) -> int:
    """How many of a caller's wait."""
    of_caller = and_(enrolments.c.requested_by == requested_by, _in_state(EnrolmentState.PENDING, now))
    count: int = (await connection.execute(select(func.count()).where(of_caller))).scalar_one()
    return count


async def list_enrolments(
    connection: AsyncConnection,
    *,
    agency: AgencyCode | None,
    requested_by: str | None,
    state: EnrolmentState | None,
    now: datetime,
    after: EnrolmentId | None,
    limit: int,
) -> list[Enrolment]:
    """Enrolments in the order of asking, beginning behind ``after``; what is None narrows nothing."""
    query = select(enrolments).order_by(enrolments.c.id).limit(limit)
    if agency is not None:
        query = query.where(enrolments.c.agency == agency)
    if requested_by is not None:
        query = query.where(enrolments.c.requested_by == requested_by)
    if state is not None:
        query = query.where(_in_state(state, now))
    if after is not None:
        query = query.where(enrolments.c.id > after)
    return [_enrolment_of_row(row) for row in await connection.execute(query)]


async def set_decided(connection: AsyncConnection, decided: Enrolment) -> None:
    """Records the decision, and what came of it."""
    decision = decided.decision
    if decision is None:
        raise ValueError("nothing was decided")
    values = {
        "approved": decision.approved,
        "decided_by": decision.by,
        "decided_at": decision.at,
        "reason": decision.reason,
        "serial": decided.serial,
    }
    await connection.execute(update(enrolments).where(enrolments.c.id == decided.id).values(values))


def _in_state(state: EnrolmentState, now: datetime) -> ColumnElement[bool]:
    undecided = enrolments.c.approved.is_(None)
    return {
        EnrolmentState.PENDING: and_(undecided, enrolments.c.expires_at > now),
        EnrolmentState.EXPIRED: and_(undecided, enrolments.c.expires_at <= now),
        EnrolmentState.APPROVED: enrolments.c.approved.is_(True),
        EnrolmentState.REJECTED: enrolments.c.approved.is_(False),
    }[state]


def _enrolment_of_row(row: AnyRow) -> Enrolment:
    subject = Subject(name=row.name, organisation=row.organisation, agency=row.agency, node=row.node)
    return Enrolment(
        id=EnrolmentId(row.id),
        kind=EnrolmentKind(row.kind),
        profile=Profile(row.profile) if row.profile else None,
        subject=subject,
        csr=row.csr,
        remote=RemoteTerms(officer=row.officer, node=row.signing_node, signers=tuple(row.signers)),
        digest=row.digest,
        certificates=row.certificates,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        decision=_decision_of_row(row),
        serial=row.serial,
    )


def _decision_of_row(row: AnyRow) -> Decision | None:
    if row.approved is None:
        return None
    return Decision(approved=row.approved, by=row.decided_by, at=row.decided_at, reason=row.reason)
