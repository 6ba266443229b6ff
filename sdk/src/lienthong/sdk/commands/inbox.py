"""``lienthong inbox`` and ``lienthong inbox take``."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import AgencyOption, JSONOption, ProfileOption, UTCOption
from lienthong.sdk.console import GuardedGroup, print_json, print_table, progress_bar, table
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.tables import inbox_table
from lienthong.sdk.taking import Taken, take_one

HELP = """List what waits for your agencies; [bold]take[/bold] downloads and acknowledges it.

Examples: [bold]lienthong inbox --profile G22[/bold] · [bold]lienthong inbox take --out in/ --profile G22[/bold]
"""
app = typer.Typer(cls=GuardedGroup, invoke_without_command=True, rich_markup_mode="rich")


@app.callback()
def inbox(
    context: typer.Context,
    *,
    agency: AgencyOption = None,
    wait: Annotated[int, typer.Option(help="Stay so many seconds until something comes.", min=0, max=60)] = 0,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Lists what waits."""
    if context.invoked_subcommand is not None:
        return
    items = asyncio.run(_list(load_profile(profile), agency=agency, wait=timedelta(seconds=wait)))
    if as_json:
        print_json(items)
        return
    print_table(inbox_table(items, utc=utc))


@app.command("take")
def take(
    *,
    out: Annotated[Path, typer.Option(help="Folder for what is taken: one folder per document.", file_okay=False)],
    agency: AgencyOption = None,
    limit: Annotated[int, typer.Option(help="Take at most so many.", min=1)] = 10,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Claims, downloads (package and attachments, digests checked) and acknowledges.

    Example: lienthong inbox take --out in/ --profile G22
    """
    taken = asyncio.run(_take(load_profile(profile), out, agency=agency, limit=limit, quiet=as_json))
    if as_json:
        print_json(taken)
        return
    made = table("Document", "From", "Subject", "Folder")
    for one in taken:
        made.add_row(
            one.document.id, one.document.sender.code, one.document.subject or f"({one.document.kind})", str(one.folder)
        )
    print_table(made)


async def _list(profile: Profile, *, agency: str | None, wait: timedelta) -> list[models.InboxItem]:
    async with profile.client() as client:
        return [item async for item in client.inbox(agency=agency, wait=wait)]


async def _take(profile: Profile, out: Path, *, agency: str | None, limit: int, quiet: bool) -> list[Taken]:
    taken: list[Taken] = []
    async with profile.client() as client:
        for claim in await client.claim(agency=agency, limit=limit):
            with progress_bar(claim.document.subject or claim.document.id, hidden=quiet) as progress:
                taken.append(await take_one(client, claim, out=out, progress=progress))
    return taken
