"""``lienthong admin redeliver``."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console

from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.commands.admin.opening import NodeOption, ReasonOption, operator_of
from lienthong.sdk.console import VIETNAM, print_json
from lienthong.sdk.operator_models import Redelivery

HELP = """Give an agency that lost its data what it took over since a date again.

The documents come into its inbox once more, marked as redeliveries; senders see no difference. A time without a zone
is Vietnam's. When the command breaks off, repeat it with the same [bold]--key[/bold]: it goes on where it stopped.

Examples: [bold]lienthong admin redeliver H28.31 --since 2026-11-18 --dry-run --profile operator --node H28.31[/bold] ·
[bold]lienthong admin redeliver H28.31 --since 2026-11-18T07:30 --profile operator --node H28.31[/bold]
"""
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


def redeliver(
    agency: Annotated[str, typer.Argument(help="Whose documents; the node must serve it.")],
    *,
    since: Annotated[datetime, typer.Option(help="From when on.", formats=FORMATS)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    key: Annotated[str | None, typer.Option(help="Of this order; a fresh one if not given.")] = None,
    reason: ReasonOption = "",
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
) -> None:
    """Redelivers."""
    aware = since if since.tzinfo else since.replace(tzinfo=VIETNAM)
    done = asyncio.run(
        _redeliver(
            profile, node, {"agency": agency, "since": aware.isoformat(), "dry_run": dry_run, "reason": reason}, key=key
        )
    )
    if as_json:
        print_json(done)
    elif dry_run:
        typer.echo(f"{done.would_make} documents would wait for {done.agency} again. Nothing was done.")
    else:
        typer.echo(f"{done.made} documents wait for {done.agency} again.")


async def _redeliver(profile: str | None, node: str | None, said: dict[str, object], *, key: str | None) -> Redelivery:
    """Batch after batch, until the order is complete."""
    key = key or str(uuid4())
    async with operator_of(profile, node) as client:
        if not said["dry_run"]:
            Console(stderr=True).print(f"Key of this order: {key}", markup=False, highlight=False)
        while True:
            done = await client.act("/v1/admin/redeliveries", Redelivery, key=key, **said)
            if done.complete or said["dry_run"]:
                return done
