"""``python -m tests.faults``: breaks a whole network by a seeded schedule, and says what was lost or came twice."""

import argparse
import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from tests.faults.guards import GUARDS
from tests.faults.machine import Machine, Plan, Progress
from tests.faults.report import print_outcome
from tests.faults.running import PATIENCE_S

KEEP = Path("var/faults")
"""Where logs go, below a folder named by the seed."""


def main() -> int:
    """Gives the exit status: 0 only if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same schedule and letters")
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--without", action="append", default=[], choices=GUARDS, help="remove a guard; repeatable")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE_S, help="seconds without any movement before judging"
    )
    options = parser.parse_args()
    plan = Plan(
        seed=options.seed,
        faults=options.faults,
        documents=options.documents,
        without=tuple(options.without),
        patience_s=options.patience,
    )
    console = Console(width=160)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Bars(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        faults = bars.add_task("faults", total=plan.faults)
        documents = bars.add_task("documents", total=plan.documents)

        def show(progress: Progress) -> None:
            bars.update(faults, completed=progress.struck, description=f"faults ({progress.stage})")
            bars.update(documents, completed=progress.sent, description=f"documents ({progress.taken} taken)")

        outcome = asyncio.run(Machine(plan, keep=KEEP, tell=show).run())
    print_outcome(outcome, console)
    return 0 if outcome.verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
