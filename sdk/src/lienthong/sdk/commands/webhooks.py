"""``lienthong webhooks`` and its commands."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from lienthong.sdk.arguments import AgencyOption, JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.events import TypeOption
from lienthong.sdk.console import VIETNAM, GuardedGroup, print_json, print_table, table, when
from lienthong.sdk.profile import load_profile
from lienthong.sdk.push_client import PushClient
from lienthong.sdk.push_models import Webhook

HELP = """Say where a node sends your events by itself, see how that goes, and send again from any point.

Examples: [bold]lienthong webhooks add https://vanthu.example/hook --profile G22[/bold] ·
[bold]lienthong webhooks replay ID --after 181 --profile G22[/bold]
"""
app = typer.Typer(cls=GuardedGroup, no_args_is_help=True, rich_markup_mode="rich")

T = TypeVar("T")
NamedWebhook = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")]


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where events are sent: https, reachable from the node.")],
    *,
    types: TypeOption = None,
    agency: AgencyOption = None,
    description: Annotated[str, typer.Option(help="For people.")] = "",
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Sends what happens from now on to URL."""

    async def ask(client: PushClient) -> Webhook:
        return await client.add_webhook(url, types=types or (), agency=agency, description=description)

    _show([_asked(profile, ask)], as_json=as_json, utc=False)


@app.command("list")
def list_all(
    *, agency: AgencyOption = None, profile: ProfileOption = None, as_json: JSONOption = False, utc: UTCOption = False
) -> None:
    """Shows every webhook of your agencies, what waits for it and what went wrong last."""
    found = _asked(profile, lambda client: client.webhooks(agency=agency))
    _show(found, as_json=as_json, utc=utc)


@app.command("replay")
def replay(
    webhook: NamedWebhook,
    *,
    after: Annotated[str, typer.Option(help='A position, or a time of Vietnam: "2026-03-02 08:00".')],
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Sends everything after that point again, and nothing up to it any more."""
    _show([_asked(profile, lambda client: client.replay_webhook(webhook, _point(after)))], as_json=as_json, utc=False)


@app.command("pause")
def pause(webhook: NamedWebhook, *, profile: ProfileOption = None, as_json: JSONOption = False) -> None:
    """Sends nothing until it is resumed; what happens meanwhile waits."""
    _show([_asked(profile, lambda client: client.pause_webhook(webhook))], as_json=as_json, utc=False)


@app.command("resume")
def resume(webhook: NamedWebhook, *, profile: ProfileOption = None, as_json: JSONOption = False) -> None:
    """Sends again, at once, everything that was not taken."""
    _show([_asked(profile, lambda client: client.resume_webhook(webhook))], as_json=as_json, utc=False)


@app.command("ping")
def ping(webhook: NamedWebhook, *, profile: ProfileOption = None, as_json: JSONOption = False) -> None:
    """Sends a test; exit status 1 when it was not taken."""
    answer = _asked(profile, lambda client: client.ping_webhook(webhook))
    if as_json:
        print_json(answer)
    else:
        typer.echo("taken" if answer.taken else answer.error)
    if not answer.taken:
        raise typer.Exit(1)


@app.command("remove")
def remove(webhook: NamedWebhook, *, profile: ProfileOption = None) -> None:
    """Forgets the webhook and what waits for it."""
    _asked(profile, lambda client: client.remove_webhook(webhook))


def _asked(profile: str | None, ask: Callable[[PushClient], Awaitable[T]]) -> T:
    async def run() -> T:
        async with load_profile(profile).push() as client:
            return await ask(client)

    return asyncio.run(run())


def _point(after: str) -> int | datetime:
    if after.isascii() and after.isdigit():
        return int(after)
    try:
        given = datetime.fromisoformat(after)
    except ValueError as error:
        raise typer.BadParameter("neither a position nor a time", param_hint="--after") from error
    return given if given.tzinfo else given.replace(tzinfo=VIETNAM)


def _show(found: Iterable[Webhook], *, as_json: bool, utc: bool) -> None:
    items = list(found)
    if as_json:
        print_json(items)
        return
    print_table(_table(items, utc=utc))


def _table(found: Iterable[Webhook], *, utc: bool) -> Table:
    made = table("Webhook", "For", "URL", "State", "Waiting", "Next attempt", "Last error")
    for one in found:
        state = f"paused ({one.paused})" if one.paused else one.state
        upcoming = when(one.next_attempt_at, utc=utc) if one.next_attempt_at else "–"
        made.add_row(one.id, one.agency, one.url, state, str(one.backlog), upcoming, one.last_error or "–")
    return made
