"""The operator's command: authority, seals, certificates, revocation, without a running service."""

import csv
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner, Result

from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.tokens import Principal
from lienthong.signing.command import app, cli
from lienthong.signing.domain.enrolment import EnrolmentId
from lienthong.signing.errors import ApprovalRequired, AuthorityUnknown, BatchInvalid
from lienthong.signing.operating import operate
from lienthong.signing.usecases.decide_enrolment import decide_enrolment
from tests.integration.signing.test_certificates import csr as new_csr


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/signing.sqlite",
        "STATE_DIR": str(tmp_path / "state"),
        "KEY_PASSWORD": "mật khẩu thử",
        "REGISTRY_URL": "https://danhba.example",
        "PUBLIC_URL": "https://signing.example",
    }.items():
        monkeypatch.setenv(f"LIENTHONG_SIGNING_{name}", value)
    monkeypatch.setenv("LIENTHONG_P12_PASSWORD", "mật khẩu của con dấu")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_an_operator_bootstraps_a_network_from_the_command_line(tmp_path: Path) -> None:
    key, request, certificate = (str(tmp_path / name) for name in ("key.pem", "request.pem", "certificate.pem"))
    seal = tmp_path / "h28.p12"
    new = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*new, "-keyout", key, "-out", request], check=True, capture_output=True)

    steps = [
        run("migrate"),
        run("init"),
        run("new-key", str(seal), "--profile", "node-seal", "--name", "Hòa Bình", "--node", "H28"),
        run("issue", request, certificate, "--profile=agency-seal", "--name=Hang Kia", "--agency=H28.31.05"),
        run("remote-key", "--agency", "H28", "--name", "Hòa Bình", "--node", "H28"),
    ]
    serial = steps[3].stdout.strip()
    steps += [run("revoke", serial, "--reason", "superseded"), run("crl", "issuing-1")]

    assert [step.exit_code for step in steps] == [0] * 7, [step.output for step in steps]
    assert steps[6].stdout.startswith("issuing-1 3 until ")
    assert SealKey.load(seal, "mật khẩu của con dấu").chain
    issued = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    assert f"{issued.serial_number:040x}" == serial


def test_a_refusal_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("migrate")
    monkeypatch.setattr("sys.argv", ["lienthong-signing", "crl", "issuing-1"])

    with pytest.raises(SystemExit) as ended:
        cli()

    assert ended.value.code == 1
    assert isinstance(ended.value.__cause__, AuthorityUnknown)
    assert capsys.readouterr().err == "authority-not-found: There is no certificate authority with that name.\n"


def approve(enrolment: str) -> None:
    """As another operator does over REST."""
    decider = Principal(client_id="operator.b", agency=None, scopes=frozenset())
    operate(
        lambda things: decide_enrolment(
            things, EnrolmentId(enrolment), approved=True, reason="đúng hồ sơ", decider=decider
        )
    )


def test_a_folder_of_requests_is_issued_once_a_second_person_approved_it(tmp_path: Path) -> None:
    folder, out = tmp_path / "batch", tmp_path / "out"
    folder.mkdir()
    rows = "officer,Nguyễn Thị Ở,UBND xã,H28.31.05,,a.csr\nofficer,Đặng Ỷ,UBND xã,H28.31.05,,\n"
    (folder / "requests.csv").write_text(f"profile,name,organisation,agency,node,csr\n{rows}", encoding="utf-8")
    (folder / "a.csr").write_text(new_csr())
    run("migrate")
    run("init")

    refused = run("issue-batch", str(folder), "--out", str(out))
    assert isinstance(refused.exception, ApprovalRequired)
    approve(str(refused.exception.facts["enrolment"]))
    issued = [run("issue-batch", str(folder), "--out", str(out)) for _ in range(2)]

    report = list(csv.DictReader((out / "report.csv").read_text(encoding="utf-8").splitlines()))
    assert [one.exit_code for one in issued] == [0, 0], issued
    assert [(one["name"], one["file"], one["error"]) for one in report] == [
        ("Nguyễn Thị Ở", "00002-H28.31.05.pem", ""),
        ("Đặng Ỷ", "00003-H28.31.05.p12", ""),
    ]


def test_a_batch_reads_no_request_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "batch"
    folder.mkdir()
    (tmp_path / "a.csr").write_text(new_csr())
    (folder / "requests.csv").write_text("profile,name,agency,csr\nofficer,A,H28,../a.csr\n", encoding="utf-8")

    refused = run("issue-batch", str(folder), "--out", str(tmp_path / "out"))

    assert isinstance(refused.exception, BatchInvalid)
    assert "line 2: batch-invalid: A request lies below the folder" in refused.exception.detail
