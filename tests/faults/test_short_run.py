"""A short run of the fault machine: what is killed, cut and damaged loses nothing and delivers nothing twice."""

import os
from pathlib import Path

import pytest

from tests.faults.machine import Machine, Plan

SEED = 5
FAULTS, DOCUMENTS = 60, 300
ANOTHER = os.environ.get("LIENTHONG_FAULTS_SEED", "")
"""One more seed, chosen by whoever runs the tests."""
SEEDS = [SEED, *([int(ANOTHER)] if ANOTHER else [])]


@pytest.mark.filterwarnings("ignore:coroutine 'Connection.close' was never awaited:RuntimeWarning")  # in aio-pika
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", SEEDS)
async def test_sixty_faults_lose_nothing_and_deliver_nothing_twice(seed: int) -> None:
    plan = Plan(seed=seed, faults=FAULTS, documents=DOCUMENTS)

    outcome = await Machine(plan, keep=Path("var/faults")).run()

    assert outcome.verdict.is_clean, outcome.verdict
    assert outcome.struck.total() == FAULTS
    assert outcome.documents == DOCUMENTS
