"""The registry's answer about any agency at any time is that of a naive replay of all acts."""

from datetime import timedelta
from random import Random
from typing import Any

from lienthong.registry.usecases.place_agencies import place_agencies
from lienthong.shared.contracts.directory import AgencyEntry
from tests.integration.registry.acts import approve, upload
from tests.integration.registry.conftest import Registry
from tests.support.random_acts import RandomHistory

RECORD = ("code", "old_code", "name", "parent", "level")
AGENCIES, ACTS, QUESTIONS = 250, 25, 1_000


async def lived(registry: Registry, random: Random) -> RandomHistory:
    """A directory that has been through many acts, brought in over REST, and the same told naively."""
    registry.clock.now = registry.clock.now.replace(year=2030)
    history = RandomHistory(random=random, begin=registry.clock.now)
    entries = [AgencyEntry.model_validate(record) for record in history.start(AGENCIES)]
    await place_agencies(registry.database, list(enumerate(entries, 1)), by="tests", now=registry.clock.now)
    for _ in range(ACTS):
        moment, operations = history.act(random.randint(1, 12))
        act = (await upload(registry, *operations, at=moment)).json()["id"]
        if (await approve(registry, act)).status_code != 200:
            continue  # it does not fit: a circle of parents, or a child left alone
        registry.clock.now = moment + timedelta(minutes=1)
        await registry.apply_due()
        history.applied(moment, operations)
    return history


async def test_a_thousand_random_questions_are_answered_as_by_a_naive_replay(registry: Registry) -> None:
    random = Random(20250701)  # noqa: S311 — the same acts each time
    history = await lived(registry, random)
    assert len(history.worlds) > ACTS // 2
    codes = history.codes()

    for _ in range(QUESTIONS):
        code = random.choice(codes)
        moment = history.begin + timedelta(minutes=random.uniform(-1, history.made + 2) * 1440)
        answer = await registry.http.get(f"/v1/agencies/{code}", params={"at": moment.isoformat()})
        assert told(answer.status_code, answer.json()) == history.at(moment).answer(code), (code, moment)


async def test_children_at_random_times_are_those_of_a_naive_replay(registry: Registry) -> None:
    random = Random(1975)  # noqa: S311 — likewise
    history = await lived(registry, random)
    codes = history.codes()

    for _ in range(100):
        code = random.choice(codes)
        moment = history.begin + timedelta(minutes=random.uniform(-1, history.made + 2) * 1440)
        params: dict[str, Any] = {"at": moment.isoformat(), "limit": 500}
        answer = await registry.http.get(f"/v1/agencies/{code}/children", params=params)
        assert [one["code"] for one in answer.json()["items"]] == history.at(moment).children(code)


def told(status: int, body: dict[str, Any]) -> tuple[str, dict[str, Any] | None, list[str]]:
    """The registry's answer in the words of the replay."""
    if status == 404:
        return "unknown", None, []
    record = {name: body[name] for name in RECORD}
    return body["status"], {**record, "node": body["node"] or body["last_node"]}, body["successors"]
