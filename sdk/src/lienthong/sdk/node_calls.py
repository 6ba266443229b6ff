"""Calls to one node: its token, its id, its pages."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx

from lienthong.sdk.errors import ProfileIncomplete
from lienthong.sdk.options import ClientOptions
from lienthong.sdk.paging import M, items
from lienthong.sdk.token_source import TokenSource
from lienthong.sdk.transport import Call, Transport
from lienthong.shared.clients.registry import Credential
from lienthong.shared.contracts.directory import NodeEntry
from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.identifiers import NodeId


class NodeCalls:
    """What every client of a node needs.

    Args:
        node_url: Base URL of the node's REST API.
        registry_url: Base URL of the registry: tokens and agencies come from there.
        credential: How the client proves who it is: a ClientSecret, or a ClientKey (``private_key_jwt``).
        node: The node's id; looked up in the registry by ``node_url`` when not given.
        options: Attempts and times.
        http: A connection pool to use instead of an own one; it is not closed here.
    """

    def __init__(
        self,
        node_url: str,
        registry_url: str,
        credential: Credential,
        *,
        node: NodeId | None = None,
        options: ClientOptions | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._node_url = node_url.rstrip("/")
        self._registry_url = registry_url.rstrip("/")
        self._node = node
        self._own_http = http is None
        self._http = http or httpx.AsyncClient()
        tokens = TokenSource(self._http, registry_url=self._registry_url, credential=credential)
        self._transport = Transport(self._http, tokens, options=options or ClientOptions())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own_http:
            await self._http.aclose()

    async def node(self) -> NodeId:
        """The id of the node that this client speaks to."""
        if self._node is None:
            self._node = await self._find_node()
        return self._node

    async def _find_node(self) -> NodeId:
        call = Call(method="GET", url=f"{self._registry_url}/v1/nodes")
        async for entry in items(self._transport, call, model=NodeEntry):
            if entry.url.rstrip("/") == self._node_url:
                return entry.id
        raise ProfileIncomplete(
            f"The registry knows no node at {self._node_url}. Give its id (LIENTHONG_NODE_ID, or node in the profile)."
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Call:
        audience = node_audience(await self.node())
        return Call(
            method=method, url=self._node_url + path, audience=audience, headers=headers or {}, params=params or {}
        )

    async def _items(
        self, path: str, model: type[M], *, params: Mapping[str, str], extra_time: timedelta = timedelta()
    ) -> AsyncIterator[M]:
        call = replace(await self._call("GET", path, params=params), extra_time=extra_time)
        async for item in items(self._transport, call, model=model):
            yield item

    async def _get(self, path: str) -> httpx.Response:
        return await self._transport.send(await self._call("GET", path))

    async def _post(
        self,
        path: str,
        body: object,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Content-Type": "application/json", **(headers or {})}
        call = await self._call("POST", path, headers=sent, params=params)
        return await self._transport.send(replace(call, content=json.dumps(body).encode()))
