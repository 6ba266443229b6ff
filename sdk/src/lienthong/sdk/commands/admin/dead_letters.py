"""``lienthong admin dead-letters``: list, show, replay, discard."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.commands.admin.opening import NodeOption, ReasonOption, asked, operator_of
from lienthong.sdk.console import GuardedGroup, print_json, print_table, table, when, zone_name
from lienthong.sdk.operator_client import OperatorClient
from lienthong.sdk.operator_models import DeadLetter, Replays
from lienthong.shared.errors import InvalidInput

HELP = """Messages that the node gave up: see why, replay them once the cause is gone, or discard them.

Examples: [bold]lienthong admin dead-letters list --profile operator --node H28[/bold] ·
[bold]lienthong admin dead-letters replay --code seal-not-trusted-yet --profile operator --node H28[/bold]
"""
LIST_HELP = """List the letters that nobody has settled, the newest first.

Example: [bold]lienthong admin dead-letters list --code seal-not-trusted-yet --profile operator --node H28[/bold]
"""
SHOW_HELP = """Show everything about one letter.

Example: [bold]lienthong admin dead-letters show 019b2f70-… --profile operator --node H28[/bold]
"""
REPLAY_HELP = """Have a letter judged anew, or all, or those of one code or issuer; shows what came of it.

Nothing is passed over: a letter is taken if it is right now. Documents that were refused, and whose senders know it,
stay refused.

Examples: [bold]lienthong admin dead-letters replay 019b2f70-… --profile operator --node H28[/bold] ·
[bold]lienthong admin dead-letters replay --all --profile operator --node H28[/bold]
"""
DISCARD_HELP = """Give a letter up for good; [bold]--reason[/bold] is kept, and goes to the document's sender.

Example: [bold]lienthong admin dead-letters discard 019b2f70-… --reason "Văn bản thử" --profile operator[/bold]
"""
PATH = "/v1/admin/dead-letters"
LOOK_INTERVAL_S = 0.5
PATIENCE_S = 120
"""How long a command waits for the worker's verdicts; the replay goes on without it."""
CodeOption = Annotated[str | None, typer.Option("--code", help="Only letters that were given up for that.")]
IssuerOption = Annotated[str | None, typer.Option("--issuer", help="Only letters from that node.")]


class NothingNamed(InvalidInput):
    """The command does not say which letters are meant."""

    code = "nothing-named"
    title = "Which letters?"


def build_group() -> typer.Typer:
    """The commands."""
    app = typer.Typer(cls=GuardedGroup, no_args_is_help=True, rich_markup_mode="rich")
    app.command("list", help=LIST_HELP)(list_letters)
    app.command("show", help=SHOW_HELP)(show)
    app.command("replay", help=REPLAY_HELP)(replay)
    app.command("discard", help=DISCARD_HELP)(discard)
    return app


def list_letters(
    *,
    code: CodeOption = None,
    issuer: IssuerOption = None,
    state: Annotated[str | None, typer.Option(help="dead, asked, taken or discarded.")] = None,
    limit: Annotated[int, typer.Option(help="Show at most so many.", min=1)] = 50,
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Lists letters."""
    found = asyncio.run(
        asked(
            profile,
            node,
            lambda client: client.read(PATH, DeadLetter, at_most=limit, code=code, issuer=issuer, state=state),
        )
    )
    if as_json:
        print_json(found)
        return
    print_table(letter_table(found, utc=utc))


def show(
    letter: Annotated[str, typer.Argument(help="The letter's id.")],
    *,
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Shows one letter."""
    path = f"{PATH}/{quote(letter, safe='')}"
    found = asyncio.run(asked(profile, node, lambda client: client.read_one(path, DeadLetter)))
    if as_json:
        print_json(found)
        return
    print_table(one_letter_table(found, utc=utc))


def replay(
    letter: Annotated[str | None, typer.Argument(help="The letter's id.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every letter that may be replayed.")] = False,
    code: CodeOption = None,
    issuer: IssuerOption = None,
    reason: ReasonOption = "",
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Replays letters."""
    if letter is None and not (everything or code or issuer):
        raise NothingNamed("Name a letter, --code, --issuer or --all.")
    found, refused = asyncio.run(_replay(profile, node, letter, code=code, issuer=issuer, reason=reason))
    if as_json:
        print_json({"letters": [one.model_dump(mode="json") for one in found], "refused": refused})
        return
    print_table(letter_table(found, utc=utc))
    counts = Counter("taken" if one.state == "taken" else f"{one.state} ({one.code})" for one in found)
    typer.echo(" · ".join(f"{count} {what}" for what, count in counts.most_common()) or "Nothing was to be replayed.")
    if refused:
        typer.echo(f"{refused} stay refused: their senders know it. Ask them to send again, then discard the letters.")


def discard(
    letter: Annotated[str, typer.Argument(help="The letter's id.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept, and told to the document's sender.")],
    profile: ProfileOption = None,
    node: NodeOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Discards one letter."""
    path = f"{PATH}/{quote(letter, safe='')}/discard"
    found = asyncio.run(asked(profile, node, lambda client: client.act(path, DeadLetter, reason=reason)))
    if as_json:
        print_json(found)
        return
    print_table(one_letter_table(found, utc=utc))


async def _replay(
    profile: str | None, node: str | None, letter: str | None, *, code: str | None, issuer: str | None, reason: str
) -> tuple[list[DeadLetter], int]:
    """The letters as they stand when all are judged, and how many were left out."""
    async with operator_of(profile, node) as client:
        if letter is not None:
            one = await client.act(f"{PATH}/{quote(letter, safe='')}/replay", DeadLetter, reason=reason)
            return await _judged(client, one.act), 0
        found: list[DeadLetter] = []
        while True:
            report = await client.act(f"{PATH}/replay", Replays, code=code, issuer=issuer, reason=reason)
            if not report.asked:
                return found, report.refused
            judged = await _judged(client, report.act)
            found += judged
            if all(one.state == "dead" for one in judged):  # the cause is still there: no use going on
                return found, report.refused


async def _judged(client: OperatorClient, act: str | None) -> list[DeadLetter]:
    """The letters of an act, once the worker has judged all, or after the patience of a command."""
    until = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        found = await client.read(PATH, DeadLetter, act=act)
        if all(one.state != "asked" for one in found) or asyncio.get_running_loop().time() > until:
            return found
        await asyncio.sleep(LOOK_INTERVAL_S)


def letter_table(found: Iterable[DeadLetter], *, utc: bool) -> Table:
    """One line per letter."""
    made = table("Letter", zone_name(utc=utc).replace("Time", "Since"), "State", "Why", "From", "What", "Sender told")
    for one in found:
        made.add_row(
            one.id,
            when(one.first_seen_at, utc=utc),
            one.state,
            one.code,
            one.issuer or "–",
            f"{one.kind} {one.document}".strip() or "–",
            "yes: refused" if one.refused_at else "no",
        )
    return made


def one_letter_table(one: DeadLetter, *, utc: bool) -> Table:
    """Everything about one letter."""
    made = table("What", "Value", title=f"Dead letter {one.id}")
    for name, value in one.model_dump().items():
        shown = getattr(one, name)
        made.add_row(
            name, when(shown, utc=utc) if name.endswith("_at") and shown else str("–" if value is None else value)
        )
    return made
