"""A country for benchmarks: one centre, provinces, and communes that are no more than a seal and a queue."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.links import CountingBus, Links
from lienthong.exchange.domain.accept_envelope import Judge, verified_passage
from lienthong.exchange.domain.bundles import open_message
from lienthong.shared.bus import Message
from lienthong.shared.bus.in_process import InProcessBroker, InProcessBus
from lienthong.shared.contracts.directory import AgencyEntry, DirectorySnapshot, Level, NodeEntry
from lienthong.shared.contracts.taken import TAKEN_TYPE, Taken
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import AgencyCode, MessageId, NodeId, new_uuid
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.signatures.trust import TrustStore
from tests.support.pki import PKI

CENTRE = NodeId("G22")
FIRST_PROVINCE = 10


def province_of(commune: str) -> str:
    """The province that a commune's code begins with."""
    return commune.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Who is there. Every node is on a broker of its own, so that everything goes hop by hop."""

    pki: PKI
    trust: TrustStore
    directory: Directory
    provinces: tuple[NodeId, ...]
    communes: tuple[NodeId, ...]
    broker: InProcessBroker

    @classmethod
    def made(cls, now: datetime, *, provinces: int, communes: int) -> "Country":
        """With that many provinces and communes, spread evenly."""
        pki = PKI.new(now)
        names = tuple(NodeId(f"H{FIRST_PROVINCE + number}") for number in range(provinces))
        below = tuple(NodeId(f"{names[n % provinces]}.{1 + n // provinces}") for n in range(communes))
        nodes = [_node(CENTRE, None, Level.CENTRAL)]
        nodes += [_node(one, CENTRE, Level.PROVINCE) for one in names]
        nodes += [_node(one, NodeId(province_of(one)), Level.COMMUNE) for one in below]
        snapshot = DirectorySnapshot(
            version=1,
            issued_at=now - timedelta(minutes=1),
            expires_at=now + timedelta(days=1),
            nodes=tuple(nodes),
            agencies=tuple(
                AgencyEntry(
                    code=AgencyCode(one.id),
                    name=one.name,
                    parent=AgencyCode(one.parent) if one.parent else None,
                    level=one.level,
                    node=one.id,
                )
                for one in nodes
            ),
        )
        return cls(
            pki=pki,
            trust=pki.trust(),
            directory=Directory(snapshot),
            provinces=names,
            communes=below,
            broker=InProcessBroker(),
        )

    def start_communes(self, links: Links, has_it: Callable[[str], None]) -> Iterator[asyncio.Task[None]]:
        """Every commune takes messages until it is cancelled."""
        for one in self.communes:
            self.broker.declare(one)
            commune = Commune(self, one, seal=self.pki.node_seal(one), has_it=has_it)
            bus = CountingBus(InProcessBus(self.broker, node=one), one, links)
            yield asyncio.create_task(commune.run(bus))


def communes_of(province: str, country: Country) -> tuple[NodeId, ...]:
    """Those below ``province``."""
    return tuple(one for one in country.communes if province_of(one) == province)


class Commune:
    """Takes messages as a node does: nothing counts whose seals, passage or digest are not good."""

    def __init__(self, country: Country, node: NodeId, *, seal: SealKey, has_it: Callable[[str], None]) -> None:
        self._country = country
        self._node = node
        self._seal = seal
        self._has_it = has_it

    async def run(self, bus: CountingBus) -> None:
        """Until cancelled."""
        await bus.open()
        async for batch in bus.batches(self._node, size=10, linger=timedelta()):
            for received in batch:
                issuer = self._verified(received.message)
                self._has_it(self._node)
                await received.ack()
                await bus.publish(self._notice(issuer, received.message.id))

    def _verified(self, message: Message) -> NodeId:
        """The sender. Raises whatever a node raises."""
        now = datetime.now(UTC)
        judge = Judge(here=self._node, trust=self._country.trust, directory=self._country.directory, at=now)
        envelopes = open_message(message.envelope, message.id, judge=judge)
        for envelope in envelopes:
            verified_passage(envelope, judge=judge)
            if hashlib.sha256(message.body).hexdigest() != envelope.document.package.sha256:
                raise SystemExit(f"{self._node} got another package than was announced.")
        return envelopes[0].issuer

    def _notice(self, issuer: NodeId, message: MessageId) -> Message:
        taken = Taken(issuer=self._node, audience=issuer, issued_at=datetime.now(UTC), messages=(message,))
        return Message(id=MessageId(new_uuid()), destination=issuer, envelope=self._seal.seal(TAKEN_TYPE, taken))


def _node(node: NodeId, parent: NodeId | None, level: Level) -> NodeEntry:
    return NodeEntry(
        id=node, parent=parent, name=f"UBND {node}", level=level, broker=f"broker-{node}", url=f"http://{node}.invalid"
    )
