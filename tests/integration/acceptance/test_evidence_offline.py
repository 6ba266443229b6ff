"""The evidence file of a real journey: judged with nothing else at hand, and worth nothing after one changed byte."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.evidence_file.verdict import EvidenceVerdict
from tests.integration.acceptance.evidence_files import (
    CENTRE,
    FILE,
    ROOT,
)
from tests.support.evidence_files import members_of, put_together


def judged(path: Path, root: bytes) -> EvidenceVerdict:
    return check_evidence_file(path, roots=root, now=datetime.now(UTC))


def verify(folder: Path) -> tuple[int, Any]:
    """``lienthong verify`` in a folder, in a process that knows nothing else."""
    command = [str(Path(sys.executable).with_name("lienthong")), "verify", FILE, "--trust", ROOT, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={"HOME": str(folder)})
    return done.returncode, json.loads(done.stdout)


def test_four_hop_journey_verifies_with_the_file_and_the_root_alone_and_every_service_stopped(court: Path) -> None:
    assert sorted(path.name for path in court.iterdir()) == [FILE, ROOT]

    status, answer = verify(court)

    (file,) = answer["files"]
    assert status == 0, file["judged"]
    assert {one["indication"] for one in file["judged"]} == {"TOTAL-PASSED"}
    told = [
        (one["what"].split(" of ")[0], one["signer"]) for one in file["judged"] if one["signer"].startswith("node ")
    ]
    assert told == [
        ("SubmissionAcceptance", "node H28.31.05"),
        ("RelayAcceptance", "node H28.31"),
        ("RelayAcceptance", "node H28"),
        ("ContentConsignment", "node G22"),
        ("ContentHandover", "node G22"),
    ]
    assert [(one["agency"], one["event"]) for one in file["recipients"]] == [(CENTRE, "ContentHandover")]
    assert "OCSP answers" in {one["what"] for one in file["judged"]}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_any_member_fails(court: Path, tmp_path: Path, data: st.DataObject) -> None:
    members = members_of(court / FILE)
    member = data.draw(st.sampled_from(sorted(members)))
    changed = bytearray(members[member])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))

    path = put_together({**members, member: bytes(changed)}, tmp_path / FILE)

    assert not judged(path, (court / ROOT).read_bytes()).passed


def test_any_missing_or_added_member_fails(court: Path, tmp_path: Path) -> None:
    members, root = members_of(court / FILE), (court / ROOT).read_bytes()

    for left_out in members:
        fewer = {name: content for name, content in members.items() if name != left_out}
        assert not judged(put_together(fewer, tmp_path / FILE), root).passed, left_out
    assert not judged(put_together({**members, "evidence/more.jws": b"a.b.c"}, tmp_path / FILE), root).passed
