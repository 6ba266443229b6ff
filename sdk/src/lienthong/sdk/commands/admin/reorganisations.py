"""``lienthong admin reorganisations``: acts that redraw the map, in the registry."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.console import GuardedGroup, print_json, print_table, table, when, zone_name
from lienthong.sdk.models import Reorganisation, ReorganisationPreview
from lienthong.sdk.profile import load_profile
from lienthong.sdk.registry_operator import RegistryOperator

T = TypeVar("T")
HELP = """Bring in, try, approve and withdraw acts of reorganisation. Who uploads an act does not approve it.

Example: [bold]lienthong admin reorganisations upload act.json --profile operator[/bold]
"""
ActArgument = Annotated[str, typer.Argument(help="The id of the act.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with your client id.")]

app = typer.Typer(cls=GuardedGroup, no_args_is_help=True, rich_markup_mode="rich")


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON, or CSV by its name.")],
    *,
    title: Annotated[str | None, typer.Option(help="Of a CSV.")] = None,
    effective: Annotated[str | None, typer.Option(help="Of a CSV: a date (in Vietnam) or a time.")] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Uploads an act: nothing is done before another operator approves it."""
    made = _asked(profile, lambda registry: registry.upload(file, title=title, effective=effective))
    _show([made], as_json=as_json, utc=utc)


@app.command("list")
def listing(
    *,
    state: Annotated[str | None, typer.Option(help="uploaded, approved, applied, withdrawn or failed.")] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Lists acts by the time at which they take effect."""
    _show(_asked(profile, lambda registry: registry.acts(state=state)), as_json=as_json, utc=utc)


@app.command()
def preview(
    act: ActArgument,
    *,
    limit: Annotated[int, typer.Option(help="Changes to show.", min=1, max=500)] = 20,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Shows what an act would do, and what stands against it; exit code 1 when something does."""
    seen = _asked(profile, lambda registry: registry.preview(act, limit=limit))
    if as_json:
        print_json(seen)
    else:
        _show_preview(seen)
    raise typer.Exit(code=1 if seen.problem_count else 0)


@app.command()
def approve(
    act: ActArgument,
    reason: ReasonOption,
    *,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Approves an act that somebody else uploaded: it is applied when its time comes."""
    _show([_asked(profile, lambda it: it.decide(act, "approval", reason=reason))], as_json=as_json, utc=utc)


@app.command()
def withdraw(
    act: ActArgument,
    reason: ReasonOption,
    *,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Withdraws an act that has not taken effect."""
    _show([_asked(profile, lambda it: it.decide(act, "withdrawal", reason=reason))], as_json=as_json, utc=utc)


def _asked(profile: str | None, question: Callable[[RegistryOperator], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with load_profile(profile).registry_operator() as registry:
            return await question(registry)

    return asyncio.run(ask())


def _show(acts: Iterable[Reorganisation], *, as_json: bool, utc: bool) -> None:
    acts = list(acts)
    if as_json:
        print_json(acts)
        return
    print_table(_act_table(acts, utc=utc))


def _act_table(acts: Iterable[Reorganisation], *, utc: bool) -> Table:
    made = table("Act", zone_name(utc=utc), "State", "Title", "Operations", "Uploaded by", "Approved by")
    for act in acts:
        by = act.approval.by if act.approval else "–"
        at = when(act.effective_at, utc=utc)
        made.add_row(act.id, at, act.state, act.title, str(act.operations), act.uploaded_by, by)
    return made


def _show_preview(seen: ReorganisationPreview) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in seen.counts.items() if count)
    remarks = table("Line", "Code", "Found", "Detail", title=f"{seen.problem_count} problems: {counts or 'nothing'}")
    for remark in (*seen.problems, *seen.warnings):
        remarks.add_row("–" if remark.line is None else str(remark.line), remark.code, remark.kind, remark.detail)
    print_table(remarks)
    changes = table("Code", "Done", "Name", "Successors", "Clients to", title=f"Nodes: {', '.join(seen.nodes) or '–'}")
    for one in seen.items:
        record = one.after or one.before
        name = record.name if record else ""
        changes.add_row(one.code, ", ".join(one.kinds), name, ", ".join(one.successors) or "–", one.follower or "–")
    print_table(changes)
