"""Lists that span pages, read as one stream."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from lienthong.sdk.transport import Call, Transport

M = TypeVar("M", bound=BaseModel)


def parameters(**given: str | int | None) -> dict[str, str]:
    """Query parameters: those that were given."""
    return {name: str(value) for name, value in given.items() if value is not None}


async def items(transport: Transport, call: Call, *, model: type[M]) -> AsyncIterator[M]:
    """Every item of every page. A page's ``next`` is the cursor of the one after it; null ends the list."""
    while True:
        page = (await transport.send(call)).json()
        for item in page["items"]:
            yield model.model_validate(item)
        if page.get("next") is None:
            return
        call = replace(call, params={**call.params, "cursor": page["next"]})
