"""``lienthong admin state``, ``drain`` and ``undrain``."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.admin.opening import NodeOption, ReasonOption, asked, operator_of
from lienthong.sdk.console import print_json, print_table, table, when, zone_name
from lienthong.sdk.operator_client import OperatorClient
from lienthong.sdk.operator_models import NodeState

HELP = """Show what is open at the node: outbox, inboxes, dead letters, alarms; and whether it is safe to stop it.

Example: [bold]lienthong admin state --profile operator --node H28[/bold]
"""
DRAIN_HELP = """Take nothing new in, for maintenance; giving out goes on.

[bold]--wait[/bold] ends when it is safe to stop.

Example: [bold]lienthong admin drain --wait --reason "Bảo trì máy chủ" --profile operator --node H28[/bold]
"""
UNDRAIN_HELP = """Take things in again.

Example: [bold]lienthong admin undrain --profile operator --node H28[/bold]
"""
LOOK_INTERVAL_S = 1.0


def state(
    *, profile: ProfileOption = None, node: NodeOption = None, as_json: JSONOption = False, utc: UTCOption = False
) -> None:
    """Shows what is open."""
    _show(
        asyncio.run(asked(profile, node, lambda client: client.read_one("/v1/admin/state", NodeState))),
        as_json=as_json,
        utc=utc,
    )


def drain(
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until nothing is left to be sent.")] = False,
    reason: ReasonOption = "",
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Drains a node."""
    _show(asyncio.run(_drain(profile, node, reason=reason, wait=wait, quiet=as_json)), as_json=as_json, utc=utc)


def undrain(
    *,
    reason: ReasonOption = "",
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Ends draining."""
    done = asyncio.run(asked(profile, node, lambda client: client.act("/v1/admin/undrain", NodeState, reason=reason)))
    _show(done, as_json=as_json, utc=utc)


async def _drain(profile: str | None, node: str | None, *, reason: str, wait: bool, quiet: bool) -> NodeState:
    async with operator_of(profile, node) as client:
        found = await client.act("/v1/admin/drain", NodeState, reason=reason)
        return await _watched(client, found, quiet=quiet) if wait else found


async def _watched(client: OperatorClient, found: NodeState, *, quiet: bool) -> NodeState:
    """Shows the outbox become empty; ends when it is, or when somebody ended the draining."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        most = found.outbox
        task = bar.add_task(f"{found.node} sends what is left", total=most or None)
        while found.draining is not None and not found.is_drained:
            await asyncio.sleep(LOOK_INTERVAL_S)
            found = await client.read_one("/v1/admin/state", NodeState)
            most = max(most, found.outbox)
            bar.update(task, completed=most - found.outbox, total=most or None)
    return found


def _show(found: NodeState, *, as_json: bool, utc: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(state_table(found, utc=utc))


def state_table(found: NodeState, *, utc: bool) -> Table:
    """One line for each thing that may be open."""
    zone = zone_name(utc=utc).removeprefix("Time ")
    since = f", the oldest since {when(found.oldest_at, utc=utc)} {zone}" if found.oldest_at else ""
    made = table("What", "How much", title=f"Node {found.node}")
    made.add_row("Takes things in", _taking(found, utc=utc, zone=zone))
    made.add_row("Outbox", f"{found.outbox}{since}")
    made.add_row("Outbox, of paused destinations", str(found.outbox_paused))
    made.add_row("With brokers, not acknowledged yet", str(found.outbox_sent))
    made.add_row("Destinations that fail", _marked(found.failing))
    made.add_row("In inboxes", f"{found.inbox}, {found.claimed} of them claimed now")
    made.add_row("Redeliveries in inboxes", str(found.redeliveries))
    made.add_row("Dead letters", _marked(found.dead_letters))
    made.add_row("Alarms", _marked(found.alarms))
    made.add_row("Evidence not in the log yet", str(found.evidence_not_logged))
    return made


def _taking(found: NodeState, *, utc: bool, zone: str) -> Text:
    if found.draining is None:
        return Text("yes", style="green")
    about = f" ({found.draining.reason})" if found.draining.reason else ""
    since = f"drained since {when(found.draining.since, utc=utc)} {zone} by {found.draining.by}{about}"
    safe = ": safe to stop" if found.is_drained else ": not safe to stop yet"
    return Text(since + safe, style="yellow")


def _marked(count: int) -> Text:
    return Text(str(count), style="red" if count else "green")
