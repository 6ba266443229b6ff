"""The whole road over processes of their own, real PostgreSQL and real RabbitMQ."""

import asyncio
import contextlib
import hashlib
import random
from pathlib import Path

from lienthong.sdk.models import Submission, TimelineEntry
from lienthong.shared.edxml.model import BusinessStatus
from tests.system.office import AGENCIES, Office
from tests.system.packages import header, write_package

DOCUMENTS = 200
Offices = dict[str, Office]


async def _send_in_random_directions(offices: Offices, folder: Path, *, count: int) -> dict[str, list[Submission]]:
    chance = random.Random(7)  # noqa: S311 — a reproducible choice, not a secret
    gate = asyncio.Semaphore(16)
    sent: dict[str, list[Submission]] = {code: [] for code in AGENCIES}

    async def send(n: int) -> None:
        sender = chance.choice(AGENCIES)
        others = [code for code in AGENCIES if code != sender]
        package = write_package(folder / f"{n}.edxml", header(sender, others, n), attachment_bytes=20_000)
        async with gate:
            sent[sender].append(await offices[sender].send(package))

    await asyncio.gather(*(send(n) for n in range(count)))
    return sent


async def test_200_documents_to_three_recipients_each_arrive_once_with_complete_timelines(
    offices: Offices, tmp_path: Path
) -> None:
    sent = await _send_in_random_directions(offices, tmp_path, count=DOCUMENTS)
    expected = {code: DOCUMENTS - len(sent[code]) for code in AGENCIES}

    await asyncio.gather(*(offices[code].take(expected[code]) for code in AGENCIES))
    await asyncio.gather(*(offices[code].take_until_quiet() for code in AGENCIES))

    assert {code: offices[code].taken.total() for code in AGENCIES} == expected
    assert all(set(offices[code].taken.values()) == {1} for code in AGENCIES)
    for code, submissions in sent.items():
        for submission in submissions:
            await _check_timeline(offices[code], submission)


async def _check_timeline(office: Office, submission: Submission) -> None:
    every = {str(recipient.delivery_id) for recipient in submission.recipients}
    complete = dict.fromkeys(("SubmissionAcceptance", "ContentConsignment", "ContentHandover"), every)
    found: dict[str, set[str]] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(60):
            while found != complete:
                timeline = await office.client.timeline(submission.id)
                found = {event: _deliveries(timeline, event) for event in complete}
                await asyncio.sleep(0.05)
    document = await office.client.document(submission.id)
    assert len(every) == 3
    assert found == complete
    assert {delivery.transport_status for delivery in document.deliveries} == {"done"}


def _deliveries(timeline: tuple[TimelineEntry, ...], event: str) -> set[str]:
    return {delivery for entry in timeline if entry.event == event for delivery in entry.deliveries}


async def test_a_commune_writes_to_the_centre_and_its_answers_return(offices: Offices, tmp_path: Path) -> None:
    commune, centre = offices["H28.31.05"], offices["G22"]
    package = write_package(
        tmp_path / "a.edxml", header("000.05.31.H28", ["000.00.00.G22"], 5001), attachment_bytes=900
    )
    submission = await commune.send(package)
    await centre.take(1)
    for code in ("01", "03", "05", "06"):
        await centre.client.post_status(submission.id, BusinessStatus(code))

    await commune.take(4)

    timeline = await commune.client.timeline(submission.id)
    assert [entry.status.code for entry in timeline if entry.status] == ["01", "03", "05", "06"]
    document = await commune.client.document(submission.id)
    assert document.deliveries[0].business_status == "06"
    await centre.client.download_package(submission.id, tmp_path / "out.edxml", sha256=submission.package.sha256)
    assert (tmp_path / "out.edxml").read_bytes() == package.read_bytes()
    assert hashlib.sha256(package.read_bytes()).hexdigest() == submission.package.sha256
