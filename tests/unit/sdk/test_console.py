import errno
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lienthong.sdk.console import GuardedGroup, print_table, show_error, table
from lienthong.sdk.errors import ProblemError


def test_a_subject_with_brackets_and_colons_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    made = table("Subject", title="Kế hoạch [/red] :smile:")
    made.add_row("số [link=http://x]1 [/bold] :warning:")

    print_table(made)

    shown = capsys.readouterr().out
    assert "Kế hoạch [/red] :smile:" in shown
    assert "số [link=http://x]1 [/bold] :warning:" in shown


def test_a_refusal_shows_its_code_its_hop_and_each_wrong_field(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"errors": [{"field": "path.code", "message": "no [/such] code"}]}
    show_error(
        ProblemError("invalid-request", title="", status=400, detail="Not valid: [/x].", hop="registry", facts=facts)
    )

    shown = capsys.readouterr().err
    assert shown == "Not valid: [/x]. (invalid-request, from registry)\n  path.code: no [/such] code\n"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.ENOTDIR])
def test_a_file_that_cannot_be_written_is_one_sentence(code: int, tmp_path: Path) -> None:
    app = typer.Typer(cls=GuardedGroup)

    @app.callback()
    def _group() -> None: ...

    @app.command()
    def write() -> None:
        raise OSError(code, "It does not go", str(tmp_path))

    done = CliRunner().invoke(app, ["write"])

    assert done.exit_code == 1
    assert done.stderr == f"{tmp_path}: It does not go. (file-unreadable)\n"
