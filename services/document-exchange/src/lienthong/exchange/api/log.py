"""The evidence log as others read it: checkpoints, proofs, entries; and what its witness brings."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.log_readers import READER_ERRORS, EntryReader, Witness, log_reader
from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.errors import (
    AuditorNotAllowed,
    CheckpointMissing,
    EvidenceNotLogged,
    LogDamaged,
    LogSizeInvalid,
    WitnessNotEntitled,
)
from lienthong.exchange.usecases.read_log import (
    WantedEntries,
    covering_checkpoint,
    newest_checkpoint,
    one_checkpoint,
    prove_consistency,
    prove_inclusion,
    read_entries,
)
from lienthong.exchange.usecases.take_cosignature import take_cosignature
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.log import (
    MAX_ENTRIES,
    CheckpointAnswer,
    ConsistencyAnswer,
    EntriesAnswer,
    InclusionAnswer,
    WitnessedCheckpoint,
)
from lienthong.shared.identifiers import EvidenceId
from lienthong.shared.merkle import MAX_TREE_SIZE
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.signatures.checkpoints import CheckpointInvalid

router = APIRouter(prefix="/v1/log", tags=["evidence log"])

DEFAULT_ENTRIES = 100
READING = (*READER_ERRORS, InvalidRequest, LogDamaged)
CHECKPOINTS = problem_responses(*READING, CheckpointMissing)
AnyNode = [Depends(log_reader)]
"""For endpoints that do not ask who reads, only whether it may."""
Entries = Annotated[int, Query(ge=1, le=MAX_TREE_SIZE, description="Number of entries")]


@router.get("/checkpoints/newest", summary="Newest checkpoint", responses=CHECKPOINTS, dependencies=AnyNode)
async def newest(*, factory: WithFactory, stamped: bool = False) -> CheckpointAnswer:
    """The newest signed state of the log; with ``stamped``, the newest that has a time stamp.

    ``note`` is a signed note (C2SP tlog-checkpoint). What witnesses and time-stamping authority added stands beside it.
    """
    return await newest_checkpoint(factory, stamped=stamped)


@router.get(
    "/checkpoints/covering", summary="Checkpoint over given entries", responses=CHECKPOINTS, dependencies=AnyNode
)
async def covering(size: Entries, *, factory: WithFactory) -> CheckpointAnswer:
    """The smallest checkpoint over at least the first ``size`` entries that is time-stamped and witnessed.

    While there is none: the smallest that is time-stamped; else the smallest.
    """
    return await covering_checkpoint(factory, size)


@router.get("/checkpoints/{size}", summary="One checkpoint", responses=CHECKPOINTS, dependencies=AnyNode)
async def checkpoint(
    size: Annotated[int, Path(ge=1, le=MAX_TREE_SIZE, description="Its number of entries")], *, factory: WithFactory
) -> CheckpointAnswer:
    """The checkpoint of exactly ``size`` entries."""
    return await one_checkpoint(factory, size)


@router.get(
    "/inclusion",
    summary="Prove that evidence is in the log",
    responses=problem_responses(*READING, EvidenceNotLogged, CheckpointMissing, LogSizeInvalid),
    dependencies=AnyNode,
)
async def inclusion(
    evidence: Annotated[str, Query(max_length=36, description="Id of the evidence: a UUID")],
    *,
    factory: WithFactory,
    size: Entries | None = None,
) -> InclusionAnswer:
    """The proof that evidence of this node is among the first ``size`` entries. Source: RFC 9162 section 2.1.3.

    Without ``size``: those of the checkpoint that ``/v1/log/checkpoints/covering`` gives for it.
    """
    if not UUID.fullmatch(evidence):
        raise EvidenceNotLogged("This node has not logged that evidence, or not yet.")
    return await prove_inclusion(factory, EvidenceId(evidence), size=size)


@router.get(
    "/consistency",
    summary="Prove that the log only grew",
    responses=problem_responses(*READING, LogSizeInvalid),
    dependencies=AnyNode,
)
async def consistency(
    old: Annotated[int, Query(ge=0, le=MAX_TREE_SIZE, alias="from", description="Entries of the earlier state")],
    new: Annotated[int, Query(ge=0, le=MAX_TREE_SIZE, alias="to", description="Entries of the later state")],
    *,
    factory: WithFactory,
) -> ConsistencyAnswer:
    """The proof that the log of ``to`` entries begins with that of ``from``. Source: RFC 9162 section 2.1.4."""
    return await prove_consistency(factory, old, new)


@router.get(
    "/entries",
    summary="Read entries",
    responses=problem_responses(*READING, AuditorNotAllowed, LogSizeInvalid),
)
async def entries(
    begin: Annotated[int, Query(ge=0, le=MAX_TREE_SIZE, description="0 is the first entry")],
    size: Entries,
    *,
    factory: WithFactory,
    _reader: EntryReader,
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES, description="At most so many entries")] = DEFAULT_ENTRIES,
) -> EntriesAnswer:
    """Entries from ``begin`` on, and one proof that they stand in the log of ``size`` entries.

    Hash the texts yourself, with 0x00 before each. Fewer than ``limit`` when they are long, but at least one.
    """
    return await read_entries(factory, WantedEntries(begin=begin, size=size, limit=limit))


@router.post(
    "/cosignatures",
    status_code=204,
    summary="Bring a witness's signature, as a node",
    responses=problem_responses(*READING, WitnessNotEntitled, CheckpointMissing, CheckpointInvalid, RequestTooLarge),
)
async def cosign(witnessed: WitnessedCheckpoint, *, factory: WithFactory, witness: Witness) -> None:
    """The witness of this log found a checkpoint consistent with all that it saw before, and signed it."""
    await take_cosignature(witnessed, witness, factory)
