"""Downloads that resume after a break or a new start, and end in a file with the announced digest, or in no file."""

import asyncio
import hashlib
import re
from pathlib import Path
from typing import BinaryIO, Final

from lienthong.sdk.bodies import Progress
from lienthong.sdk.errors import DownloadCorrupt, ProblemError
from lienthong.sdk.transport import FAILURES, Call, Transport, with_range

_READ_BYTES: Final = 1024 * 1024
_ETAG_DIGEST = re.compile(r'"([0-9a-f]{64})"')


class Download:
    """One file on its way. It grows as ``<out>.part`` and takes its name when whole and right.

    What an earlier start left there counts, if the digest is known beforehand.
    """

    def __init__(self, transport: Transport, call: Call, *, out: Path, progress: Progress | None) -> None:
        self._transport = transport
        self._call = call
        self._out = out
        self._part = out.with_name(out.name + ".part")
        self._progress = progress
        self._digest = hashlib.sha256()
        self._done = 0
        self._etag: str | None = None
        self._total: int | None = None

    async def run(self, *, sha256: str | None = None) -> str:
        """Downloads and gives the SHA-256. ``sha256``: what it must be; else what the ETag says.

        Raises:
            DownloadCorrupt: The bytes have another digest.
            ProblemError: The node refuses.
            ServiceUnreachable: No byte came in as many tries as the options allow.
        """
        if sha256 is not None and await asyncio.to_thread(_digest_of, self._out) == sha256:
            return sha256
        kept = sha256 is not None and await asyncio.to_thread(self._part.exists)
        with await asyncio.to_thread(self._part.open, "r+b" if kept else "w+b") as file:
            if kept:
                self._etag = f'"{sha256}"'
                await asyncio.to_thread(self._read_kept, file)
            if self._digest.hexdigest() != sha256:
                await self._fetch(file)
            if kept and self._digest.hexdigest() != sha256:  # what was left was damaged
                self._restart(file)
                await self._fetch(file)
        expected = sha256 or self._announced()
        if expected is not None and self._digest.hexdigest() != expected:
            self._part.unlink()
            raise DownloadCorrupt(
                f"What arrived has SHA-256 {self._digest.hexdigest()}, announced was {expected}. Download it again."
            )
        self._part.replace(self._out)
        return self._digest.hexdigest()

    async def _fetch(self, file: BinaryIO) -> None:
        failures = 0
        while True:
            before = self._done
            try:
                await self._attempt(file)
            except FAILURES as error:
                if isinstance(error, ProblemError) and error.status == 416 and self._done:
                    self._restart(file)  # more was left than there is
                    continue
                failures = 1 if self._done > before else failures + 1
                await self._transport.pause_after(error, failures=failures)
            else:
                return

    async def _attempt(self, file: BinaryIO) -> None:
        call = with_range(self._call, start=self._done, etag=self._etag) if self._done else self._call
        if self._done and self._done == self._total:
            return
        async with self._transport.stream(call) as response:
            if response.status_code != 206:
                self._restart(file)
            self._etag = response.headers.get("etag")
            if "content-length" in response.headers:
                self._total = self._done + int(response.headers["content-length"])
            async for chunk in response.aiter_raw():
                await asyncio.to_thread(self._take, file, chunk)
                if self._progress is not None:
                    self._progress(self._done, self._total)

    def _restart(self, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()
        self._digest = hashlib.sha256()
        self._done = 0

    def _read_kept(self, file: BinaryIO) -> None:
        while chunk := file.read(_READ_BYTES):
            self._digest.update(chunk)
            self._done += len(chunk)

    def _take(self, file: BinaryIO, chunk: bytes) -> None:
        file.write(chunk)
        self._digest.update(chunk)
        self._done += len(chunk)

    def _announced(self) -> str | None:
        match = _ETAG_DIGEST.fullmatch(self._etag or "")
        return match.group(1) if match else None


def _digest_of(path: Path) -> str | None:
    """The SHA-256 of a file; None: there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
