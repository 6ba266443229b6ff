"""The container of an evidence file: every member is named, whole and the one that was sealed."""

import hashlib
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.shared.contracts.evidence import Event, PackageReference
from lienthong.shared.edxml.limits import MAX_PACKAGE_BYTES
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.evidence_file import reading
from lienthong.shared.evidence_file.contents import (
    CONTENTS,
    MAX_ALL_SMALL_BYTES,
    SEAL,
    SEAL_MANIFEST,
    TIME_MANIFEST,
    TIME_STAMP,
    Contents,
    ProvenEvidence,
)
from lienthong.shared.evidence_file.reading import EvidenceFileInvalid, is_evidence_file, open_evidence_file
from lienthong.shared.evidence_file.writing import PackageFile, SealedMembers, seal_members, write_evidence_file
from lienthong.shared.identifiers import AgencyCode, DocumentId, EvidenceId, NodeId, Sha256

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
PACKAGE = "<gói>Kế hoạch</gói>".encode() * 50
TIMESTAMP_BYTES = b"a token"


def _contents() -> Contents:
    return Contents(
        document=DocumentId("01a20eb6-ad12-70d0-ab75-9105d38a7811"),
        sender=AgencyCode("H28.31.05"),
        sender_document_id="181/KH-UBND",
        package=PackageReference(
            sha256=Sha256(hashlib.sha256(PACKAGE).hexdigest()), size=len(PACKAGE), media_type=EDXML
        ),
        package_member="package.edxml",
        made_by=NodeId("H28.31.05"),
        made_at=AT,
        evidence=(
            ProvenEvidence(
                id=EvidenceId("e1"),
                node=NodeId("H28.31.05"),
                event=Event.SUBMISSION_ACCEPTANCE,
                time=AT,
                member="evidence/e1.jws",
            ),
        ),
    )


def _sealed(tmp_path: Path, **more: bytes) -> SealedMembers:
    path = tmp_path / "package"
    path.write_bytes(PACKAGE)
    contents = _contents()
    package = PackageFile(member=contents.package_member, path=path, reference=contents.package)
    members = {CONTENTS: contents.model_dump_json().encode(), "evidence/e1.jws": b"a.b.c", **more}
    return seal_members(package, members, seal=lambda data: b"seal of " + hashlib.sha256(data).digest())


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "made.asice"
    with path.open("wb") as out:
        write_evidence_file(_sealed(tmp_path), TIMESTAMP_BYTES, out, at=AT)
    return path


def test_a_file_above_what_plain_zip_holds_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1_000)  # of the writer; 2 GiB otherwise
    path = tmp_path / "giant.asice"
    with path.open("wb") as out:
        write_evidence_file(_sealed(tmp_path), TIMESTAMP_BYTES, out, at=AT)

    with open_evidence_file(path).package() as package:
        read = package.read_bytes()

    assert b"PK\x06\x06" in path.read_bytes()
    assert is_evidence_file(path)
    assert read == PACKAGE


def test_a_package_of_any_size_that_nodes_take_fits() -> None:
    assert reading.LIMITS.unwrapped_bytes >= MAX_PACKAGE_BYTES
    assert reading.LIMITS.container_bytes >= MAX_PACKAGE_BYTES + MAX_ALL_SMALL_BYTES


def _rewritten(made: Path, change: dict[str, bytes | None], *, more: dict[str, bytes] | None = None) -> Path:
    """The same container with members changed, left out (None) or added."""
    out = made.with_name("changed.asice")
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            data = change.get(info.filename, source.read(info))
            if data is not None:
                target.writestr(info, data)
        for name, data in (more or {}).items():
            target.writestr(name, data)
    return out


def test_what_was_written_reads_again(made: Path) -> None:
    opened = open_evidence_file(made)

    assert opened.contents == _contents()
    assert opened.small["evidence/e1.jws"] == b"a.b.c"
    with opened.package() as package:
        assert package.read_bytes() == PACKAGE


def test_file_begins_as_every_asic_container_does(made: Path) -> None:
    assert made.read_bytes()[30:].startswith(b"mimetypeapplication/vnd.etsi.asic-e+zip")
    assert is_evidence_file(made)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_every_changed_byte_of_a_covered_member_is_found(made: Path, data: st.DataObject) -> None:
    with zipfile.ZipFile(made) as container:
        judged_later = {TIME_MANIFEST, TIME_STAMP}  # the one is over the other
        members = {name: container.read(name) for name in container.namelist() if name not in judged_later}
    member = data.draw(st.sampled_from(sorted(members)))
    position = data.draw(st.integers(0, len(members[member]) - 1))
    changed = bytearray(members[member])
    changed[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(EvidenceFileInvalid):
        open_evidence_file(_rewritten(made, {member: bytes(changed)}))


@pytest.mark.parametrize("member", ["evidence/e1.jws", "package.edxml", SEAL, SEAL_MANIFEST, CONTENTS])
def test_missing_member_is_found(made: Path, member: str) -> None:
    with pytest.raises(EvidenceFileInvalid):
        open_evidence_file(_rewritten(made, {member: None}))


def test_manifest_that_omits_a_file_is_refused(made: Path) -> None:
    with pytest.raises(EvidenceFileInvalid, match="not named"):
        open_evidence_file(_rewritten(made, {}, more={"evidence/e2.jws": b"x.y.z"}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_member_is_refused(made: Path) -> None:
    with pytest.raises(EvidenceFileInvalid, match="name of its own"):
        open_evidence_file(_rewritten(made, {}, more={"evidence/e1.jws": b"x.y.z"}))


def test_path_trick_is_refused(made: Path) -> None:
    with pytest.raises(EvidenceFileInvalid):
        open_evidence_file(_rewritten(made, {}, more={"../root.pem": b"x"}))


def test_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.asice"
    with path.open("wb") as out:
        write_evidence_file(_sealed(tmp_path, bomb=b"\0" * 40_000_000), TIMESTAMP_BYTES, out, at=AT)

    with pytest.raises(EvidenceFileInvalid):
        open_evidence_file(path)


def test_many_members_that_swell_are_refused_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ALL_SMALL_BYTES", 1_000_000)
    path = tmp_path / "bomb.asice"
    with path.open("wb") as out:
        more = {f"log/{number}.json": b"\0" * 300_000 for number in range(4)}
        write_evidence_file(_sealed(tmp_path, **more), TIMESTAMP_BYTES, out, at=AT)

    with pytest.raises(EvidenceFileInvalid, match="too long"):
        open_evidence_file(path)


def test_package_that_shrinks_beyond_measure_is_no_bomb(tmp_path: Path) -> None:
    path, content = tmp_path / "made.asice", b"A" * (20 * 1024 * 1024)
    contents = _contents()
    sha256 = Sha256(hashlib.sha256(content).hexdigest())
    reference = contents.package.model_copy(update={"sha256": sha256, "size": len(content)})
    (tmp_path / "package").write_bytes(content)
    members = {CONTENTS: contents.model_copy(update={"package": reference}).model_dump_json().encode()}
    package = PackageFile(member=contents.package_member, path=tmp_path / "package", reference=reference)
    with path.open("wb") as out:
        write_evidence_file(seal_members(package, members, seal=lambda _: b"seal"), TIMESTAMP_BYTES, out, at=AT)

    assert open_evidence_file(path).contents.package == reference


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x05\x06" + b"\0" * 18, b"<edXML/>"])
def test_other_files_are_no_evidence_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    assert not is_evidence_file(path)
