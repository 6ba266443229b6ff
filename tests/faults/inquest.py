"""Where things were last seen: after a run that lost something, the nodes' databases and the brokers are looked into.

For people who look for the mistake. The judge asks nobody but the offices.
"""

from collections.abc import Sequence

import aio_pika
import asyncpg

from lienthong.shared.bus import dead_queue_name, queue_name
from lienthong.shared.identifiers import NodeId
from tests.faults.place import BROKER_OF, NODES, Place

BACKLOG = """
    select o.destination, count(*) as waiting, min(o.created_at) as oldest, max(o.lease_until) as lease_until,
           max(o.attempts) as unreadable, max(d.attempts) as failures, max(d.next_attempt_at) as next_attempt_at,
           max(d.last_error) as last_error
    from outbox o left join outbox_destinations d using (destination) group by o.destination
"""
TRACES = """
    select d.id as document, v.agency, v.is_local, v.transport_status, v.transport_detail
    from documents d left join deliveries v on v.document_id = d.id where d.id = any($1)
"""


async def inquire(place: Place, documents: Sequence[str]) -> list[str]:
    """One line for each thing that was found."""
    found: list[str] = []
    for node in NODES:
        connection = await asyncpg.connect(place.site.nodes[NodeId(node)].database_url)
        try:
            found += [f"{node} outbox: {_shown(row)}" for row in await connection.fetch(BACKLOG)]
            found += [f"{node}: {_shown(row)}" for row in await connection.fetch(TRACES, list(documents))]
        finally:
            await connection.close()
        try:
            found += await _queues(place, NodeId(node))
        except (aio_pika.exceptions.AMQPError, OSError) as error:  # a broker may be what is wrong
            found.append(f"{node}: its broker says {error!r}")
    return found


async def _queues(place: Place, node: NodeId) -> list[str]:
    found = []
    async with await aio_pika.connect(place.brokers[BROKER_OF[node]].url(), timeout=10) as connection:
        channel = await connection.channel()
        for name in (queue_name(node), dead_queue_name(node)):
            queue = await channel.declare_queue(name, passive=True)
            held = queue.declaration_result
            found.append(f"{name}: {held.message_count} messages, {held.consumer_count} consumers")
        while (message := await queue.get(fail=False)) is not None:
            found.append(f"  dead: {message.message_id} {message.headers.get('reason')!r}")
            await message.nack(requeue=False)
    return found


def _shown(row: asyncpg.Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
