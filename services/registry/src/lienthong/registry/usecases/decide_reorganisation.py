"""Approves an act, or withdraws it. Its operations are never edited."""

from dataclasses import dataclass, replace
from datetime import datetime

from lienthong.registry.domain.reorganisation import (
    Reorganisation,
    ReorganisationId,
    approve,
    require_no_problems,
    withdraw,
)
from lienthong.registry.storage import reorganisations, versions
from lienthong.registry.usecases.preview_reorganisation import acts_before, found, tried
from lienthong.shared.contracts.directory import REORGANISATION_TYPE
from lienthong.shared.database import Database
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.tokens import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides, why, and when."""

    principal: Principal
    reason: str
    now: datetime


async def approve_reorganisation(
    database: Database, act_id: ReorganisationId, decider: Decider, *, seal_key: SealKey
) -> Reorganisation:
    """The approved act. The same approval again changes nothing.

    1. No other act is decided on meanwhile; the rules are those of :func:`~.reorganisation.approve`.
    2. It fits the directory as the approved acts before it will leave it.
    3. The approval, and the registry's statement of it under its seal, are one transaction.

    Raises:
        ActNotFound, ActApprovalNotAllowed, ActDecided, ActInThePast, ActSameInstant: Step 1.
        ActConflicts: Step 2.
    """
    async with database.begin() as connection:
        await versions.lock(connection)
        act = await found(connection, act_id)
        others = await reorganisations.approved(connection)
        said = approve(act, decider.principal, reason=decider.reason, others=others, now=decider.now)  # 1
        if said is None:
            return act
        outcome = await tried(connection, act, before=await acts_before(connection, act))
        require_no_problems(outcome.problems)  # 2
        approved = replace(act, approval=said)
        approved = replace(approved, seals=(seal_key.seal(REORGANISATION_TYPE, approved.statement()),))
        await reorganisations.save(connection, approved)  # 3
    return approved


async def withdraw_reorganisation(database: Database, act_id: ReorganisationId, decider: Decider) -> Reorganisation:
    """The withdrawn act: it never takes effect. The same again changes nothing.

    Raises:
        ActNotFound: There is none.
        ActDecided: It has taken effect.
    """
    async with database.begin() as connection:
        await versions.lock(connection)
        act = await found(connection, act_id)
        said = withdraw(act, decider.principal, reason=decider.reason, now=decider.now)
        if said is None:
            return act
        withdrawn = replace(act, withdrawal=said)
        await reorganisations.save(connection, withdrawn)
    return withdrawn
