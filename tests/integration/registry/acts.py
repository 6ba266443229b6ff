"""Acts as operators bring them in, over REST."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.integration.registry.conftest import Registry
from tests.support.random_acts import act_file

JSON = {"Content-Type": "application/json"}
REASON = {"reason": "đúng nghị quyết"}


async def upload(
    registry: Registry, *operations: Mapping[str, Any], at: datetime | None = None, by: str = "operator"
) -> httpx.Response:
    """The answer to an upload; the act takes effect tomorrow, unless ``at`` says when."""
    content = act_file(at or registry.clock.now + timedelta(days=1), operations)
    headers = {**await registry.bearer(by), **JSON}
    return await registry.http.post("/v1/reorganisations", content=content, headers=headers)


async def approve(registry: Registry, act: str, by: str = "second-operator") -> httpx.Response:
    """The answer to an approval."""
    headers = await registry.bearer(by)
    return await registry.http.post(f"/v1/reorganisations/{act}/approval", json=REASON, headers=headers)


async def withdraw(registry: Registry, act: str, by: str = "operator") -> httpx.Response:
    """The answer to a withdrawal."""
    headers = await registry.bearer(by)
    return await registry.http.post(f"/v1/reorganisations/{act}/withdrawal", json=REASON, headers=headers)


async def read(registry: Registry, path: str) -> dict[str, Any]:
    """What an operator reads of acts."""
    answer = await registry.http.get(f"/v1/reorganisations{path}", headers=await registry.bearer())
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def done(registry: Registry, operations: Sequence[Mapping[str, Any]], *, at: datetime | None = None) -> str:
    """An act brought in, approved and applied; gives its id."""
    uploaded = await upload(registry, *operations, at=at)
    assert uploaded.status_code == 201, uploaded.text
    approved = await approve(registry, uploaded.json()["id"])
    assert approved.status_code == 200, approved.text
    registry.clock.now = datetime.fromisoformat(uploaded.json()["effective_at"]) + timedelta(hours=1)
    applied = await registry.apply_due()
    assert [one.state for one in applied] == ["applied"], applied
    return str(uploaded.json()["id"])
