"""Keeps what the witness of this node's log signed."""

from lienthong.exchange.domain.witnesses import witness_of
from lienthong.exchange.errors import CheckpointMissing, WitnessNotEntitled
from lienthong.exchange.storage.checkpoints import add_cosignature, checkpoint_of
from lienthong.exchange.usecases.process import Process
from lienthong.shared.contracts.log import WitnessedCheckpoint
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.certificates import certificate_from_pem
from lienthong.shared.signatures.checkpoints import CheckpointInvalid, read_note, verify_cosignature


async def take_cosignature(witnessed: WitnessedCheckpoint, by: NodeId, process: Process) -> None:
    """Keeps the signature of the witness; the same again changes nothing.

    1. It is that of the caller, and the caller is this node's witness.
    2. This node made such a checkpoint.
    3. The signature is the witness's, over that checkpoint.

    Raises:
        WitnessNotEntitled: Step 1.
        CheckpointMissing: Step 2.
        CheckpointInvalid: Step 3.
    """
    given, now = witnessed.cosignature, process.clock()
    if not by == given.witness == witness_of(process.here, process.directory.current()):  # 1
        raise WitnessNotEntitled(f"The node {by} is not the witness of this node's log.")
    async with process.database.read() as connection:
        own = await checkpoint_of(connection, witnessed.size)
    if own is None:  # 2
        raise CheckpointMissing(f"This node has made no checkpoint of {witnessed.size} entries.")
    try:
        certificates = [certificate_from_pem(one) for one in given.certificates]
    except ValueError as error:
        raise CheckpointInvalid("The witness's certificates cannot be read.") from error
    checkpoint, trust = read_note(own.note).checkpoint, process.trust.current()
    time = verify_cosignature(checkpoint, given.line, witness=by, certificates=certificates, trust=trust, at=now)  # 3
    async with process.database.begin() as connection:
        await add_cosignature(connection, witnessed.size, given, time=time)
