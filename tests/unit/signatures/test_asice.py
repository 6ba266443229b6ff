import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from lienthong.shared.edxml.media_types import ASICE, EDXML, PDF
from lienthong.shared.edxml.reading import ContainerEntry, PackageReading
from lienthong.shared.identifiers import Sha256
from lienthong.shared.signatures.asice import (
    MAX_SIGNATURE_FILE_BYTES,
    ContainerFile,
    build_container,
    verify_container_signatures,
)
from lienthong.shared.signatures.report import Indication, SignatureKind, SignatureReport, SubIndication
from tests.support.packages import local_key, read, unsigned_package
from tests.support.pki import NOW, PKI

SIGNATURES = "META-INF/signatures.xml"


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


@pytest.fixture
def container(pki: PKI, tmp_path: Path) -> Path:
    message, scan = tmp_path / "message.edxml", tmp_path / "scan.pdf"
    message.write_bytes(unsigned_package())
    scan.write_bytes(b"%PDF-1.7 scan")
    files = (
        ContainerFile(name="message.edxml", path=message, media_type=EDXML),
        ContainerFile(name="Phụ lục 1.pdf", path=scan, media_type=PDF),
    )
    with (tmp_path / "package.asice").open("w+b") as out:
        build_container(files, out, key=local_key(pki.agency("H28")), at=NOW)
    return tmp_path / "package.asice"


def reading(path: Path) -> PackageReading:
    """What reading a container gives, as far as its signatures need it."""
    with zipfile.ZipFile(path) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    entries = [
        ContainerEntry(name=name, size=len(data), sha256=Sha256(sha256(data).hexdigest()))
        for name, data in contents.items()
    ]
    message = read(contents["message.edxml"])
    return PackageReading(
        media_type=ASICE,
        content=message.content,
        parts=message.parts,
        header_end_offset=message.header_end_offset,
        message_entry="message.edxml",
        entries=tuple(entries),
    )


def rewritten(path: Path, edit: Callable[[dict[str, bytes]], None]) -> Path:
    """The container with its entries changed by ``edit``."""
    with zipfile.ZipFile(path) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    edit(contents)
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for name, data in contents.items():
            changed.writestr(name, data)
    path.write_bytes(out.getvalue())
    return path


def verify(path: Path, pki: PKI) -> SignatureReport:
    (report,) = verify_container_signatures(path, reading(path), trust=pki.trust(), at=NOW)
    return report


def test_built_container_is_valid_and_covers_every_file(pki: PKI, container: Path) -> None:
    report = verify(container, pki)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.kind is SignatureKind.ASIC
    assert report.covered == ("message.edxml", "Phụ lục 1.pdf")


def test_container_begins_with_its_stored_media_type(container: Path) -> None:
    assert container.read_bytes()[30:].startswith(b"mimetype" + ASICE.encode())


def test_changed_file(pki: PKI, container: Path) -> None:
    rewritten(container, lambda files: files.update({"Phụ lục 1.pdf": b"%PDF-1.7 other"}))

    assert verify(container, pki).sub_indication is SubIndication.HASH_FAILURE


def test_added_file_is_uncovered(pki: PKI, container: Path) -> None:
    rewritten(container, lambda files: files.update({"extra.pdf": b"%PDF-1.7"}))

    report = verify(container, pki)

    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert report.not_covered == ("extra.pdf",)


def test_file_that_hides_below_the_name_of_a_signed_one(pki: PKI, container: Path) -> None:
    rewritten(container, lambda files: files.update({"Phụ lục 1.pdf/extra.pdf": b"%PDF-1.7"}))

    report = verify(container, pki)

    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert report.not_covered == ("Phụ lục 1.pdf/extra.pdf",)


def test_removed_file(pki: PKI, container: Path) -> None:
    rewritten(container, lambda files: files.__delitem__("Phụ lục 1.pdf"))

    assert verify(container, pki).sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


@pytest.mark.parametrize("xml", [b"", b"<x/>", b"not xml", b"<!DOCTYPE x><x/>"])
def test_damaged_signature_file(pki: PKI, container: Path, xml: bytes) -> None:
    rewritten(container, lambda files: files.update({SIGNATURES: xml}))

    assert verify(container, pki).sub_indication is SubIndication.FORMAT_FAILURE


def test_signature_under_another_root(pki: PKI, container: Path) -> None:
    def rename(files: dict[str, bytes]) -> None:
        files[SIGNATURES] = files[SIGNATURES].replace(b"asic:XAdESSignatures", b"asic:Signatures")

    rewritten(container, rename)

    assert verify(container, pki).sub_indication is SubIndication.FORMAT_FAILURE


def test_same_id_in_two_signatures_of_one_file(pki: PKI, container: Path) -> None:
    def double(files: dict[str, bytes]) -> None:
        inner = files[SIGNATURES].partition(b">")[2].removesuffix(b"</asic:XAdESSignatures>")
        files[SIGNATURES] = files[SIGNATURES].replace(inner, inner + inner)

    rewritten(container, double)
    reports = verify_container_signatures(container, reading(container), trust=pki.trust(), at=NOW)

    assert [report.sub_indication for report in reports] == [SubIndication.FORMAT_FAILURE] * 2


def test_signature_file_over_the_limit_is_not_read(pki: PKI, container: Path) -> None:
    rewritten(container, lambda files: files.update({SIGNATURES: b" " * (MAX_SIGNATURE_FILE_BYTES + 1)}))

    assert verify(container, pki).sub_indication is SubIndication.GENERIC


def test_cades_signature_is_unverifiable(pki: PKI, container: Path) -> None:
    def only_cades(files: dict[str, bytes]) -> None:
        del files[SIGNATURES]
        files["META-INF/signature.p7s"] = b"0"

    rewritten(container, only_cades)

    assert verify(container, pki).sub_indication is SubIndication.GENERIC


def test_container_without_signatures_has_no_reports(pki: PKI, container: Path) -> None:
    rewritten(container, lambda files: files.__delitem__(SIGNATURES))

    assert verify_container_signatures(container, reading(container), trust=pki.trust(), at=NOW) == ()
