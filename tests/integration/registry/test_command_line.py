from pathlib import Path

import pytest
from typer.testing import CliRunner

from lienthong.registry.main import cli

FILE = "code,name,level,parent\nH28,UBND tỉnh Hòa Bình,province,\nH28.31,UBND huyện Mai Châu,district,{parent}\n"


@pytest.fixture
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A runner whose environment names a new database that ``migrate`` has prepared."""
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/registry.sqlite",
        "PUBLIC_URL": "http://danhba.example.vn",
        "TOKEN_KEY": "unread.pem",
        "DIRECTORY_SEAL": "unread.p12",
        "DIRECTORY_SEAL_PASSWORD": "unread",
        "SYSTEMS_KEY": "unread",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"LIENTHONG_REGISTRY_{name}", value)
    runner = CliRunner()
    assert runner.invoke(cli, ["migrate"]).exit_code == 0
    return runner


def test_migrating_twice_is_harmless(migrated: CliRunner) -> None:
    assert migrated.invoke(cli, ["migrate"]).exit_code == 0


@pytest.mark.parametrize(("parent", "code", "said"), [("H28", 0, "2 of 2"), ("H99", 1, "line 3: H28.31")])
def test_an_import_names_the_lines_that_were_refused(
    migrated: CliRunner, tmp_path: Path, *, parent: str, code: int, said: str
) -> None:
    file = tmp_path / "agencies.csv"
    file.write_text(FILE.format(parent=parent), encoding="utf-8")

    result = migrated.invoke(cli, ["import-agencies", str(file)])

    assert result.exit_code == code
    assert said in result.output


def test_a_file_that_is_no_csv_is_told_in_a_sentence(migrated: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "agencies.csv"
    file.write_bytes(b"\xff\xfe")

    result = migrated.invoke(cli, ["import-agencies", str(file)])

    assert result.exit_code == 1
    assert "UTF-8" in result.output


def test_a_client_gets_its_secret_and_its_id_only_once(migrated: CliRunner) -> None:
    first = migrated.invoke(cli, ["add-client", "operator", "--scope", "directory.write"])
    second = migrated.invoke(cli, ["add-client", "operator"])

    assert (first.exit_code, len(first.output.strip())) == (0, 43)
    assert second.exit_code == 1
    assert "exists already" in second.output
