"""What the commands show: times in Vietnam's zone, tables or JSON, one red sentence for an error."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from lienthong.sdk.bodies import Progress as ProgressCallback
from lienthong.sdk.errors import FileUnreadable, ProblemError
from lienthong.shared.errors import LienthongError

VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""Asia/Ho_Chi_Minh, which has no summer time; the machine may have no time zone data."""
PIPE_WIDTH = 140
"""Columns of tables that go into a file or pipe."""


class GuardedGroup(TyperGroup):
    """Turns what may go wrong into one sentence with its code and exit status 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 — click's own signature
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (ProblemError, LienthongError) as error:
            show_error(error)
            raise typer.Exit(1) from error
        except OSError as error:
            if error.filename is None:  # not about a file that the caller named, such as a closed pipe
                raise
            show_error(FileUnreadable(f"{error.filename}: {error.strerror}."))
            raise typer.Exit(1) from error


def show_error(error: ProblemError | LienthongError) -> None:
    """One red sentence on standard error, its code, the hop that answered, and which fields were wrong."""
    hop = f", from {error.hop}" if isinstance(error, ProblemError) and error.hop else ""
    console = Console(stderr=True)
    console.print(Text.assemble((str(error), "red"), (f" ({error.code}{hop})", "dim")), soft_wrap=True)
    for wrong in _wrong_fields(error):
        console.print(Text(f"  {wrong}"), soft_wrap=True)


def _wrong_fields(error: ProblemError | LienthongError) -> list[str]:
    errors = error.facts.get("errors")
    if not isinstance(errors, list):
        return []
    return [f"{one.get('field')}: {one.get('message')}" for one in errors if isinstance(one, dict)]


def when(time: datetime, *, utc: bool) -> str:
    """A time for people: Vietnam's unless ``utc``."""
    return time.astimezone(UTC if utc else VIETNAM).strftime("%Y-%m-%d %H:%M:%S")


def zone_name(*, utc: bool) -> str:
    """The heading of a column of times."""
    return "Time (UTC)" if utc else "Time (UTC+7)"


def print_json(value: BaseModel | Sequence[BaseModel] | dict[str, Any]) -> None:
    """One JSON document on standard output, for scripts."""
    if isinstance(value, BaseModel):
        plain: Any = value.model_dump(mode="json")
    elif isinstance(value, dict):
        plain = value
    else:
        plain = [item.model_dump(mode="json") for item in value]
    typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house's look."""
    made = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def output() -> Console:
    """Standard output: as wide as the terminal, and wide enough for tables where there is none.

    Brackets and colons stay as they are: subjects are others' words, no markup.
    """
    console = Console(markup=False, emoji=False)
    return console if console.is_terminal else Console(width=PIPE_WIDTH, markup=False, emoji=False)


def print_table(made: Table) -> None:
    """The table on standard output."""
    output().print(made)


@contextmanager
def progress_bar(label: str, *, hidden: bool = False) -> Iterator[ProgressCallback]:
    """A bar on standard error for one transfer; it goes away at the end."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
