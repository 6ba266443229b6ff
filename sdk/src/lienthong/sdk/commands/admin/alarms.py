"""``lienthong admin alarms``."""

import asyncio

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.admin.opening import NodeOption, asked
from lienthong.sdk.console import print_json, print_table, table, when, zone_name
from lienthong.sdk.operator_models import Alarm

HELP = """Show what the node found wrong: with the evidence logs of its neighbours, and with signers of documents.

Example: [bold]lienthong admin alarms --profile operator --node H28[/bold]
"""


def alarms(
    *, profile: ProfileOption = None, node: NodeOption = None, as_json: JSONOption = False, utc: UTCOption = False
) -> None:
    """Shows alarms."""
    found = asyncio.run(asked(profile, node, lambda client: client.read("/v1/admin/alarms", Alarm)))
    if as_json:
        print_json(found)
        return
    last = zone_name(utc=utc).replace("Time", "Seen last")
    made = table("About", "Violation", "What was seen", "Rounds", last, title=f"{len(found)} alarms")
    for one in found:
        made.add_row(one.node, one.violation, one.detail, str(one.rounds), when(one.last_seen_at, utc=utc))
    print_table(made)
