"""Uploads that resume: over breaks, over kills of the node, and over a new start of this program. Source: tus 1.0.0."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from lienthong.sdk.bodies import Progress
from lienthong.sdk.errors import ProblemError
from lienthong.sdk.transport import FAILURES, Call, Transport

CHUNK_BYTES: Final = 1024 * 1024
"""Bytes read from disk at once."""
READ_BYTES_PER_S: Final = 10 * 1024 * 1024
"""As slowly as a busy node may read a package before it answers."""
_TUS: Final = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadMemory:
    """Where a package's upload stands, on disk, for the next start; ``folder`` None: nothing is remembered.

    One small file each, named by node and package. What it says is only where to ask: the node knows how far it got.
    """

    folder: Path | None

    def recall(self, node_url: str, sha256: str) -> str | None:
        """The address of an upload that was begun before."""
        try:
            return str(json.loads(self._path(node_url, sha256).read_text())["url"]) if self.folder else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, node_url: str, sha256: str, url: str) -> None:
        """Keeps the address. Raises ``OSError``."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path(node_url, sha256).write_text(json.dumps({"url": url}))

    def forget(self, node_url: str, sha256: str) -> None:
        """The package is submitted."""
        if self.folder is not None:
            self._path(node_url, sha256).unlink(missing_ok=True)

    def _path(self, node_url: str, sha256: str) -> Path:
        name = hashlib.sha256(f"{node_url} {sha256}".encode()).hexdigest()
        return (self.folder or Path()) / f"{name}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A package to upload."""

    path: Path
    size: int
    sha256: str
    media_type: str


class Upload:
    """One package on its way to one node."""

    def __init__(self, transport: Transport, node_url: str, file: UploadedFile, *, audience: str) -> None:
        self._transport = transport
        self._node_url = node_url
        self._file = file
        self._audience = audience
        self._memory = UploadMemory(folder=transport.options.uploads_folder)

    def forget(self) -> None:
        """The package is submitted: nobody need go on with it."""
        self._memory.forget(self._node_url, self._file.sha256)

    async def run(self, *, progress: Progress | None) -> bytes:
        """What names the upload, now complete, to ``POST /v1/documents``.

        Raises:
            ProblemError: The node refuses.
            ServiceUnreachable: No byte got there in as many tries as the options allow.
        """
        known = self._memory.recall(self._node_url, self._file.sha256)
        offset = None if known is None else await self._offset(known)
        if known is None or offset is None:
            url, offset = await self._begin(), 0
            self._memory.remember(self._node_url, self._file.sha256, url)
        else:
            url = known
        await self._send_all(url, offset, progress=progress)
        return json.dumps({"upload": url.rsplit("/", 1)[1], "sha256": self._file.sha256}).encode()

    async def _send_all(self, url: str, offset: int, *, progress: Progress | None) -> None:
        failures = 0
        while offset < self._file.size:
            try:
                stands = await self._send(url, offset, progress=progress)
            except FAILURES as error:
                failures += 1
                if not _stands_elsewhere(error) or failures >= self._transport.options.attempts:
                    await self._transport.pause_after(error, failures=failures)
                stands = await self._offset(url) or 0
            failures = 0 if stands > offset else failures
            offset = stands

    async def _begin(self) -> str:
        said = base64.b64encode(self._file.media_type.encode()).decode()
        headers = {"Upload-Length": str(self._file.size), "Upload-Metadata": f"filetype {said}", "Content-Length": "0"}
        address = f"{self._node_url}/v1/uploads"
        answer = await self._transport.send(self._call("POST", address, headers))
        return urljoin(address, answer.headers["location"])

    async def _offset(self, url: str) -> int | None:
        """Where the upload stands; None: the node does not have it any more."""
        try:
            answer = await self._transport.send(self._call("HEAD", url, {}))
        except ProblemError as error:
            if error.status == 404:
                return None
            raise
        return int(answer.headers["upload-offset"])

    async def _send(self, url: str, offset: int, *, progress: Progress | None) -> int:
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(self._file.size - offset),
            "Upload-Offset": str(offset),
        }
        call = self._call("PATCH", url, headers, content_from=offset, progress=progress)
        async with self._transport.stream(call) as answer:
            return int(answer.headers["upload-offset"])

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        content_from: int | None = None,
        progress: Progress | None = None,
    ) -> Call:
        content = None if content_from is None else lambda: self._pieces(content_from, progress)
        return Call(method=method, url=url, audience=self._audience, headers={**_TUS, **headers}, content=content)

    async def _pieces(self, start: int, progress: Progress | None) -> AsyncIterator[bytes]:
        with await asyncio.to_thread(self._file.path.open, "rb") as file:
            file.seek(start)
            done = start
            while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield piece
                done += len(piece)
                if progress is not None:
                    progress(done, self._file.size)


def reading_time(size: int) -> timedelta:
    """How much longer than other answers that to a package of ``size`` bytes may take."""
    return timedelta(seconds=size / READ_BYTES_PER_S)


def _stands_elsewhere(error: Exception) -> bool:
    return isinstance(error, ProblemError) and error.code == "upload-offset-mismatch"
