"""Evidence files as nodes make them: the same journey for both ends, and honest about what is missing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.evidence_file.verdict import EvidenceVerdict
from lienthong.shared.signatures.report import Indication
from tests.integration.acceptance.evidence_files import (
    CENTRE,
    COMMUNE,
    FILE,
    complete_evidence,
    evidence_answer,
    travelled,
)
from tests.integration.acceptance.whole_network import NEIGHBOUR, WholeNetwork, assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="session")


def judged(path: Path, network: WholeNetwork) -> EvidenceVerdict:
    return check_evidence_file(path, roots=network.site.root_path.read_bytes(), now=datetime.now(UTC))


async def test_recipient_gets_the_same_journey(network: WholeNetwork, tmp_path: Path) -> None:
    document = await travelled(network, folder=tmp_path)
    (tmp_path / FILE).write_bytes(await complete_evidence(network, CENTRE, document))

    verdict = judged(tmp_path / FILE, network)

    assert verdict.passed, verdict.checks
    assert verdict.contents is not None
    assert (verdict.contents.made_by, len(verdict.contents.evidence)) == (CENTRE, 5)


async def test_node_that_is_away_leaves_the_verdict_open_and_is_named(network: WholeNetwork, tmp_path: Path) -> None:
    document = await travelled(network, folder=tmp_path)
    await complete_evidence(network, COMMUNE, document)

    with network.away("H28"):
        answer = await evidence_answer(network, COMMUNE, document)

    assert (answer.headers["evidence-complete"], answer.headers["retry-after"]) == ("false", "60")
    (tmp_path / FILE).write_bytes(answer.content)
    verdict = judged(tmp_path / FILE, network)
    open_ones = [one for one in verdict.checks if one.indication is not Indication.TOTAL_PASSED]
    assert [(one.by, one.indication.value) for one in open_ones] == [
        ("node H28", "INDETERMINATE"),
        ("", "INDETERMINATE"),
    ]
    assert "The log of the node H28 was not to be had" in open_ones[0].detail


async def test_file_is_made_without_the_authorities_and_says_so(network: WholeNetwork, tmp_path: Path) -> None:
    document = await travelled(network, folder=tmp_path)

    with network.away("signing"):
        answer = await evidence_answer(network, COMMUNE, document)

    assert answer.headers["evidence-complete"] == "false"
    (tmp_path / FILE).write_bytes(answer.content)
    last = judged(tmp_path / FILE, network).checks[-1]
    assert (last.what, last.indication) == ("time stamp", Indication.INDETERMINATE)


async def test_evidence_is_narrowed_to_one_recipient_that_the_caller_may_see(
    network: WholeNetwork, tmp_path: Path
) -> None:
    document = await travelled(network, folder=tmp_path)

    named = await evidence_answer(network, COMMUNE, document, recipient="000.00.00.G22")
    other = await evidence_answer(network, COMMUNE, document, recipient=NEIGHBOUR)

    assert named.status_code == 200
    assert_problem(other, 404, "document-not-found", hop="H28.31.05")


async def test_no_file_is_left_behind(network: WholeNetwork, tmp_path: Path) -> None:
    document = await travelled(network, folder=tmp_path)
    before = await network.quiet(COMMUNE)

    (await evidence_answer(network, COMMUNE, document)).raise_for_status()

    assert (await network.quiet(COMMUNE))["spool"] == before["spool"] == []
