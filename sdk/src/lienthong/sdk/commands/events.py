"""``lienthong events``."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from lienthong.sdk.arguments import AgencyOption, JSONOption, ProfileOption, UTCOption
from lienthong.sdk.console import output, print_json, print_table, table, when, zone_name
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.push_models import EventsPage
from lienthong.shared.contracts.events import CloudEvent

HELP = """Show what happened to your documents; [bold]--follow[/bold] shows it as it happens, through any interruption.

Examples: [bold]lienthong events --profile G22[/bold] ·
[bold]lienthong events --follow --after 181 --json --profile G22[/bold]
"""
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="Only this type, such as vn.lienthong.delivery.arrived; repeatable.")
]


def events(
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C; with --json one event a line.")] = False,
    after: Annotated[int | None, typer.Option(help="Everything up to this position was seen.", min=0)] = None,
    limit: Annotated[int, typer.Option(help="Show at most so many.", min=1, max=500)] = 100,
    types: TypeOption = None,
    agency: AgencyOption = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Shows the feed."""
    wanted = load_profile(profile)
    if follow:
        asyncio.run(_follow(wanted, types or (), agency=agency, after=after, as_json=as_json, utc=utc))
        return
    page = asyncio.run(_page(wanted, types or (), agency=agency, after=after, limit=limit))
    if as_json:
        print_json(page)
        return
    made = table("Position", zone_name(utc=utc), "For", "Event", "Document")
    for one in page.items:
        made.add_row(*_cells(one, utc=utc))
    print_table(made)


async def _page(
    profile: Profile, types: Sequence[str], *, agency: str | None, after: int | None, limit: int
) -> EventsPage:
    async with profile.push() as client:
        return await client.events(after=after, types=types, agency=agency, limit=limit)


async def _follow(
    profile: Profile, types: Sequence[str], *, agency: str | None, after: int | None, as_json: bool, utc: bool
) -> None:
    async with profile.push() as client:
        async for one in client.follow(after=after, types=types, agency=agency):
            if as_json:
                typer.echo(one.to_json())
            else:
                output().print("  ".join(_cells(one, utc=utc)), soft_wrap=True)


def _cells(one: CloudEvent, *, utc: bool) -> tuple[str, ...]:
    return (
        str(one.position),
        when(one.time, utc=utc),
        str(one.data.get("agency", "")),
        one.type.removeprefix("vn.lienthong."),
        one.subject,
    )
