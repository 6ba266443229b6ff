"""The commands against ``lienthong run`` as a process of its own, which must end cleanly."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from deploy.processes import free_port
from lienthong.embedded.letter_pdf import letter_pdf
from lienthong.sdk.command import build_app

START_LIMIT_S = 120


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A place to type commands."""

    state: Path

    def type(self, *arguments: str, who: str = "H28.31.05") -> Result:
        profile = self.state / "profiles" / f"{who}.toml"
        return CliRunner().invoke(build_app(), [*arguments, "--profile", str(profile)])

    def ask(self, *arguments: str, who: str = "H28.31.05") -> Any:
        done = self.type(*arguments, "--json", who=who)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def wait(self, *arguments: str, who: str) -> Any:
        """Asks until the answer is not empty."""
        deadline = time.monotonic() + START_LIMIT_S
        while not (answer := self.ask(*arguments, who=who)):
            assert time.monotonic() < deadline, f"nothing came of {arguments}"
        return answer


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    state = tmp_path_factory.mktemp("embedded")
    port = str(free_port())
    command = [str(Path(sys.executable).with_name("lienthong")), "run", "--port", port, "--state-dir", str(state)]
    with (state / "run.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait_until_ready(process, port)
            yield Desk(state=state)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=30)
    assert status == 0, (state / "run.log").read_text()[-2000:]
    assert "Traceback" not in (state / "run.log").read_text()


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the network ended at its start"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("the network is not ready")


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "Kế hoạch.pdf"
    path.write_bytes(letter_pdf("Kế hoạch chuyển đổi số", ["Kính gửi: Văn phòng Chính phủ"]))
    return path


def _send(desk: Desk, letter: Path, number: str, *more: str) -> Any:
    options = ["--subject", "Kế hoạch chuyển đổi số", "--number", number, "--notation", "KH-UBND", *more]
    return desk.ask("send", str(letter), *options)


