"""``lienthong admin destinations``."""

import asyncio
from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.admin.opening import NodeOption, asked
from lienthong.sdk.console import print_json, print_table, table, when, zone_name
from lienthong.sdk.operator_models import Destination

HELP = """Show the nodes that this node sends to: what waits for each, since when, and what went wrong last.

Example: [bold]lienthong admin destinations --profile operator --node H28[/bold]
"""


def destinations(
    *, profile: ProfileOption = None, node: NodeOption = None, as_json: JSONOption = False, utc: UTCOption = False
) -> None:
    """Shows destinations."""
    found = asyncio.run(asked(profile, node, lambda client: client.read("/v1/admin/destinations", Destination)))
    if as_json:
        print_json(found)
        return
    print_table(destination_table(found, utc=utc))


def destination_table(found: Iterable[Destination], *, utc: bool) -> Table:
    """One line per destination."""
    zone = zone_name(utc=utc)
    made = table(
        "Node",
        "State",
        "Waiting",
        zone.replace("Time", "Oldest"),
        "Failures",
        "Last error",
        zone.replace("Time", "Next attempt"),
    )
    for one in found:
        made.add_row(
            one.node,
            _state(one),
            str(one.backlog),
            when(one.oldest_at, utc=utc) if one.oldest_at else "–",
            str(one.attempts),
            one.last_error or "–",
            when(one.next_attempt_at, utc=utc) if one.next_attempt_at else "–",
        )
    return made


def _state(one: Destination) -> Text:
    if one.paused:
        return Text("paused", style="yellow")
    return Text("failing", style="red") if one.attempts else Text("works", style="green")
