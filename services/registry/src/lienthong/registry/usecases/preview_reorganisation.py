"""Tries an act on the directory as it will be when the act takes effect; nothing is changed."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.findings import Outcome
from lienthong.registry.domain.reorganisation import Reorganisation, ReorganisationId, State
from lienthong.registry.domain.reorganising import reorganise
from lienthong.registry.domain.standing import Standing, changed
from lienthong.registry.errors import ActDecided, ActNotFound
from lienthong.registry.storage import followers, reorganisations, versions
from lienthong.registry.storage.consistent import consistent
from lienthong.registry.storage.followers import FollowingClient, FollowingDelegation
from lienthong.registry.storage.standing import load_standing
from lienthong.registry.usecases.upload_reorganisation import read_again
from lienthong.shared.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an act would do. ``version`` is the directory's that it was tried on, after the acts ``after``."""

    act: Reorganisation
    outcome: Outcome
    version: int
    after: tuple[ReorganisationId, ...]
    clients: tuple[FollowingClient, ...]
    delegations: tuple[FollowingDelegation, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that serve, before or after, an agency that changes: whom to ask what is in flight."""
        sides = (side for change in self.outcome.changes for side in (change.before, change.after))
        return tuple(sorted({side.node for side in sides if side is not None and side.node is not None}))


class Previewer:
    """Tries acts, and keeps the last trial: its pages are of one and the same.

    Args:
        database: The registry's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._last: Preview | None = None

    async def preview(self, act_id: ReorganisationId) -> Preview:
        """What the act would do, after the approved acts that take effect before it.

        Raises:
            ActNotFound: There is none.
            ActDecided: It was applied, or withdrawn, or has failed.
        """
        async with self._one_at_a_time, consistent(self._database) as connection:
            act = await found(connection, act_id)
            if act.state not in {State.UPLOADED, State.APPROVED}:
                raise ActDecided(f"The act is {act.state}; there is nothing to preview.", facts={"state": act.state})
            head = await versions.current(connection)
            before = await acts_before(connection, act)
            known = (act, head.version, tuple(one.id for one in before))
            if self._last is None or (self._last.act, self._last.version, self._last.after) != known:
                self._last = await self._tried(connection, act, before, version=head.version)
            return self._last

    async def _tried(
        self, connection: AsyncConnection, act: Reorganisation, before: list[Reorganisation], *, version: int
    ) -> Preview:
        outcome = await tried(connection, act, before=before)
        return Preview(
            act=act,
            outcome=outcome,
            version=version,
            after=tuple(one.id for one in before),
            clients=tuple(await followers.clients_of(connection, outcome.changes)),
            delegations=tuple(await followers.delegations_of(connection, outcome.changes)),
        )


async def found(connection: AsyncConnection, act_id: ReorganisationId) -> Reorganisation:
    """The act with that id. Raises :class:`ActNotFound`."""
    act = await reorganisations.find(connection, act_id)
    if act is None:
        raise ActNotFound(f"There is no act {act_id}.")
    return act


async def acts_before(connection: AsyncConnection, act: Reorganisation) -> list[Reorganisation]:
    """The approved acts that take effect before this one, in their order."""
    waiting = await reorganisations.approved(connection)
    return [one for one in waiting if one.effective_at < act.effective_at and one.id != act.id]


async def tried(connection: AsyncConnection, act: Reorganisation, *, before: list[Reorganisation]) -> Outcome:
    """What the act does to the directory as the acts ``before`` leave it. One of them that does not fit is passed."""
    standing = await load_standing(connection)
    for one in before:
        outcome = await _outcome(connection, one, standing)
        if not outcome.problems:
            standing = changed(standing, outcome.changes)
    return await _outcome(connection, act, standing)


async def _outcome(connection: AsyncConnection, act: Reorganisation, standing: Standing) -> Outcome:
    content = await reorganisations.file_of(connection, act.id)
    return await asyncio.to_thread(lambda: reorganise(read_again(act, content), standing))
