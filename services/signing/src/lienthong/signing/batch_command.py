"""``lienthong-signing issue-batch``: many certificates in one go, with a bar that shows how far it is."""

import csv
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lienthong.signing.domain.batches import Batch, read_batch
from lienthong.signing.errors import BatchInvalid, KeyStoreUnavailable
from lienthong.signing.operating import operate
from lienthong.signing.usecases.batch_files import BatchFolder
from lienthong.signing.usecases.issue_batch import LineResult, issue_batch, require_approved
from lienthong.signing.usecases.resources import Resources

FILE_NAME = "requests.csv"
"""The batch in a folder."""
REPORT = "report.csv"
MAX_CSR_BYTES = 16 * 1024

_console = Console(stderr=True)


def issue_batch_command(
    path: Annotated[Path, typer.Argument(help=f"CSV file, or a folder with {FILE_NAME}")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for certificates, key files, passwords and the report")],
) -> None:
    """Issue the certificates of a CSV file; a second person approves its digest first. Run again, it goes on."""
    file = path / FILE_NAME if path.is_dir() else path
    batch = _read(file)
    started = time.monotonic()
    with _bar() as bar:
        task = bar.add_task(file.name, total=len(batch.lines))
        told = partial(bar.advance, task)
        results = operate(lambda things: _issue(things, batch, name=file.name, out=out, progress=told))
    elapsed = time.monotonic() - started
    wrong = _report(out / REPORT, results)
    typer.echo(f"{len(results) - wrong} of {len(results)} certificates in {elapsed:.1f} s; {out / REPORT}")
    if wrong:
        raise typer.Exit(1)


async def _issue(
    things: Resources, batch: Batch, *, name: str, out: Path, progress: Callable[[int], None]
) -> list[LineResult]:
    approval = await require_approved(things, batch, name=name)
    return await issue_batch(things, batch, approval, folder=BatchFolder(path=out), progress=progress)


def _read(file: Path) -> Batch:
    """The batch. Raises :class:`BatchInvalid`."""
    folder = file.parent.resolve()

    def csr_at(name: str) -> bytes:
        place = (folder / name).resolve()
        if not place.is_relative_to(folder):
            raise BatchInvalid("A request lies below the folder of the batch.")
        try:
            with place.open("rb") as opened:
                return opened.read(MAX_CSR_BYTES + 1)
        except (OSError, ValueError) as error:
            raise BatchInvalid("The request cannot be read.") from error

    try:
        content = file.read_bytes()
    except OSError as error:
        raise BatchInvalid(f"{file} cannot be read.") from error
    return read_batch(content, csr_at)


def _report(path: Path, results: Sequence[LineResult]) -> int:
    """Writes what came of every line; gives how many files are not there. Raises :class:`KeyStoreUnavailable`."""
    try:
        with path.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow(("line", "profile", "name", "agency", "serial", "file", "error"))
            for one in results:
                said = one.line
                name = one.file.name if one.file else ""
                code = said.subject.agency or said.subject.node or ""
                writer.writerow((said.line, said.profile.value, said.subject.name, code, one.serial, name, one.error))
    except OSError as error:
        raise KeyStoreUnavailable("The report cannot be written.") from error
    return sum(1 for one in results if one.error)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=_console)
