"""Which faults strike in one run, when, where and for how long: a pure function of the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.faults.place import BROKERS, NODES, SERVICES, link_names

GAP_S: Final = 1.2
"""Between two faults, on average. They last longer: several are there at any time."""


class Kind(StrEnum):
    """Everything that the machine does to the network."""

    KILL_PROCESS = "kill-process"
    STOP_PROCESS = "stop-process"
    KILL_BROKER = "kill-broker"
    RESTART_BROKER = "restart-broker"
    WIPE_BROKER = "wipe-broker"
    KILL_POSTGRES = "kill-postgresql"
    RESTART_POSTGRES = "restart-postgresql"
    CUT_LINK = "cut-link"
    HALF_OPEN_LINK = "half-open-link"
    SLOW_LINK = "slow-link"
    FULL_DISK = "full-disk"
    CLOCK_JUMP = "clock-jump"
    REPEAT_MESSAGES = "repeat-messages"
    REORDER_MESSAGES = "reorder-messages"
    REPEAT_REQUESTS = "repeat-requests"
    CORRUPT_MESSAGES = "corrupt-messages"
    UNBIND_QUEUE = "unbind-queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One blow."""

    number: int
    at_s: float
    """After the beginning of the traffic."""
    kind: Kind
    target: str
    """A process, link, node or broker, by name; empty: PostgreSQL."""
    lasts_s: float
    strength: float
    """From 0 to 1; what it means depends on the kind."""
    silent: bool
    """Of a half-open link: its connections stay dead when it heals, and nobody tells their ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind in the catalogue."""

    kind: Kind
    share: float
    """Of all faults, roughly; each kind has at least one in any run that is long enough."""
    targets: Sequence[str]
    longest_s: float
    shortest_s: float = 0.0


CATALOGUE: Final = (
    Entry(kind=Kind.KILL_PROCESS, share=0.22, targets=SERVICES, longest_s=4),
    Entry(kind=Kind.STOP_PROCESS, share=0.04, targets=SERVICES, longest_s=2),
    Entry(kind=Kind.KILL_BROKER, share=0.025, targets=BROKERS, longest_s=3),
    Entry(kind=Kind.RESTART_BROKER, share=0.015, targets=BROKERS, longest_s=1),
    Entry(kind=Kind.WIPE_BROKER, share=0.035, targets=NODES, longest_s=4, shortest_s=1.5),
    Entry(kind=Kind.KILL_POSTGRES, share=0.02, targets=("",), longest_s=2),
    Entry(kind=Kind.RESTART_POSTGRES, share=0.01, targets=("",), longest_s=1),
    Entry(kind=Kind.CUT_LINK, share=0.15, targets=link_names(), longest_s=6),
    Entry(kind=Kind.HALF_OPEN_LINK, share=0.08, targets=link_names(), longest_s=8),
    Entry(kind=Kind.SLOW_LINK, share=0.06, targets=link_names(), longest_s=10),
    Entry(kind=Kind.FULL_DISK, share=0.03, targets=NODES, longest_s=6),
    Entry(kind=Kind.CLOCK_JUMP, share=0.05, targets=SERVICES, longest_s=12),
    Entry(kind=Kind.REPEAT_MESSAGES, share=0.07, targets=NODES, longest_s=4, shortest_s=1.5),
    Entry(kind=Kind.REORDER_MESSAGES, share=0.04, targets=NODES, longest_s=4, shortest_s=1.5),
    Entry(kind=Kind.REPEAT_REQUESTS, share=0.04, targets=NODES, longest_s=0),
    Entry(kind=Kind.UNBIND_QUEUE, share=0.05, targets=NODES, longest_s=4, shortest_s=1.5),
    Entry(kind=Kind.CORRUPT_MESSAGES, share=0.07, targets=NODES, longest_s=4, shortest_s=1.5),
)
"""What may strike."""


def schedule(seed: int, count: int, *, catalogue: Sequence[Entry] = CATALOGUE) -> tuple[Fault, ...]:
    """The faults of a run, in the order of time."""
    chance = random.Random(f"faults {seed}")  # noqa: S311 — reproducible, not secret
    deck = _deck(count, catalogue, chance)
    moments = sorted(chance.uniform(0, count * GAP_S) for _ in deck)
    return tuple(
        Fault(
            number=number,
            at_s=round(at, 3),
            kind=entry.kind,
            target=chance.choice(entry.targets),
            lasts_s=round(chance.uniform(entry.shortest_s, entry.longest_s), 3),
            strength=round(chance.random(), 3),
            silent=chance.random() < 0.5,
        )
        for number, (at, entry) in enumerate(zip(moments, deck, strict=True), 1)
    )


def _deck(count: int, catalogue: Sequence[Entry], chance: random.Random) -> list[Entry]:
    """``count`` entries by their shares, the smallest rounded up so that no kind is left out."""
    shares = sum(entry.share for entry in catalogue)
    deck = [entry for entry in catalogue for _ in range(max(1, int(count * entry.share / shares)))]
    chance.shuffle(deck)
    while len(deck) < count:
        deck.append(chance.choices(catalogue, [entry.share for entry in catalogue])[0])
    return deck[:count]
