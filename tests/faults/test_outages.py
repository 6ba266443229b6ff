"""Registry, signing, a broker or a parent node are away: the other nodes take documents; afterwards all arrive."""

import pytest

from tests.faults.outages import WARM_UP_LETTERS, run


@pytest.mark.timeout(900)
async def test_submissions_go_on_while_parts_are_away_and_everything_arrives() -> None:
    found = await run(outage_s=5)

    assert found.errors == []
    assert found.verdict.is_clean, found.verdict
    assert found.sent > WARM_UP_LETTERS
