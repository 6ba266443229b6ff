"""The client of a node's ``/v1/admin``; its credentials must hold the scope ``admin``."""

from collections.abc import AsyncIterator
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.paging import parameters
from lienthong.sdk.transport import Call
from lienthong.shared.contracts.directory import NodeEntry
from lienthong.shared.identifiers import NodeId

M = TypeVar("M", bound=BaseModel)
MAX_PAGE = 500
"""Items that a node gives at once."""


class OperatorClient(LienthongClient):
    """Asks and tells one node what only operators may. Paths are those of the OpenAPI, models of ``operator_models``.

    All methods raise :class:`.ProblemError` when the node refuses, :class:`.ServiceUnreachable` when it is away.
    """

    async def turn_to(self, node: NodeId) -> None:
        """Speaks to ``node`` from now on; the registry knows where it is."""
        call = Call(method="GET", url=f"{self._registry_url}/v1/nodes/{quote(node, safe='')}")
        entry = NodeEntry.model_validate_json((await self._transport.send(call)).content)
        self._node, self._node_url = entry.id, entry.url.rstrip("/")

    async def read(
        self, path: str, model: type[M], *, at_most: int | None = None, **given: str | int | None
    ) -> list[M]:
        """The items of a list, page by page behind the scenes, ``at_most`` so many; ``given``: its query."""
        limit = None if at_most is None else min(at_most, MAX_PAGE)
        found: list[M] = []
        async for item in self._items(path, model, params=parameters(limit=limit, **given)):
            found.append(item)
            if len(found) == at_most:
                break
        return found

    def each(self, path: str, model: type[M], **given: str | int | None) -> AsyncIterator[M]:
        """The same, one after another, however many there are."""
        return self._items(path, model, params=parameters(**given))

    async def read_one(self, path: str, model: type[M], **given: str | int | None) -> M:
        """One thing; ``given``: its query."""
        call = await self._call("GET", path, params=parameters(**given))
        return model.model_validate_json((await self._transport.send(call)).content)

    async def act(self, path: str, model: type[M], *, key: str | None = None, **said: object) -> M:
        """Tells the node to do something; ``said``: the body's members; ``key``: the order's Idempotency-Key, if any.

        May be repeated, as every act of a node.
        """
        headers = {"Idempotency-Key": key} if key else None
        return model.model_validate_json((await self._post(path, said, headers=headers)).content)
