"""Acts of reorganisation by command: two operators, one act that never takes effect here."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lienthong.registry.usecases.keep_clients import ClientDraft, put_client
from lienthong.sdk.command import build_app
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import Database
from tests.integration.acceptance.whole_network import WholeNetwork
from tests.integration.admin.desk import Desk
from tests.support.pki import NOW
from tests.support.random_acts import DECISION

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECOND = "second-operator"
ACT = {
    "title": "Đổi tên",
    "effective": "2099-07-01",
    "decision": DECISION,
    "operations": [{"do": "merge", "code": "H28.31.05", "into": ["H28.31"]}],
}
REASON = ("--reason", "đúng nghị quyết")


@pytest.fixture
async def second(network: WholeNetwork) -> str:
    """The profile of another operator."""
    draft = ClientDraft(
        client_id=SECOND, name="Operator", scopes=[Scope.DIRECTORY_WRITE, Scope.DIRECTORY_APPROVE], secret="invented"
    )
    database = Database(network.site.registry.database_url)
    try:
        await put_client(database, draft, now=NOW)
    finally:
        await database.close()
    profiles = network.site.state_dir / "profiles"
    lines = (profiles / "operator.toml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("client_id", "client_secret"))]
    text = "\n".join([*kept, f'client_id = "{SECOND}"', 'client_secret = "invented"', ""])
    (profiles / f"{SECOND}.toml").write_text(text, encoding="utf-8")
    return SECOND


async def test_an_act_goes_its_way_by_command(desk: Desk, second: str, tmp_path: Path) -> None:
    file = tmp_path / "act.json"
    file.write_text(json.dumps(ACT), encoding="utf-8")

    [uploaded] = await desk.ask("reorganisations", "upload", str(file))
    preview = await desk.ask("reorganisations", "preview", uploaded["id"])
    alone = await desk.type("reorganisations", "approve", uploaded["id"], *REASON)
    [approved] = await desk.ask("reorganisations", "approve", uploaded["id"], *REASON, who=second)
    shown = await desk.type("reorganisations", "list", "--state", "approved", "--utc")
    [withdrawn] = await desk.ask("reorganisations", "withdraw", uploaded["id"], *REASON)

    assert (preview["counts"]["closed"], [one["code"] for one in preview["items"]]) == (1, ["H28.31.05"])
    assert alone.exit_code == 1
    assert "reorganisation-approval-not-allowed" in alone.output
    assert (approved["state"], approved["approval"]["by"]) == ("approved", second)
    assert all(text in shown.stdout for text in ("approved", "Đổi tên"))
    assert withdrawn["state"] == "withdrawn"


async def test_a_preview_shows_what_stands_against_an_act(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "act.csv"
    file.write_text("do,code,into,decision\nmerge,H99,H28,1/QĐ\n", encoding="utf-8")
    heading = ("--title", "Sai", "--effective", "2099-01-01")

    [uploaded] = await desk.ask("reorganisations", "upload", str(file), *heading)
    preview = await desk.type("reorganisations", "preview", uploaded["id"])

    assert preview.exit_code == 1
    assert "unknown-code" in preview.stdout


async def test_an_agency_is_shown_as_of_a_date(network: WholeNetwork) -> None:
    profile = network.site.state_dir / "profiles" / "operator.toml"
    words = ["agencies", "000.05.31.H28", "--at", "2024-10-01", "--json", "--profile", str(profile)]

    done = await asyncio.to_thread(CliRunner().invoke, build_app(), words)

    assert done.exit_code == 0, done.output
    [agency] = json.loads(done.stdout)
    assert (agency["code"], agency["status"]) == ("H28.31.05", "active")
