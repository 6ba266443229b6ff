"""``lienthong agencies``."""

import asyncio
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.console import print_json, print_table, table
from lienthong.sdk.profile import Profile, load_profile

HELP = """Search the directory by name (with or without diacritics) or by either code.

Example: [bold]lienthong agencies "mai chau" --profile H28.31.05[/bold]
"""


def agencies(
    query: Annotated[str, typer.Argument(help="Part of a name, or a code.")] = "",
    *,
    limit: Annotated[int, typer.Option(help="Show at most so many.", min=1)] = 50,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Searches the directory."""
    found = asyncio.run(_search(load_profile(profile), query, limit=limit))
    if as_json:
        print_json(found)
        return
    made = table("Code", "Old code", "Name", "Level", "Node")
    for agency in found:
        made.add_row(agency.code, agency.old_code or "", agency.name, agency.level, agency.node or "–")
    print_table(made)


async def _search(profile: Profile, query: str, *, limit: int) -> list[models.Agency]:
    found: list[models.Agency] = []
    async with profile.client() as client:
        async for agency in client.agencies(query):
            found.append(agency)
            if len(found) == limit:
                break
    return found
