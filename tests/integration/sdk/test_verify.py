"""``lienthong verify`` on files made by a test PKI; once as a process of its own."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lienthong.sdk.command import build_app
from lienthong.sdk.composing import Letter, compose_header, compose_package
from lienthong.sdk.letter_signing import LetterSigning, sign_letter
from lienthong.sdk.models import Agency
from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event, Evidence, PackageReference
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.identifiers import AgencyCode, DocumentId, EvidenceId, NodeId, Sha256
from lienthong.shared.signatures.cms import sign_detached
from lienthong.shared.signatures.keys import LocalKey
from tests.support.evidence_files import Journey
from tests.support.pdf import minimal_pdf
from tests.support.pki import PKI

HANG_KIA = Agency(code="H28.31.05", name="UBND xã Hang Kia", level="commune")
G22 = Agency(code="G22", name="Văn phòng Chính phủ", level="central")


@pytest.fixture
def pki(tmp_path: Path) -> PKI:
    made = PKI.new(datetime.now(UTC))
    (tmp_path / "root.pem").write_bytes(made.roots_pem)
    (tmp_path / "trust-list.jws").write_text(made.sealed_trust_list())
    return made


def _key(pki: PKI, folder: Path) -> LocalKey:
    return LocalKey.load(pki.agency("H28.31.05").write_p12(folder / "agency.p12", "pass"), "pass")


def _signed_pdf(pki: PKI, folder: Path) -> Path:
    plain, signed = folder / "plain.pdf", folder / "signed.pdf"
    plain.write_bytes(minimal_pdf())
    signing = LetterSigning(agency_key=_key(pki, folder), agency_name="Hang Kia", document_code="181/KH-UBND")
    sign_letter(plain, signed, signing, at=datetime.now(UTC))
    return signed


def _package(pki: PKI, folder: Path) -> Path:
    at = datetime.now(UTC)
    letter = Letter(subject="Kế hoạch chuyển đổi số", number="181", notation="KH-UBND", place="Hang Kia")
    header = compose_header(letter, sender=HANG_KIA, recipients=[G22], at=at)
    compose_package(header, [_signed_pdf(pki, folder)], folder / "package.edxml", key=_key(pki, folder), at=at)
    return folder / "package.edxml"


def _receipt(pki: PKI, *, issuer: str = "H28.31.05") -> str:
    evidence = Evidence(
        id=EvidenceId("e"),
        event=Event.SUBMISSION_ACCEPTANCE,
        issuer=NodeId(issuer),
        time=datetime.now(UTC),
        document=DocumentId("d"),
        package=PackageReference(sha256=Sha256("0" * 64), size=1, media_type=EDXML),
        sender=AgencyCode("H28.31.05"),
        sender_document_id="1",
        recipients=(),
    )
    return pki.node_seal("H28.31.05").seal(EVIDENCE_TYPE, evidence)


def _evidence(pki: PKI, folder: Path, *, stamped: bool = True) -> Path:
    return Journey(pki=pki, at=datetime.now(UTC) - timedelta(minutes=10)).write(folder, stamped=stamped)


def _arguments(folder: Path, files: tuple[Path, ...], *, with_list: bool = True) -> list[str]:
    trust = ["--trust", str(folder / "root.pem")]
    trust += ["--trust-list", str(folder / "trust-list.jws")] if with_list else []
    return ["verify", *map(str, files), *trust, "--json"]


def _verify(folder: Path, *files: Path, with_list: bool = True) -> tuple[int, Any]:
    done = CliRunner().invoke(build_app(), _arguments(folder, files, with_list=with_list))
    return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr


def test_package_pdf_and_receipt_pass_together(pki: PKI, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.jws"
    receipt.write_text(_receipt(pki))

    files = (_package(pki, tmp_path), tmp_path / "signed.pdf", receipt)
    command = [str(Path(sys.executable).with_name("lienthong")), *_arguments(tmp_path, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [file["kind"] for file in answer["files"]] == ["package", "pdf", "receipt"]
    assert answer["files"][2]["evidence"]["event"] == "SubmissionAcceptance"


def test_a_signed_pdf_in_an_envelope_of_somebody_else_does_not_pass_as_a_package(pki: PKI, tmp_path: Path) -> None:
    letter = Letter(subject="Công điện giả", number="1", notation="CĐ", place="Hà Nội")
    header = compose_header(letter, sender=G22, recipients=[HANG_KIA], at=datetime.now(UTC))
    source = AttachmentSource(path=_signed_pdf(pki, tmp_path), name="signed.pdf", content_type="application/pdf")
    with (tmp_path / "package.edxml").open("wb") as forged:
        write_document(header, [source], forged)

    status, answer = _verify(tmp_path, tmp_path / "package.edxml")

    assert status == 1
    assert [one["indication"] for one in answer["files"][0]["judged"]] == ["INDETERMINATE", "TOTAL-PASSED"]


def test_changed_subject_fails(pki: PKI, tmp_path: Path) -> None:
    package = _package(pki, tmp_path)
    package.write_bytes(package.read_bytes().replace("Kế hoạch chuyển".encode(), "Kế hoạch đổi".encode()))

    status, answer = _verify(tmp_path, package)

    assert status == 1
    assert answer["files"][0]["judged"][0]["indication"] == "TOTAL-FAILED"


def test_changed_receipt_fails(pki: PKI, tmp_path: Path) -> None:
    header, _, signature = _receipt(pki).split(".")
    _, other, _ = _receipt(pki).split(".")
    (tmp_path / "receipt.jws").write_text(f"{header}.{other}.{signature}")

    status, answer = _verify(tmp_path, tmp_path / "receipt.jws")

    assert (status, answer["files"][0]["judged"][0]["indication"]) == (1, "TOTAL-FAILED")


def test_receipt_in_the_name_of_another_node_fails(pki: PKI, tmp_path: Path) -> None:
    (tmp_path / "receipt.jws").write_text(_receipt(pki, issuer="G22"))

    status, answer = _verify(tmp_path, tmp_path / "receipt.jws")

    assert (status, answer["files"][0]["judged"][0]["indication"]) == (1, "TOTAL-FAILED")


def test_receipt_is_found_in_a_kept_answer(pki: PKI, tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(json.dumps({"id": "d", "receipt": _receipt(pki)}))

    status, answer = _verify(tmp_path, tmp_path / "answer.json")

    assert (status, answer["files"][0]["kind"]) == (0, "receipt")


def test_without_a_trust_list_nothing_passes(pki: PKI, tmp_path: Path) -> None:
    status, answer = _verify(tmp_path, _signed_pdf(pki, tmp_path), with_list=False)

    assert (status, answer["files"][0]["judged"][0]["indication"]) == (1, "INDETERMINATE")


@pytest.mark.usefixtures("pki")
def test_unsigned_pdf_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "plain.pdf").write_bytes(minimal_pdf())

    status, answer = _verify(tmp_path, tmp_path / "plain.pdf")

    assert (status, answer["files"][0]["judged"]) == (1, [])


@pytest.mark.usefixtures("pki")
def test_signature_under_another_root_does_not_pass(tmp_path: Path) -> None:
    status, answer = _verify(tmp_path, _signed_pdf(PKI.new(datetime.now(UTC)), tmp_path))

    assert (status, answer["files"][0]["judged"][0]["indication"]) == (1, "INDETERMINATE")


def test_file_of_no_known_kind_is_told_with_a_code_and_the_others_are_judged(pki: PKI, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("xin chào")

    status, answer = _verify(tmp_path, tmp_path / "notes.txt", _signed_pdf(pki, tmp_path))

    assert status == 1
    notes, pdf = answer["files"]
    assert (notes["kind"], notes["judged"][0]["indication"]) == ("unknown", "TOTAL-FAILED")
    assert "file-unreadable" in notes["judged"][0]["detail"]
    assert [one["indication"] for one in pdf["judged"]] == ["TOTAL-PASSED"]


def test_evidence_file_passes_in_a_folder_with_nothing_but_it_and_the_root(pki: PKI, tmp_path: Path) -> None:
    court = tmp_path / "court"
    court.mkdir()
    _evidence(pki, court)
    (court / "root.pem").write_bytes(pki.roots_pem)
    command = [str(Path(sys.executable).with_name("lienthong")), "verify", "evidence.asice", "--trust", "root.pem"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=court, env={"HOME": str(court)})

    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything passed, 11 checks" in done.stdout
    for shown in ("SubmissionAcceptance", "ContentHandover", "node H28.31", "witnessed by", "G22"):
        assert shown in done.stdout


def test_evidence_file_beside_a_package_is_judged_by_what_it_carries(pki: PKI, tmp_path: Path) -> None:
    status, answer = _verify(tmp_path, _evidence(pki, tmp_path), _package(pki, tmp_path), with_list=False)

    evidence, package = answer["files"]
    assert (status, evidence["kind"], package["kind"]) == (1, "evidence", "package")
    assert {one["indication"] for one in evidence["judged"]} == {"TOTAL-PASSED"}
    assert {one["indication"] for one in package["judged"]} == {"INDETERMINATE"}
    assert [one["event"] for one in evidence["recipients"]] == ["ContentHandover"]


def test_evidence_file_under_another_root_fails_and_says_what(pki: PKI, tmp_path: Path) -> None:
    path = _evidence(PKI.new(datetime.now(UTC)), tmp_path)

    done = CliRunner().invoke(build_app(), ["verify", str(path), "--trust", str(tmp_path / "root.pem")])

    assert pki.roots_pem
    assert done.exit_code == 1
    assert "1 of 2 checks did not pass:\n  TOTAL-FAILED: trust list: NO_CERTIFICATE_CHAIN_FOUND; " in done.stdout


def test_evidence_file_without_its_time_stamp_is_indeterminate(pki: PKI, tmp_path: Path) -> None:
    status, answer = _verify(tmp_path, _evidence(pki, tmp_path, stamped=False))

    assert (status, answer["files"][0]["judged"][-1]["indication"]) == (1, "INDETERMINATE")


def test_damaged_evidence_file_is_told_as_one(pki: PKI, tmp_path: Path) -> None:
    path = _evidence(pki, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"evidence/", b"evidence\\", 1))

    status, answer = _verify(tmp_path, path)

    assert (status, answer["files"][0]["kind"], len(answer["files"][0]["judged"])) == (1, "evidence", 1)
    assert "FORMAT_FAILURE" in answer["files"][0]["judged"][0]["detail"]


@pytest.mark.parametrize(("name", "begins"), [("report.html", b"<!DOCTYPE html>"), ("report.pdf", b"%PDF-")])
def test_report_is_written_as_a_page(pki: PKI, tmp_path: Path, name: str, begins: bytes) -> None:
    arguments = _arguments(tmp_path, (_package(pki, tmp_path),))

    done = CliRunner().invoke(build_app(), [*arguments, "--html", str(tmp_path / name), "--language", "en"])

    assert done.exit_code == 0, done.output
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_report_about_two_files_is_refused_with_a_sentence(pki: PKI, tmp_path: Path) -> None:
    package = _package(pki, tmp_path)

    done = CliRunner().invoke(
        build_app(), [*_arguments(tmp_path, (package, package)), "--html", str(tmp_path / "report.html")]
    )

    assert done.exit_code == 1
    assert "A report is written about one package, PDF or CMS signature." in done.stderr


def test_detached_signature_is_judged_with_the_file_beside_it(pki: PKI, tmp_path: Path) -> None:
    letter, signature = tmp_path / "letter.txt", tmp_path / "letter.txt.p7s"
    letter.write_text("Kế hoạch")
    signature.write_bytes(sign_detached(letter.read_bytes(), key=_key(pki, tmp_path), at=datetime.now(UTC)))

    right = _verify(tmp_path, signature)
    letter.write_text("Kế hoạch khác")
    wrong = _verify(tmp_path, signature)

    assert (right[0], right[1]["files"][0]["kind"]) == (0, "cms")
    assert wrong[0] == 1
    assert "HASH_FAILURE" in wrong[1]["files"][0]["judged"][0]["detail"]
