"""``lienthong admin acts``."""

import asyncio
from typing import Annotated

import typer

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.admin.opening import NodeOption, asked
from lienthong.sdk.console import print_json, print_table, table, when, zone_name
from lienthong.sdk.operator_models import Act

HELP = """Show what operators did to the node, the newest first: who, when, why.

Example: [bold]lienthong admin acts --limit 20 --profile operator --node H28[/bold]
"""


def acts(
    *,
    limit: Annotated[int, typer.Option(help="Show at most so many.", min=1)] = 50,
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Shows acts."""
    found = asyncio.run(asked(profile, node, lambda client: client.read("/v1/admin/acts", Act, at_most=limit)))
    if as_json:
        print_json(found)
        return
    made = table(zone_name(utc=utc), "Who", "Did", "To", "Why", "Came to")
    for one in found:
        came_to = ", ".join(f"{name} {value}" for name, value in one.detail.items())
        made.add_row(when(one.at, utc=utc), one.actor, one.act, one.subject, one.reason or "–", came_to or "–")
    print_table(made)
