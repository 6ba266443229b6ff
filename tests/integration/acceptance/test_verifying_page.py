"""``docs/verifying.md``: every command on the page is run, and each section refuses what it should."""

import re
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Final

import pytest

from tests.integration.acceptance.evidence_files import FILE

PAGE: Final = Path(__file__).parents[3] / "docs" / "verifying.md"
LIMIT_S: Final = 120
SECTIONS: Final = (
    "Unpack",
    "Members",
    "Time",
    "Certificates",
    "Revocation, a second opinion",
    "Seal",
    "Evidence",
    "Logs",
    "Places",
    "Package",
    "PDF",
)


SECTION: Final = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", flags=re.MULTILINE | re.DOTALL)
BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def commands() -> dict[str, str]:
    """The commands of each section, by its heading."""
    sections = SECTION.findall(PAGE.read_text(encoding="utf-8"))
    found = {heading: "\n".join(BLOCK.findall(text)) for heading, text in sections}
    return {heading: script for heading, script in found.items() if script}


def failing_section(folder: Path, *, change: str = "", without: Collection[str] = ()) -> str:
    """The section of the page that fails; empty: none. ``change`` is done to the members once they are unpacked."""
    script = "".join(
        f"echo 'at {heading}' >&2\n{text}\n{change if heading == 'Unpack' else ''}\n"
        for heading, text in commands().items()
        if heading not in without
    )
    done = subprocess.run(
        ["sh", "-eu"], input=script, capture_output=True, text=True, check=False, cwd=folder, timeout=LIMIT_S
    )
    reached = re.findall(r"^at (.+)$", done.stderr, flags=re.MULTILINE)
    return "" if done.returncode == 0 else str(reached[-1])


@pytest.fixture
def folder(court: Path, tmp_path: Path) -> Path:
    """Nothing but the evidence file and the root."""
    return Path(shutil.copytree(court, tmp_path / "court"))


def flip(members: str) -> str:
    """A command that changes one byte in the middle of the first of ``members``."""
    return f"""python3 -c '
import glob, pathlib
path = pathlib.Path(sorted(glob.glob("{members}"))[0])
data = bytearray(path.read_bytes())
data[len(data) // 2] ^= 1
path.write_bytes(data)'
"""


def test_page_has_the_sections_that_are_tried() -> None:
    assert tuple(commands()) == SECTIONS


def test_every_command_on_the_page_accepts_a_real_evidence_file(folder: Path) -> None:
    assert failing_section(folder) == ""


@pytest.mark.parametrize(
    ("change", "section"),
    [
        (flip("META-INF/ASiCManifest002.xml"), "Time"),
        (flip("META-INF/timestamp002.tst"), "Time"),
        (flip("trust/crls.pem"), "Certificates"),
        (flip("trust/ocsp/*.der"), "Revocation, a second opinion"),
        (flip("META-INF/signature001.p7s"), "Seal"),
        (flip("META-INF/ASiCManifest001.xml"), "Seal"),
        (flip("evidence/*.jws"), "Evidence"),
        ("sed -i '3s/^./A/;3s/^A\\(.\\)/B\\1/' log/*.note\n", "Logs"),
        ("sed -i '6d' log/*.note\n", "Logs"),
        ('sed -i \'s/"index":[0-9]*/"index":77/\' log/*.json\n', "Places"),
        ("sed -i 's/Báo cáo thử nghiệm/Báo cáo thử thách/' package.edxml\n", "Evidence"),
    ],
)
def test_each_section_refuses_what_was_changed(folder: Path, change: str, section: str) -> None:
    assert failing_section(folder, change=change, without=("Members",)) == section


@pytest.mark.parametrize("members", ["package.edxml", "contents.json", "evidence/*.jws", "log/*.tst", "trust/*.jws"])
def test_changed_member_is_seen_by_its_digest(folder: Path, members: str) -> None:
    assert failing_section(folder, change=flip(members)) == "Members"


def test_changed_package_is_refused_by_xmlsec1(folder: Path) -> None:
    change = "sed -i 's/Báo cáo thử nghiệm/Báo cáo thử thách/' package.edxml\n"
    before = ("Members", "Evidence", "Places")

    assert failing_section(folder, change=change, without=before) == "Package"


def test_changed_pdf_is_refused_by_pdfsig(folder: Path) -> None:
    """Behind the end of the structure that pdfsig must read to find a signature at all: a byte of the page."""
    change = """python3 -c '
import base64, pathlib, re
path = pathlib.Path("package.edxml")
data = path.read_bytes()
found = re.search(rb"(<edXML:ContentTransferEncoded[^>]*>)([^<]*)", data)
pdf = base64.b64decode(found[2]).replace(b"/MediaBox", b"/MadiaBox", 1)
path.write_bytes(data[: found.start(2)] + base64.b64encode(pdf) + data[found.end(2) :])'
"""
    before = ("Members", "Evidence", "Places", "Package")

    assert failing_section(folder, change=change, without=before) == "PDF"


def test_file_name_on_the_page_is_the_one_that_is_tried() -> None:
    assert FILE in commands()["Unpack"]
