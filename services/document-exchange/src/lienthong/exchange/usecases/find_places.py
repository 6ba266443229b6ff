"""Asks the nodes of a journey where their evidence stands in their logs. What cannot be had now is told, not raised."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final, Protocol

from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.evidence_export import Piece, sound_place
from lienthong.exchange.usecases.node_logs import node_log
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.read_log import one_checkpoint, prove_inclusion
from lienthong.shared.contracts.log import CheckpointAnswer, InclusionAnswer
from lienthong.shared.errors import LienthongError, NotFound
from lienthong.shared.identifiers import EvidenceId, NodeId

NODE_LIMIT: Final = timedelta(seconds=10)
"""In which a node must have answered for all of its pieces."""
NODES_AT_ONCE: Final = 16
"""Nodes that are asked at the same time."""


class Log(Protocol):
    """A log that can be asked: this node's own, or another's."""

    async def inclusion(self, evidence: EvidenceId, *, size: int | None = None) -> InclusionAnswer:
        """Where ``evidence`` stands among the first ``size`` entries; None: those of the covering checkpoint."""

    async def checkpoint(self, size: int) -> CheckpointAnswer:
        """The checkpoint of exactly ``size`` entries."""


class _OwnLog:
    def __init__(self, process: Process) -> None:
        self._process = process

    async def inclusion(self, evidence: EvidenceId, *, size: int | None = None) -> InclusionAnswer:
        return await prove_inclusion(self._process, evidence, size=size)

    async def checkpoint(self, size: int) -> CheckpointAnswer:
        return await one_checkpoint(self._process, size)


async def find_places(evidence: Sequence[SealedEvidence], process: Process) -> tuple[Piece, ...]:
    """Each piece with its place, in the order of ``evidence``."""
    room = asyncio.Semaphore(NODES_AT_ONCE)

    async def ask(node: NodeId, pieces: Sequence[SealedEvidence]) -> dict[EvidenceId, Piece]:
        async with room:
            return await _pieces_of(node, pieces, process)

    by_node = groupby(sorted(evidence, key=_issuer), key=_issuer)
    answers = await asyncio.gather(*(ask(node, tuple(pieces)) for node, pieces in by_node))
    found = {name: piece for answer in answers for name, piece in answer.items()}
    return tuple(found[one.claims.id] for one in evidence)


def _issuer(piece: SealedEvidence) -> NodeId:
    return piece.claims.issuer


async def _pieces_of(node: NodeId, pieces: Sequence[SealedEvidence], process: Process) -> dict[EvidenceId, Piece]:
    found: dict[EvidenceId, Piece] = {}
    try:
        async with asyncio.timeout(NODE_LIMIT.total_seconds()):
            async for piece in _placed(_log_of(node, process), pieces):
                found[piece.sealed.claims.id] = piece
            return found
    except TimeoutError:
        gap = f"The node {node} did not answer in time when the file was made."
    except LienthongError as error:
        gap = f"The log of the node {node} was not to be had when the file was made. {error.detail}"
    return {one.claims.id: Piece(sealed=one, place=None, gap=gap) for one in pieces} | found


async def _placed(log: Log, pieces: Iterable[SealedEvidence]) -> AsyncIterator[Piece]:
    """The newest piece first: the checkpoint over it is over all, and one is enough."""
    checkpoint: CheckpointAnswer | None = None
    for sealed in sorted(pieces, key=lambda one: one.claims.id, reverse=True):
        node = sealed.claims.issuer
        try:
            inclusion = await log.inclusion(sealed.claims.id, size=checkpoint.size if checkpoint else None)
            checkpoint = checkpoint or await log.checkpoint(inclusion.size)
        except NotFound:
            yield Piece(
                sealed=sealed, place=None, gap=f"The node {node} has not put it into its log and signed that yet."
            )
            continue
        place = sound_place(sealed, inclusion, checkpoint)
        gap = "" if place else f"The log of the node {node} does not show what the node stated."
        yield Piece(sealed=sealed, place=place, gap=gap)


def _log_of(node: NodeId, process: Process) -> Log:
    """Raises :class:`~lienthong.shared.directory.NodeUnknown`: it is not in the directory any more."""
    if node == process.here:
        return _OwnLog(process)
    return node_log(node, process)
