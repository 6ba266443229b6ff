"""``lienthong track``."""

import asyncio
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.console import print_json, print_table
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.tables import agencies_of, delivery_table, marks_text, timeline_row, timeline_table
from lienthong.shared.edxml.model import BusinessStatus

HELP = """Show what happened to a document: every hop, every status.

Example: [bold]lienthong track 0199c3… --follow --profile H28.31.05[/bold]
"""
_FOLLOW_PAUSE_S = 1.0
_FINAL = {BusinessStatus.REFUSED.value, BusinessStatus.COMPLETED.value}


def track(
    document_id: Annotated[str, typer.Argument(help="The document's id on the platform.")],
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until every recipient has answered 02 or 06.")
    ] = False,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Shows a timeline."""
    settings = load_profile(profile)
    if follow:
        asyncio.run(_follow(settings, document_id, as_json=as_json, utc=utc))
        return
    document, entries = asyncio.run(_read(settings, document_id))
    if as_json:
        print_json(
            {"document": document.model_dump(mode="json"), "timeline": [e.model_dump(mode="json") for e in entries]}
        )
        return
    print_table(timeline_table(entries, document.deliveries, title=document.subject or document.id, utc=utc))
    print_table(delivery_table(document.deliveries, utc=utc))
    typer.echo(marks_text(document, utc=utc))


async def _read(profile: Profile, document_id: str) -> tuple[models.Document, tuple[models.TimelineEntry, ...]]:
    async with profile.client() as client:
        return await client.document(document_id), await client.timeline(document_id)


async def _follow(profile: Profile, document_id: str, *, as_json: bool, utc: bool) -> None:
    shown: set[str] = set()
    async with profile.client() as client:
        while True:
            if await _show_new(client, document_id, shown, as_json=as_json, utc=utc):
                return
            await asyncio.sleep(_FOLLOW_PAUSE_S)


async def _show_new(client: LienthongClient, document_id: str, shown: set[str], *, as_json: bool, utc: bool) -> bool:
    """Prints entries not shown yet, one a line; true when nothing more can come."""
    document, entries = await client.document(document_id), await client.timeline(document_id)
    agencies = agencies_of(entries, document.deliveries)
    for entry in entries:
        known = entry.model_dump_json(exclude={"time_stamp"})
        if known not in shown:
            shown.add(known)
            if as_json:
                typer.echo(entry.model_dump_json())
            else:
                typer.echo("  ".join(timeline_row(entry, agencies, utc=utc)))
    return all(d.business_status in _FINAL or d.transport_status == "fail" for d in document.deliveries)