def test_document_is_sent_taken_answered_tracked_and_verified(desk: Desk, letter: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.edxml"
    sent = _send(desk, letter, "181", "--to", "000.00.00.G22", "--keep", str(kept))
    assert sent["signatures"] == {"indication": "TOTAL-PASSED", "package": "valid"}

    desk.wait("inbox", "--wait", "5", who="G22")
    (taken,) = desk.ask("inbox", "take", "--out", str(tmp_path / "in"), who="G22")
    assert taken["document"]["id"] == sent["id"]
    assert Path(taken["package"]).read_bytes() == kept.read_bytes()
    assert Path(taken["attachments"][0]).name == "01-Kế hoạch.pdf"
    desk.ask("status", sent["id"], "06", who="G22")
    followed = desk.type("track", sent["id"], "--follow")
    assert "06 hoàn thành" in followed.stdout
    (tmp_path / "answer.json").write_text(json.dumps(sent))

    verified = desk.ask("verify", taken["package"], *taken["attachments"], str(tmp_path / "answer.json"))

    assert verified["passed"] is True


def test_what_happened_is_listed_and_webhooks_are_made_and_removed(desk: Desk, letter: Path) -> None:
    sent = _send(desk, letter, "183", "--to", "H28")
    deadline = time.monotonic() + START_LIMIT_S
    while sent["id"] not in [one["subject"] for one in desk.ask("events")["items"]]:
        assert time.monotonic() < deadline, "nothing is told"
    after = desk.ask("events")["after"]
    (made,) = desk.ask("webhooks", "add", "https://vanthu.hangkia.example/hook")
    (again,) = desk.ask("webhooks", "replay", made["id"], "--after", str(after))
    listed = desk.ask("webhooks", "list")
    desk.type("webhooks", "remove", made["id"])

    told = desk.ask("events", "--type", "vn.lienthong.document.accepted")["items"]
    assert {one["type"] for one in told} == {"vn.lienthong.document.accepted"}
    assert ([one["id"] for one in listed], again["position"]) == ([made["id"]], after)
    assert desk.ask("webhooks", "list") == []


def test_ready_package_sent_twice_is_one_document(desk: Desk, letter: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.edxml"
    sent = _send(desk, letter, "182", "--to", "H28", "--keep", str(kept))

    again = desk.ask("send", "--package", str(kept))

    assert (again["id"], again["receipt"], again["replayed"]) == (sent["id"], sent["receipt"], True)


def _level(package: Path) -> str:
    return "XAdES-B-T" if b"SignatureTimeStamp" in package.read_bytes() else "XAdES-B-B"


def test_package_is_time_stamped_as_it_is_signed(desk: Desk, letter: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.edxml"
    sent = _send(desk, letter, "185", "--to", "H28", "--keep", str(kept))

    assert (sent["signatures"]["package"], _level(kept)) == ("valid", "XAdES-B-T")


def test_authority_that_is_away_leaves_the_package_unstamped_and_the_command_says_so(
    desk: Desk, letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lienthong.sdk.stamping.PATIENCE_S", 1.0)
    elsewhere = tmp_path / "elsewhere.toml"
    known = (desk.state / "profiles" / "H28.31.05.toml").read_text()
    elsewhere.write_text(re.sub(r"(?m)^tsa_url = .*$", 'tsa_url = "http://127.0.0.1:9/tsa"', known))
    options = ["--subject", "x", "--number", "186", "--notation", "CV", "--keep", str(tmp_path / "kept.edxml")]

    done = CliRunner().invoke(build_app(), ["send", str(letter), "--to", "H28", *options, "--profile", str(elsewhere)])

    assert done.exit_code == 0, done.output
    assert "Signed without a time stamp: the time-stamping authority gave none." in done.stderr
    assert _level(tmp_path / "kept.edxml") == "XAdES-B-B"


def test_node_signs_with_the_remote_key_and_has_it_time_stamped(desk: Desk, letter: Path, tmp_path: Path) -> None:
    sent = _send(desk, letter, "183", "--to", "H28.31", "--remote")

    assert sent["signatures"]["package"] == "valid"
    desk.wait("inbox", "--wait", "5", who="H28.31")
    (taken,) = desk.ask("inbox", "take", "--out", str(tmp_path / "in"), who="H28.31")
    assert _level(Path(taken["package"])) == "XAdES-B-T"


def test_unknown_recipient_is_one_red_sentence(desk: Desk, letter: Path) -> None:
    done = desk.type("send", str(letter), "--to", "Z99", "--subject", "x", "--number", "1", "--notation", "CV")

    assert done.exit_code == 1
    assert re.search(r"\(agency-not-found, from registry\)\s*$", done.stderr)
    assert "Traceback" not in done.output


def test_agencies_are_found_without_diacritics_and_by_old_code(desk: Desk) -> None:
    assert [agency["code"] for agency in desk.ask("agencies", "mai chau")] == ["H28.31"]
    assert [agency["code"] for agency in desk.ask("agencies", "000.05.31")] == ["H28.31.05"]


def test_anothers_document_is_not_found(desk: Desk, letter: Path) -> None:
    sent = _send(desk, letter, "184", "--to", "H28")  # G22's inbox belongs to the test that empties it

    done = desk.type("track", sent["id"], who="H28.31")

    assert (done.exit_code, "document-not-found" in done.stderr) == (1, True)


def test_evidence_file_is_downloaded_and_recognised(desk: Desk, letter: Path, tmp_path: Path) -> None:
    sent, out = _send(desk, letter, "185", "--to", "H28"), tmp_path / "evidence.asice"

    answer = desk.ask("evidence", sent["id"], "--out", str(out))
    verified = json.loads(desk.type("verify", str(out), "--json").stdout)

    (file,) = verified["files"]
    assert answer["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (file["kind"], file["contents"]["document"]) == ("evidence", sent["id"])
    assert (file["judged"][0]["what"], file["judged"][0]["indication"]) == ("container", "TOTAL-PASSED")


def _outcome(desk: Desk, document: str) -> tuple[str, str, list[tuple[str, str]]]:
    """How the one delivery stands at its sender, and what came of what was asked about it."""
    (delivery,) = desk.ask("track", document)["document"]["deliveries"]
    asked = [(one["type"], one["state"]) for one in delivery["amendments"]]
    return delivery["transport_status"], delivery["transport_reason"], asked


def _until(desk: Desk, document: str, expected: tuple[str, str, list[tuple[str, str]]]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while (found := _outcome(desk, document)) != expected:
        assert time.monotonic() < deadline, f"{found}, not {expected}"


def _take(desk: Desk, document: str, folder: Path, who: str) -> None:
    """Takes everything that waits, until ``document`` was among it."""
    taken: set[str] = set()
    while document not in taken:
        desk.wait("inbox", "--wait", "5", who=who)
        taken |= {one["document"]["id"] for one in desk.ask("inbox", "take", "--out", str(folder), who=who)}


def test_a_document_is_asked_back_before_anybody_takes_it(desk: Desk, letter: Path) -> None:
    until = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    sent = _send(desk, letter, "191", "--to", "H28", "--expires", until)["id"]
    assert desk.ask("track", sent)["document"]["expires_at"] is not None

    desk.ask("recall", sent, "Gửi nhầm phụ lục", "--from", "H28")

    _until(desk, sent, ("fail", "recalled", [("recall", "effective")]))
    refused = desk.type("answer", sent, "agree", who="H28")
    assert (refused.exit_code, "nothing-asked" in refused.stderr) == (1, True)


def test_what_was_taken_is_recalled_updated_and_replaced_with_the_recipient_s_consent(
    desk: Desk, letter: Path, tmp_path: Path
) -> None:
    sent = _send(desk, letter, "192", "--to", "G22")["id"]
    _take(desk, sent, tmp_path / "in", "G22")
    recall = desk.ask("recall", sent, "Gửi nhầm phụ lục")["id"]
    _take(desk, recall, tmp_path / "in", "G22")
    desk.ask("answer", recall, "refuse", "--reason", "Văn bản đã được triển khai", who="G22")
    _until(desk, sent, ("done", "", [("recall", "refused")]))

    update = desk.ask("update", sent, str(letter), "--reason", "Sửa phụ lục II")
    assert update["signatures"]["package"] == "valid"
    _take(desk, update["id"], tmp_path / "in", "G22")
    desk.ask("answer", sent, "agree", who="G22")
    _until(desk, sent, ("done", "", [("recall", "refused"), ("update", "agreed")]))

    other = desk.ask("replace", sent, str(letter), "--number", "193", "--remote")["id"]
    _take(desk, other, tmp_path / "in", "G22")
    desk.ask("answer", other, "agree", who="G22")
    _until(desk, sent, ("done", "", [("recall", "refused"), ("update", "agreed"), ("replace", "agreed")]))
    assert "replace: agreed" in desk.type("track", sent).stdout
