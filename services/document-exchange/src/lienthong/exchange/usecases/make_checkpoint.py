"""Signs the state of this node's log, when it has grown."""

from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.exchange.storage.checkpoints import NewCheckpoint, add_checkpoint, last_checkpoint
from lienthong.exchange.storage.evidence_log import is_sequencer, log_size, stored_hashes
from lienthong.exchange.usecases.process import Process
from lienthong.shared.merkle import root_needs, stored_root
from lienthong.shared.signatures.checkpoints import Checkpoint, origin_of, sign_checkpoint


async def make_checkpoint(process: Process) -> int | None:
    """Signs and keeps a checkpoint, unless the log has not grown since the last one; its size.

    Raises:
        LogDamaged: Hashes are missing.
    """
    async with process.database.read() as connection:
        last, size = await last_checkpoint(connection), await log_size(connection)
    if size <= (last.size if last else 0):
        return None
    async with process.database.begin() as connection:
        if not await is_sequencer(connection):
            return None
        size = await log_size(connection)
        root = stored_root(size, await stored_hashes(connection, root_needs(size)))
        checkpoint = Checkpoint(origin=origin_of(process.here), size=size, root=root)
        new = NewCheckpoint(
            size=size,
            root=root,
            note=sign_checkpoint(checkpoint, process.seal_key),
            certificates=own_certificates(process),
            created_at=process.clock(),
        )
        await add_checkpoint(connection, new)
    return size


def own_certificates(process: Process) -> tuple[str, ...]:
    """The certificates of this node's seal: PEM, leaf first."""
    return tuple(one.public_bytes(Encoding.PEM).decode() for one in process.seal_key.chain)
