"""10,000 signatures: what a package or container says of itself costs no more than the limits allow."""

import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import LienthongError
from lienthong.shared.signatures.asice import MAX_SIGNATURES, ContainerFile, build_container
from lienthong.shared.signatures.policies import may_accept
from lienthong.shared.signatures.report import Indication, PackageSignature
from lienthong.shared.signatures.validation import validate_package
from tests.support.packages import END, START, between, local_key, sign, unsigned_package
from tests.support.pki import NOW, PKI

Changed = Callable[[str, bytes], list[tuple[str, bytes]]]
"""Gives what stands in place of one entry."""
MANY = 10_000
PATIENCE_S = 5
"""CPU seconds; 10,000 verifications would take more."""


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def _verdict(path: Path, media_type: str, pki: PKI) -> PackageSignature | str:
    """What the package comes to; the reader's code where it refuses it. In time, whatever it is."""
    began = time.process_time()
    try:
        reading = read_package(path, media_type)
        report = validate_package(path, reading, media_type=media_type, trust=pki.trust(), at=NOW)
    except LienthongError as refused:
        return refused.code
    finally:
        assert time.process_time() - began < PATIENCE_S
    assert len(report.signatures) <= MAX_SIGNATURES
    assert not may_accept(report) or report.indication is not Indication.TOTAL_PASSED
    return report.package


def test_ten_thousand_signatures_in_a_header(pki: PKI, tmp_path: Path) -> None:
    package = sign(unsigned_package(), pki.agency("H28"))
    signature = between(package, START, END)
    path = tmp_path / "package.edxml"
    path.write_bytes(package.replace(signature, signature * MANY))

    assert _verdict(path, EDXML, pki) is not PackageSignature.VALID


def test_ten_thousand_signatures_in_a_signature_file(pki: PKI, tmp_path: Path) -> None:
    def repeated(name: str, content: bytes) -> list[tuple[str, bytes]]:
        if not name.endswith("signatures.xml"):
            return [(name, content)]
        signature = between(content, START, END)
        return [(name, content.replace(signature, signature * MANY))]

    path = _container(pki, tmp_path, repeated)

    assert _verdict(path, ASICE, pki) is not PackageSignature.VALID


def test_ten_thousand_signature_files(pki: PKI, tmp_path: Path) -> None:
    def repeated(name: str, content: bytes) -> list[tuple[str, bytes]]:
        if not name.endswith("signatures.xml"):
            return [(name, content)]
        return [(f"META-INF/signatures{n}.xml", content) for n in range(MANY)]

    path = _container(pki, tmp_path, repeated)

    assert _verdict(path, ASICE, pki) is not PackageSignature.VALID


def test_file_that_stands_twice_in_a_signed_container(pki: PKI, tmp_path: Path) -> None:
    def twice(name: str, content: bytes) -> list[tuple[str, bytes]]:
        return [(name, content)] if name != "scan.pdf" else [(name, content), (name, b"%PDF-1.7 another")]

    with pytest.warns(UserWarning, match="Duplicate name"):
        path = _container(pki, tmp_path, twice)

    assert _verdict(path, ASICE, pki) == "edxml-asice-invalid"


def _container(pki: PKI, folder: Path, changed: Changed) -> Path:
    message, scan = folder / "message.edxml", folder / "scan.pdf"
    message.write_bytes(unsigned_package())
    scan.write_bytes(b"%PDF-1.7 scan")
    files = (
        ContainerFile(name="message.edxml", path=message, media_type=EDXML),
        ContainerFile(name="scan.pdf", path=scan, media_type="application/pdf"),
    )
    with (folder / "honest.asice").open("w+b") as out:
        build_container(files, out, key=local_key(pki.agency("H28")), at=NOW)
    made = folder / "package.asice"
    with zipfile.ZipFile(folder / "honest.asice") as honest, zipfile.ZipFile(made, "w") as written:
        for one in honest.infolist():
            for name, content in changed(one.filename, honest.read(one)):
                written.writestr(name, content, one.compress_type)
    return made
