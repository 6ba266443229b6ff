"""The asynchronous client of one node and of the registry."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import TypeAdapter

from lienthong.sdk import models
from lienthong.sdk.bodies import Body, Progress, multipart
from lienthong.sdk.downloads import Download
from lienthong.sdk.errors import ProfileIncomplete
from lienthong.sdk.options import ClientOptions
from lienthong.sdk.paging import M, items, parameters
from lienthong.sdk.token_source import TokenSource
from lienthong.sdk.transport import Call, Transport
from lienthong.shared.clients.registry import Credential
from lienthong.shared.contracts.directory import NodeEntry
from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.edxml.model import BusinessStatus, DocumentHeader, StaffInfo
from lienthong.shared.identifiers import NodeId

_IDENTITY = {"Accept-Encoding": "identity"}
"""Packages are read byte for byte; a compressed transfer could not resume."""
EVIDENCE_TIME = timedelta(minutes=2)
"""How much longer than others a node may take to begin: it asks all nodes of a journey first."""
_TIMELINE = TypeAdapter(tuple[models.TimelineEntry, ...])
_CLAIMS = TypeAdapter(tuple[models.Claim, ...])


class LienthongClient:
    """Sends, receives and follows documents on one node; use it as an ``async with`` block.

    Every call may be repeated without harm and is: with doubling pauses, or after what Retry-After asks for.
    All methods raise :class:`.ProblemError` when the service refuses, :class:`.ServiceUnreachable` when it is away.

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

    # Sending

    async def submit(
        self,
        package: Path | bytes,
        *,
        media_type: str,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> models.Submission:
        """Submits a ready package, streamed from disk. ``expires_at``, aware: until when it may be claimed.

        Without an ``idempotency_key`` its digest is the key: the same package twice is one submission.
        """
        body = Body.of([package], content_type=media_type)
        key = idempotency_key or f"sha256:{await body.sha256()}"
        return await self._submit(body, idempotency_key=key, expires_at=expires_at, progress=progress)

    async def submit_files(
        self,
        header: DocumentHeader,
        files: Sequence[Path],
        *,
        sign: bool = True,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> models.Submission:
        """Submits header and files; the node builds the package and signs it with the agency's remote key.

        Without an ``idempotency_key`` every call is a submission of its own.
        """
        key = idempotency_key or str(uuid4())
        body = multipart(header.model_dump(mode="json", by_alias=True, exclude_none=True), files)
        params = {} if sign else {"sign": "false"}
        return await self._submit(body, idempotency_key=key, expires_at=expires_at, progress=progress, params=params)

    async def _submit(
        self,
        body: Body,
        *,
        idempotency_key: str,
        expires_at: datetime | None,
        progress: Progress | None,
        params: dict[str, str] | None = None,
    ) -> models.Submission:
        headers = {
            "Content-Type": body.content_type,
            "Content-Length": str(body.length),
            "Idempotency-Key": idempotency_key,
        }
        if expires_at is not None:
            headers["Lienthong-Expires"] = expires_at.isoformat()
        call = await self._call("POST", "/v1/documents", headers=headers, params=params)
        response = await self._transport.send(replace(call, content=lambda: body.stream(progress)))
        submission = models.Submission.model_validate_json(response.content)
        return submission.model_copy(update={"replayed": response.headers.get("idempotency-replayed") == "true"})

    async def post_status(
        self,
        document_id: str,
        status: BusinessStatus,
        *,
        description: str = "",
        staff: StaffInfo | None = None,
        agency: str | None = None,
        idempotency_key: str | None = None,
    ) -> models.Submission:
        """Answers a received document with a business status, which travels back to its sender."""
        body = {
            "code": status.value,
            "description": description,
            "staff": staff.model_dump() if staff else None,
            "agency": agency,
        }
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        response = await self._post(f"/v1/documents/{document_id}/statuses", body, headers=headers)
        return models.Submission.model_validate_json(response.content)

    # Reading

    def documents(self, *, kind: str | None = None, agency: str | None = None) -> AsyncIterator[models.DocumentSummary]:
        """The documents that the caller's agencies sent, page by page behind the scenes."""
        return self._items("/v1/documents", models.DocumentSummary, params=parameters(kind=kind, agency=agency))

    async def document(self, document_id: str) -> models.Document:
        """Everything the node says of a document that the caller sent or received."""
        response = await self._get(f"/v1/documents/{document_id}")
        return models.Document.model_validate_json(response.content)

    async def timeline(self, document_id: str) -> tuple[models.TimelineEntry, ...]:
        """What happened to a document, in time order."""
        response = await self._get(f"/v1/documents/{document_id}/timeline")
        return _TIMELINE.validate_python(response.json()["items"])

    async def download_package(
        self, document_id: str, out: Path, *, sha256: str | None = None, progress: Progress | None = None
    ) -> str:
        """The exact bytes that the sender submitted, into ``out``; resumes after a break. Gives their SHA-256."""
        call = await self._call("GET", f"/v1/documents/{document_id}/package", headers=_IDENTITY)
        return await Download(self._transport, call, out=out, progress=progress).run(sha256=sha256)

    async def download_evidence(self, document_id: str, out: Path, *, progress: Progress | None = None) -> str:
        """The evidence file of a document, made now and written to ``out``. Gives its SHA-256."""
        call = await self._call("GET", f"/v1/documents/{document_id}/evidence", headers=_IDENTITY)
        call = replace(call, extra_time=EVIDENCE_TIME)
        return await Download(self._transport, call, out=out, progress=progress).run()

    async def download_attachment(
        self, document_id: str, n: int, out: Path, *, sha256: str | None = None, progress: Progress | None = None
    ) -> str:
        """Attachment ``n`` (1 is the first), decoded, into ``out``. Gives its SHA-256."""
        call = await self._call("GET", f"/v1/documents/{document_id}/attachments/{n}", headers=_IDENTITY)
        return await Download(self._transport, call, out=out, progress=progress).run(sha256=sha256)

    # Receiving

    def inbox(
        self, *, agency: str | None = None, kind: str | None = None, wait: timedelta = timedelta()
    ) -> AsyncIterator[models.InboxItem]:
        """What waits for the caller's agencies, not claimed thereby. ``wait``: stay until something comes, ≤ 60 s."""
        params = parameters(agency=agency, kind=kind, wait=int(wait.total_seconds()) or None)
        return self._items("/v1/inbox", models.InboxItem, params=params, extra_time=wait)

    async def claim(
        self,
        *,
        agency: str | None = None,
        kind: str | None = None,
        limit: int = 10,
        lease: timedelta = timedelta(minutes=5),
    ) -> tuple[models.Claim, ...]:
        """Takes at most ``limit`` deliveries under a lease. What an answer lost on its way held comes again later."""
        body = {"agency": agency, "kind": kind, "limit": limit, "lease_seconds": int(lease.total_seconds())}
        response = await self._post("/v1/inbox/claims", body)
        return _CLAIMS.validate_python(response.json()["claims"])

    async def acknowledge(
        self, claim: models.Claim, *, done: bool = True, description: str = ""
    ) -> models.Acknowledged:
        """Says that the recipient's system has taken the delivery, or (``done=False``) cannot, and why."""
        body = {
            "lease_token": claim.lease_token,
            "result": "done" if done else "fail",
            "description": description,
        }
        response = await self._post(f"/v1/deliveries/{claim.delivery_id}/acknowledgement", body)
        return models.Acknowledged.model_validate_json(response.content)

    # The directory

    def agencies(self, query: str = "") -> AsyncIterator[models.Agency]:
        """Agencies by name (with or without diacritics) or by either code."""
        call = Call(
            method="GET",
            url=f"{self._registry_url}/v1/agencies",
            params=parameters(q=query or None),
        )
        return items(self._transport, call, model=models.Agency)

    async def agency(self, code: str, *, at: str | None = None) -> models.Agency:
        """One agency, by either code, closed or not; ``at``: as it was at a date (in Vietnam) or a time."""
        url = f"{self._registry_url}/v1/agencies/{quote(code, safe='')}"
        call = Call(method="GET", url=url, params=parameters(at=at))
        return models.Agency.model_validate_json((await self._transport.send(call)).content)

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

    # Calls

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

    async def _post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        call = await self._call("POST", path, headers={"Content-Type": "application/json", **(headers or {})})
        return await self._transport.send(replace(call, content=json.dumps(body).encode()))
