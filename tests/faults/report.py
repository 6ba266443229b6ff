"""What a run prints: the seed, the faults by kind, what travelled, what is wrong, and the line that counts."""

from rich.console import Console

from tests.faults.machine import Outcome

SHOWN = 20
"""Entries of each list; the ledger has all of them."""


def print_outcome(outcome: Outcome, console: Console) -> None:
    """The last line is ``lost N twice N``."""
    plan, verdict = outcome.plan, outcome.verdict
    without = f", without {' and '.join(plan.without)}" if plan.without else ""
    console.print(
        f"seed {plan.seed}{without}: {outcome.wall_s:.0f} s, the last {outcome.settled_s:.0f} s without faults"
    )
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.struck.items()))
    console.print(f"{outcome.struck.total()} faults: {kinds}")
    console.print(
        f"{outcome.documents} documents, {outcome.statuses} statuses, {verdict.deliveries} deliveries; "
        f"{outcome.repeats} requests repeated, {outcome.moved_messages} messages repeated or reordered"
    )
    if outcome.falls:
        console.print(f"fell by themselves and were started again: {outcome.falls}")
    if outcome.passing:
        console.print(f"answers that offices took for passing: {dict(outcome.passing.most_common())}")
    lists = {
        "lost": verdict.lost,
        "twice": verdict.twice,
        "receipts without a document": verdict.without_document,
        "views that disagree": verdict.disagreeing,
        "statuses that moved backwards": verdict.backwards,
        "complaints": verdict.complaints,
        f"broken by the nodes' own audit of {verdict.audited} things": verdict.audit,
        "dead ends that the sender was told of": verdict.dead_ends,
    }
    for name, entries in lists.items():
        console.print(f"{name}: {len(entries)}")
        for entry in entries[:SHOWN]:
            console.print(f"  {entry}", soft_wrap=True, highlight=False)
    if outcome.logs is not None:
        console.print(f"logs: {outcome.logs}")
    console.print(f"lost {len(verdict.lost)} twice {len(verdict.twice)}", highlight=False)
