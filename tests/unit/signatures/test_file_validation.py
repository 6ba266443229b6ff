"""One file of any kind: a verdict comes out, whatever is in it."""

import tempfile
import zipfile
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.shared.edxml.media_types import ASICE, CADES, EDXML, PDF
from lienthong.shared.signatures.asice import ContainerFile, build_container
from lienthong.shared.signatures.cms import sign_enveloping
from lienthong.shared.signatures.file_validation import MEDIA_TYPES, validate_file
from lienthong.shared.signatures.pades import sign_pdf
from lienthong.shared.signatures.report import Indication, PackageSignature, Report, SubIndication
from tests.support.packages import local_key, sign, unsigned_package
from tests.support.pdf import minimal_pdf
from tests.support.pki import NOW, PKI
from tests.support.time_stamping import TimeStamper


@cache
def network() -> PKI:
    return PKI.new()


@cache
def signed(media_type: str) -> bytes:
    """A file of that kind with a signature that holds."""
    pki, out = network(), BytesIO()
    key, stamp = local_key(pki.agency("H28")), TimeStamper.of(pki).stamp
    if media_type == PDF:
        sign_pdf(BytesIO(minimal_pdf()), out, key=key, at=NOW)
        return out.getvalue()
    if media_type == CADES:
        return sign_enveloping(b"content", key=key, at=NOW, stamp=stamp)
    if media_type == EDXML:
        return sign(unsigned_package(), pki.agency("H28"), stamp=stamp)
    return container({"message.edxml": unsigned_package()})


def container(files: dict[str, bytes]) -> bytes:
    """A signed ASiC-E container."""
    out = BytesIO()
    key, stamp = local_key(network().agency("H28")), TimeStamper.of(network()).stamp
    with tempfile.TemporaryDirectory() as folder:
        written = [ContainerFile(name=name, path=Path(folder, name), media_type=EDXML) for name in files]
        for file in written:
            file.path.write_bytes(files[file.name])
        build_container(written, out, key=key, at=NOW, stamp=stamp)
    return out.getvalue()


def judge(content: bytes, media_type: str, folder: Path) -> Report:
    path = folder / "file"
    path.write_bytes(content)
    return validate_file(path, media_type=media_type, trust=network().trust(), at=NOW + timedelta(minutes=1))


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_signed_file_of_every_kind_passes(media_type: str, tmp_path: Path) -> None:
    report = judge(signed(media_type), media_type, tmp_path)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.policy == "lienthong-2020"


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("junk", [b"", b"junk", b"\x00" * 2_000, b"PK\x03\x04" * 10, b"\x30\x80", b"%PDE-1.7"])
def test_file_that_is_something_else_is_a_format_failure(media_type: str, junk: bytes, tmp_path: Path) -> None:
    report = judge(junk, media_type, tmp_path)

    assert (report.indication, report.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE)


def test_pdf_without_a_signature_has_no_verdict(tmp_path: Path) -> None:
    report = judge(minimal_pdf(), PDF, tmp_path)

    assert (report.indication, report.package) == (None, PackageSignature.ABSENT)


def test_container_without_a_message_is_judged_over_all_its_files(tmp_path: Path) -> None:
    report = judge(container({"letter.txt": b"one", "annex.txt": b"two"}), ASICE, tmp_path)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].covered == ("letter.txt", "annex.txt")


def test_file_slipped_into_a_foreign_container_is_not_covered(tmp_path: Path) -> None:
    changed = BytesIO(container({"letter.txt": b"one"}))
    with zipfile.ZipFile(changed, "a") as opened:
        opened.writestr("slipped-in.txt", b"two")

    report = judge(changed.getvalue(), ASICE, tmp_path)

    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert report.signatures[0].not_covered == ("slipped-in.txt",)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_truncated_or_changed_file_gets_a_verdict_and_no_exception(
    data: st.DataObject, media_type: str, tmp_path: Path
) -> None:
    content = bytearray(signed(media_type))
    for _ in range(data.draw(st.integers(0, 3), label="changes")):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))), label="length")

    report = judge(bytes(content[:cut]), media_type, tmp_path)

    assert report.model_dump_json()
    assert cut == len(content) or report.indication is not Indication.TOTAL_PASSED
