"""The floor: bare asyncio doing only what no implementation can avoid, over the same servers.

At the sender: hash, parse, verify, write with fsync, commit the document with its outbox row, publish confirmed, forget
the outbox row. At the receiver: hash, parse, verify, write with fsync, sign a receipt, commit both, publish the receipt
confirmed, acknowledge. At the sender again: verify the receipt, commit it, acknowledge. One broker connection and some
database connections per process, no framework, no validation of anything else, keys loaded once.
"""

import asyncio
import hashlib
import os
import resource
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import aio_pika
import asyncpg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

P256 = ec.ECDSA(hashes.SHA256())
TABLES = """
create table if not exists documents (id text primary key, digest text not null, receipt bytea);
create table if not exists outbox (id text primary key, digest text not null);
"""

INSERT_RECEIVED = "insert into documents (id, digest, receipt) values ($1, $2, $3) on conflict do nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorJob:
    """What one process of the floor needs.

    ``signature`` is over the package, by ``public_key`` (DER). ``receipt_key`` (PKCS#8, DER) signs at the receiver; the
    sender uses its public half.
    """

    postgres_url: str
    amqp_url: str
    directory: Path
    package: bytes
    signature: bytes
    public_key: bytes
    receipt_key: bytes
    documents: int
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorResult:
    """What one process saw: seconds on the clock, CPU seconds, and each document's latency in seconds."""

    wall_s: float
    cpu_s: float
    latencies_s: tuple[float, ...]


class Examiner:
    """Hashes, parses and verifies packages; signs and verifies receipts."""

    def __init__(self, job: FloorJob) -> None:
        key, receipt_key = load_der_public_key(job.public_key), load_der_private_key(job.receipt_key, None)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(receipt_key, ec.EllipticCurvePrivateKey)
        self._key, self._signature = key, job.signature
        self._receipt_key, self._receipt_public_key = receipt_key, receipt_key.public_key()

    def check(self, package: bytes) -> str:
        """The digest of a good package."""
        digest = hashlib.sha256(package).hexdigest()
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.Parse(package, True)
        self._key.verify(self._signature, package, P256)
        return digest

    def receipt(self, ident: str, digest: str) -> bytes:
        """A signature that says: the document ``ident`` with that digest has arrived."""
        return self._receipt_key.sign(f"{ident} {digest}".encode(), P256)

    def check_receipt(self, receipt: bytes, ident: str, digest: str) -> None:
        """Raises ``InvalidSignature`` unless the receiver signed it."""
        self._receipt_public_key.verify(receipt, f"{ident} {digest}".encode(), P256)


def write_durably(path: Path, data: bytes) -> None:
    """One file, on the disk with its name when this returns."""
    with path.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _consume(
    channel: aio_pika.abc.AbstractChannel,
    name: str,
    handle: Callable[[aio_pika.abc.AbstractIncomingMessage], Awaitable[None]],
) -> None:
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    tasks: set[asyncio.Task[None]] = set()

    def on_message(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        task = asyncio.ensure_future(handle(message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def consumer(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        on_message(message)

    await queue.consume(consumer)


def _persistent(body: bytes, message_id: str) -> aio_pika.Message:
    return aio_pika.Message(body, message_id=message_id, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)


async def _sender(job: FloorJob) -> FloorResult:
    pool = await asyncpg.create_pool(job.postgres_url, min_size=4, max_size=16)
    await pool.execute(TABLES)
    connection = await aio_pika.connect(job.amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(256)
    started: dict[str, float] = {}
    latencies: list[float] = []
    done = asyncio.Event()
    gate = asyncio.Semaphore(job.concurrency)
    examiner = Examiner(job)
    digests: dict[str, str] = {}

    async def on_receipt(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        ident = message.message_id or ""
        examiner.check_receipt(message.body, ident, digests.pop(ident))
        await pool.execute("update documents set receipt = $2 where id = $1", ident, message.body)
        await message.ack()
        latencies.append(time.perf_counter() - started[ident])
        gate.release()
        if len(latencies) == job.documents:
            done.set()

    async def submit(n: int) -> None:
        ident = f"{os.getpid()}-{n}"
        started[ident] = time.perf_counter()
        digest = digests[ident] = examiner.check(job.package)
        await asyncio.to_thread(write_durably, job.directory / ident, job.package)
        async with pool.acquire() as tx, tx.transaction():
            await tx.execute("insert into documents (id, digest) values ($1, $2)", ident, digest)
            await tx.execute("insert into outbox (id, digest) values ($1, $2)", ident, digest)
        await channel.default_exchange.publish(_persistent(job.package, ident), "floor.receiver")
        await pool.execute("delete from outbox where id = $1", ident)

    await channel.declare_queue("floor.receiver", durable=True, arguments={"x-queue-type": "quorum"})
    await _consume(channel, "floor.sender", on_receipt)
    cpu, begun = time.process_time(), time.perf_counter()
    tasks = []
    for n in range(job.documents):
        await gate.acquire()
        tasks.append(asyncio.create_task(submit(n)))
    await asyncio.gather(*tasks)
    await done.wait()
    result = FloorResult(
        wall_s=time.perf_counter() - begun, cpu_s=time.process_time() - cpu, latencies_s=tuple(latencies)
    )
    await connection.close()
    await pool.close()
    return result


async def _receiver(job: FloorJob) -> FloorResult:
    pool = await asyncpg.create_pool(job.postgres_url, min_size=4, max_size=16)
    await pool.execute(TABLES)
    connection = await aio_pika.connect(job.amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(256)
    examiner = Examiner(job)
    remaining = job.documents
    done = asyncio.Event()

    async def on_document(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        nonlocal remaining
        ident = message.message_id or ""
        digest = examiner.check(message.body)
        await asyncio.to_thread(write_durably, job.directory / ident, message.body)
        receipt = examiner.receipt(ident, digest)
        await pool.execute(INSERT_RECEIVED, ident, digest, receipt)
        await channel.default_exchange.publish(_persistent(receipt, ident), "floor.sender")
        await message.ack()
        remaining -= 1
        if remaining == 0:
            done.set()

    await channel.declare_queue("floor.sender", durable=True, arguments={"x-queue-type": "quorum"})
    await _consume(channel, "floor.receiver", on_document)
    cpu, begun = time.process_time(), time.perf_counter()
    await done.wait()
    result = FloorResult(wall_s=time.perf_counter() - begun, cpu_s=time.process_time() - cpu, latencies_s=())
    await connection.close()
    await pool.close()
    return result


def _run(role: str, job: FloorJob) -> FloorResult:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job.directory.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_sender(job) if role == "sender" else _receiver(job))


def measure(sender: FloorJob, receiver: FloorJob) -> tuple[FloorResult, FloorResult]:
    """Runs both processes of the floor to the end."""
    with ProcessPoolExecutor(max_workers=2) as processes:
        at_receiver = processes.submit(_run, "receiver", receiver)
        at_sender = processes.submit(_run, "sender", sender)
        return at_sender.result(), at_receiver.result()
