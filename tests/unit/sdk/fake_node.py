"""A node and a registry in memory, which can be switched off, be busy, or break a transfer in the middle."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
from pydantic import SecretStr

from lienthong.sdk import ClientOptions, ClientSecret, LienthongClient
from lienthong.shared.identifiers import NodeId

NODE = "http://node.test"
REGISTRY = "http://danhba.test"


class BrokenBody(httpx.AsyncByteStream):
    """Gives ``data`` and then, if told so, breaks the connection."""

    def __init__(self, data: bytes, *, breaks: bool) -> None:
        self._data, self._breaks = data, breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data
        if self._breaks:
            raise httpx.ReadError("the connection broke")


class FakeNode(httpx.AsyncBaseTransport):
    """Answers as the contracts say. ``online`` false: no connection; ``busy``: so many answers of 503 first."""

    def __init__(self) -> None:
        self.online = True
        self.busy = 0
        self.retry_after = "0"
        self.break_after_bytes: int | None = None
        self.corrupt = False
        self.package = b"<edXML/>" * 1000
        self.submissions: dict[str, bytes] = {}
        self.ranges: list[str] = []
        self.tokens_issued: list[str] = []
        self.valid_token: str | None = None
        self.document_ids = [f"document-{n}" for n in range(5)]
        self.requests = 0
        self.asked: list[tuple[str, str, bytes]] = []
        """Path, query and body of what was asked about documents sent before."""

    def client(self, *, client_secret: str = "secret") -> LienthongClient:
        """A client of this node that does not wait long."""
        return LienthongClient(
            NODE,
            REGISTRY,
            ClientSecret(client_id="e-office", secret=SecretStr(client_secret)),
            node=NodeId("H28"),
            options=ClientOptions(first_pause=timedelta(milliseconds=1)),
            http=httpx.AsyncClient(transport=self),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join([chunk async for chunk in request.stream])  # type: ignore[union-attr]
        if request.url.path == "/oauth2/token":
            return self._token(parse_qs(body.decode()))
        self.requests += 1
        if not self.online:
            raise httpx.ConnectError("refused", request=request)
        if self.busy:
            self.busy -= 1
            return _problem(503, "not-ready", headers={"Retry-After": self.retry_after})
        if request.headers["authorization"] != f"Bearer {self.valid_token}":
            return _problem(401, "token-invalid")
        return self._answer(request, body)

    def _token(self, form: dict[str, list[str]]) -> httpx.Response:
        if form["client_secret"] != ["secret"]:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": "Nói rõ."})
        self.tokens_issued += form["resource"]
        self.valid_token = f"token-{len(self.tokens_issued)}"
        return httpx.Response(200, json={"access_token": self.valid_token, "expires_in": 900, "token_type": "Bearer"})

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        if request.url.path == "/v1/documents" and request.method == "POST":
            return self._submit(request.headers["idempotency-key"], body)
        if request.url.path.endswith(("/recall", "/update", "/replace")):
            self.asked.append((request.url.path, request.url.query.decode(), body))
            return self._submit(request.headers["idempotency-key"], body)
        if request.url.path == "/v1/documents":
            return self._page(int(request.url.params.get("cursor", "0")))
        if request.url.path.endswith(("/package", "/evidence")):
            return self._package(request.headers.get("range"))
        return _problem(404, "document-not-found", hop="node:H28")

    def _submit(self, key: str, body: bytes) -> httpx.Response:
        known = self.submissions.setdefault(key, body)
        if known != body:
            return _problem(409, "idempotency-key-reused")
        sha256 = hashlib.sha256(body).hexdigest()
        answer = {
            "id": "document-1",
            "kind": "document",
            "package": {"sha256": sha256, "size": len(body), "media_type": "application/edxml+xml"},
            "recipients": [],
            "receipt": "a.b.c",
        }
        return httpx.Response(201, json=answer)

    def _page(self, start: int) -> httpx.Response:
        ids = self.document_ids[start : start + 2]
        following = str(start + 2) if start + 2 < len(self.document_ids) else None
        items = [
            {
                "id": one,
                "kind": "document",
                "sender": {"code": "H28", "name": "UBND tỉnh Hòa Bình"},
                "sender_document_id": one,
                "submitted_at": "2026-01-02T03:04:05Z",
                "package": {"sha256": "0" * 64, "size": 1, "media_type": "application/edxml+xml"},
            }
            for one in ids
        ]
        return httpx.Response(200, json={"items": items, "next": following})

    def _package(self, wanted: str | None) -> httpx.Response:
        start = 0
        if wanted is not None:
            self.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.package):
            return _problem(416, "range-not-satisfiable")
        data = self.package[start:]
        headers = {"Content-Length": str(len(data)), "ETag": f'"{hashlib.sha256(self.package).hexdigest()}"'}
        limit, self.break_after_bytes = self.break_after_bytes, None
        sent = data if limit is None else data[:limit]
        sent = sent[:-1] + b"!" if self.corrupt else sent
        stream = BrokenBody(sent, breaks=limit is not None)
        return httpx.Response(206 if start else 200, headers=headers, stream=stream)


def _problem(status: int, code: str, *, hop: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"type": f"urn:lienthong:problem:{code}", "title": code, "status": status, "detail": "Nói rõ.", "hop": hop}
    content = json.dumps(body).encode()
    return httpx.Response(
        status, content=content, headers={"Content-Type": "application/problem+json", **(headers or {})}
    )
