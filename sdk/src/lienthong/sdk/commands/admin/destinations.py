"""``lienthong admin destinations``, ``pause``, ``resume`` and ``retry``."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table
from rich.text import Text

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.admin.opening import NodeOption, ReasonOption, asked
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


PAUSE_HELP = """Send nothing to a destination until [bold]resume[/bold]; what is for it waits, others go on.

Example: [bold]lienthong admin pause G22 --reason "Bảo trì máy chủ" --profile operator --node H28[/bold]
"""
RESUME_HELP = """Send to a paused destination again, the most urgent first.

Example: [bold]lienthong admin resume G22 --profile operator --node H28[/bold]
"""
RETRY_HELP = """Try a destination that backs off at once.

Example: [bold]lienthong admin retry G22 --profile operator --node H28[/bold]
"""


def steering(verb: str) -> Callable[..., None]:
    """The command that does ``verb``, a path of the API, to one destination."""

    def steer(
        destination: Annotated[str, typer.Argument(help="The node that is sent to, by its id.")],
        *,
        reason: ReasonOption = "",
        profile: ProfileOption = None,
        node: NodeOption = None,
        as_json: JSONOption = False,
        utc: UTCOption = False,
    ) -> None:
        path = f"/v1/admin/destinations/{quote(destination, safe='')}/{verb}"
        done = asyncio.run(asked(profile, node, lambda client: client.act(path, Destination, reason=reason)))
        if as_json:
            print_json(done)
            return
        print_table(destination_table([done], utc=utc))

    return steer


def destination_table(found: Iterable[Destination], *, utc: bool) -> Table:
    """One line per destination."""
    zone = zone_name(utc=utc)
    made = table(
        "Node",
        "State",
        "Waiting",
        "Urgent",
        "Sent",
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
            str(sum(some.backlog for some in one.by_priority if some.priority)),
            str(one.sent),
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
