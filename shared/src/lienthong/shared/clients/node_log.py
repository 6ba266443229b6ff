"""The evidence log of another node, as nodes read it. Everything that it gives is parsed and **unverified**.

Each answer is read up to a limit. What a node does not answer and what it answers wrongly are told apart: the one may
pass, the other is for a witness to report.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.log import (
    LOG_REQUEST_TYPE,
    CheckpointAnswer,
    ConsistencyAnswer,
    EntriesAnswer,
    InclusionAnswer,
    LogRequest,
    WitnessedCheckpoint,
)
from lienthong.shared.errors import LienthongError, NotFound, Unavailable, Verification
from lienthong.shared.identifiers import EvidenceId
from lienthong.shared.signatures.seals import SealKey

MAX_ANSWER_BYTES: Final = 512 * 1024
"""Longest checkpoint or proof that is read: a checkpoint with 32 witnesses has about 300 KiB."""
MAX_ENTRIES_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Longest answer with entries that is read: a node sends 4 MiB, or one longer entry."""
MAX_PROBLEM_BYTES: Final = 64 * 1024
SHORT_ANSWER_BYTES: Final = 64 * 1024
"""A longer one is parsed in a thread: it takes more than a millisecond."""
DAMAGED_CODE: Final = "log-damaged"
"""The problem code by which a node itself says that its tables were meddled with."""
_REFUSED: Final = (400, 422)
Shape = TypeVar("Shape", bound=Contract)
Query = dict[str, str | int]


class NodeLogUnavailable(Unavailable):
    """The node does not answer, or gives this node no access; ``facts`` has its problem code, where there is one."""

    code = "node-log-unavailable"
    title = "The log of the other node cannot be read now"


class NodeLogMissing(NotFound):
    """The node's log has no such checkpoint or evidence, or not yet; ``facts`` has its problem code."""

    code = "node-log-missing"
    title = "The log of the other node has no such thing"


class NodeLogUnusable(Verification):
    """The node answers, but not with what its log must be able to show; ``facts`` has its problem code, if any."""

    code = "node-log-unusable"
    title = "The log of the other node does not show what it must"


class NodeLogClient:
    """Reads the log of one node.

    Args:
        node_url: Base URL of the node, without a trailing slash.
        http: Whose connections and timeouts are used; the caller closes it.
        authorize: Makes a bearer token, anew for each request: see :func:`sealed_request`.
    """

    def __init__(self, node_url: str, http: httpx.AsyncClient, *, authorize: Callable[[], str]) -> None:
        self._base_url = f"{node_url}/v1/log"
        self._http = http
        self._authorize = authorize

    async def newest(self, *, stamped: bool = False) -> CheckpointAnswer:
        """The newest checkpoint, or the newest with a time stamp.

        Raises:
            NodeLogMissing: There is none.
            NodeLogUnavailable, NodeLogUnusable: No answer; one that is none.
        """
        return await self._read(CheckpointAnswer, "/checkpoints/newest", {"stamped": str(stamped).lower()})

    async def covering(self, size: int) -> CheckpointAnswer:
        """The best checkpoint over ``size`` entries: stamped and witnessed, if there is one. Raises likewise."""
        return await self._read(CheckpointAnswer, "/checkpoints/covering", {"size": size})

    async def checkpoint(self, size: int) -> CheckpointAnswer:
        """The checkpoint of exactly ``size`` entries. Raises as :meth:`newest`."""
        return await self._read(CheckpointAnswer, f"/checkpoints/{size}", {})

    async def inclusion(self, evidence: EvidenceId, *, size: int | None = None) -> InclusionAnswer:
        """Where ``evidence`` stands among the first ``size`` entries; None: those of the covering checkpoint.

        Raises as :meth:`newest`.
        """
        query: Query = {"evidence": evidence} if size is None else {"evidence": evidence, "size": size}
        return await self._read(InclusionAnswer, "/inclusion", query)

    async def consistency(self, old: int, new: int) -> ConsistencyAnswer:
        """Proof that the log of ``new`` entries begins with that of ``old``. Raises as :meth:`newest`."""
        return await self._read(ConsistencyAnswer, "/consistency", {"from": old, "to": new})

    async def entries(self, begin: int, *, size: int, limit: int) -> EntriesAnswer:
        """At most ``limit`` entries from ``begin`` on, of the log of ``size``. Raises as :meth:`newest`."""
        query: Query = {"begin": begin, "size": size, "limit": limit}
        return await self._read(EntriesAnswer, "/entries", query, limit_bytes=MAX_ENTRIES_ANSWER_BYTES)

    async def cosign(self, witnessed: WitnessedCheckpoint) -> None:
        """Hands this node's signature over. Raises as :meth:`newest`."""
        content = witnessed.model_dump_json().encode()
        await self._send("POST", "/cosignatures", content=content, headers={"Content-Type": "application/json"})

    async def _read(self, shape: type[Shape], path: str, query: Query, *, limit_bytes: int = MAX_ANSWER_BYTES) -> Shape:
        content = await self._send("GET", path, query=query, limit_bytes=limit_bytes)
        try:
            if len(content) > SHORT_ANSWER_BYTES:
                return await asyncio.to_thread(shape.model_validate_json, content)
            return shape.model_validate_json(content)
        except ValidationError as error:
            raise NodeLogUnusable("The node answers in another form than a log does.") from error

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        limit_bytes: int = MAX_ANSWER_BYTES,
    ) -> bytes:
        sent = {"Authorization": f"Bearer {self._authorize()}", **(headers or {})}
        try:
            async with self._http.stream(
                method, self._base_url + path, params=query, content=content, headers=sent
            ) as answer:
                if not answer.is_success:
                    raise _refusal(answer.status_code, await _content(answer, MAX_PROBLEM_BYTES, whole=False))
                return await _content(answer, limit_bytes)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NodeLogUnavailable("The node cannot be reached; try again.") from error


def sealed_request(key: SealKey, request: LogRequest) -> str:
    """The bearer token that a node's log takes of another node."""
    return key.seal(LOG_REQUEST_TYPE, request)


class _Problem(BaseModel):
    code: str = ""
    detail: str = ""


def _refusal(status: int, content: bytes) -> LienthongError:
    try:
        problem = _Problem.model_validate_json(content)
    except ValidationError:
        problem = _Problem()
    facts = {"node_code": problem.code, "node_status": status}
    said = f"The node says: {problem.detail}" if problem.detail else f"The node answers with the status {status}."
    if problem.code == DAMAGED_CODE or (problem.code and status in _REFUSED):
        return NodeLogUnusable(said, facts=facts)
    if problem.code and status == httpx.codes.NOT_FOUND:
        return NodeLogMissing(said, facts=facts)
    return NodeLogUnavailable(said, facts=facts)


async def _content(answer: httpx.Response, limit_bytes: int, *, whole: bool = True) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > limit_bytes:
            if not whole:
                break
            raise NodeLogUnusable(f"The node answers with more than the {limit_bytes} bytes that are read.")
    return bytes(content)
