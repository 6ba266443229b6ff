"""``lienthong agencies``."""

import asyncio
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.console import print_json, print_table, table
from lienthong.sdk.profile import Profile, load_profile

HELP = """Search the directory by name (with or without diacritics) or by either code.

With [bold]--at[/bold], show the agency with a code as it was then, and who answers for it where it is closed.

Examples: [bold]lienthong agencies "mai chau" --profile H28.31.05[/bold] ·
[bold]lienthong agencies H28.31 --at 2024-10-01 --profile H28.31.05[/bold]
"""


def agencies(
    query: Annotated[str, typer.Argument(help="Part of a name, or a code.")] = "",
    *,
    at: Annotated[str | None, typer.Option(help="As of a date (in Vietnam) or a time; QUERY is a code then.")] = None,
    limit: Annotated[int, typer.Option(help="Show at most so many.", min=1)] = 50,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Searches the directory."""
    asking = load_profile(profile)
    found = asyncio.run(_as_of(asking, query, at) if at else _search(asking, query, limit=limit))
    if as_json:
        print_json(found)
        return
    made = table("Code", "Old code", "Name", "Level", "Node", "Status", "Responsible")
    for agency in found:
        answering = ", ".join(agency.responsible) or "–"
        node = agency.node or "–"
        made.add_row(agency.code, agency.old_code or "", agency.name, agency.level, node, agency.status, answering)
    print_table(made)


async def _as_of(profile: Profile, code: str, at: str) -> list[models.Agency]:
    async with profile.client() as client:
        return [await client.agency(code, at=at)]


async def _search(profile: Profile, query: str, *, limit: int) -> list[models.Agency]:
    found: list[models.Agency] = []
    async with profile.client() as client:
        async for agency in client.agencies(query):
            found.append(agency)
            if len(found) == limit:
                break
    return found
