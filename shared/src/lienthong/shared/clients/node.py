"""Fetches a package from another node, in pieces, going on after a break where it stopped."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import httpx

from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.errors import Unavailable, Verification
from lienthong.shared.identifiers import Sha256
from lienthong.shared.spooling import SpooledFile, SpoolUnavailable

if TYPE_CHECKING:
    from hashlib import _Hash

TIMEOUT = timedelta(seconds=30)
"""How long one read may take."""
BREAKS = 5
"""Breaks in a row without a byte between them, after which the fetch is given up for now."""
SLOWEST_BYTES_PER_S = 64 * 1024
"""A fetch that is slower over its whole length is given up for now: a node that trickles holds nobody up for ever."""
LEAST_TIME = timedelta(minutes=2)
"""What a fetch may take whatever its size."""
PAUSE = timedelta(milliseconds=200)
"""Between two attempts; doubles with every break in a row."""


class PackageNotPulled(Unavailable):
    """The sending node did not hand out the package; it may do so later."""

    code = "package-not-pulled"
    title = "The package could not be fetched from the sending node"


class DigestMismatch(Verification):
    """The bytes are not those that were promised."""

    code = "digest-mismatch"
    title = "The digest differs"


class _Broken(Exception):
    """The connection broke, or the node answered that it cannot now."""


@dataclass(slots=True, kw_only=True)
class _Progress:
    file: BinaryIO
    wanted: PackageReference
    size: int = 0
    digest: "_Hash" = field(default_factory=hashlib.sha256)

    def take(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.wanted.size:
            raise DigestMismatch(f"The sending node hands out more than the {self.wanted.size} bytes announced.")
        self.digest.update(piece)
        self.file.write(piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeClient:
    """Speaks to the REST API of other nodes. ``http`` is the caller's, who closes it."""

    http: httpx.AsyncClient
    pause: timedelta = PAUSE
    least_time: timedelta = LEAST_TIME

    async def pull(
        self, node_url: str, wanted: PackageReference, *, authorize: Callable[[], str], directory: Path
    ) -> SpooledFile:
        """The package in a fresh file of ``directory``, with the digest and size that are wanted.

        Args:
            node_url: Base URL of the node, without a trailing slash.
            wanted: What was announced.
            authorize: Makes a bearer token, anew for each attempt.
            directory: Where the file goes.

        Raises:
            PackageNotPulled: The node was away or too slow for too long, or does not have the package.
            DigestMismatch: It handed out something else.
            SpoolUnavailable: The disk refused.
        """
        try:
            descriptor, name = tempfile.mkstemp(dir=directory, prefix="pulled-")
        except OSError as error:
            raise SpoolUnavailable("There is no room for incoming documents now.") from error
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                progress = _Progress(file=file, wanted=wanted)
                async with asyncio.timeout(self.least_time.total_seconds() + wanted.size / SLOWEST_BYTES_PER_S):
                    address = f"{node_url}/v1/packages/{wanted.sha256}"
                    await self._fetch(address, progress, authorize=authorize)
        except BaseException as error:
            _discard(path)
            if isinstance(error, TimeoutError):
                raise PackageNotPulled("The sending node hands out the package too slowly.") from error
            if isinstance(error, OSError):
                raise SpoolUnavailable("There is no room for incoming documents now.") from error
            raise
        return SpooledFile(path=path, size=progress.size, sha256=Sha256(progress.digest.hexdigest()))

    async def _fetch(self, url: str, progress: _Progress, *, authorize: Callable[[], str]) -> None:
        breaks = 0
        while True:
            before = progress.size
            try:
                await self._attempt(url, progress, token=authorize())
                break
            except (_Broken, httpx.TransportError) as error:
                breaks = 1 if progress.size > before else breaks + 1
                if breaks > BREAKS:
                    raise PackageNotPulled("The sending node does not hand out the package now.") from error
                await asyncio.sleep(self.pause.total_seconds() * 2 ** (breaks - 1))
        if progress.size != progress.wanted.size or progress.digest.hexdigest() != progress.wanted.sha256:
            raise DigestMismatch("The sending node hands out other bytes than it announced.")

    async def _attempt(self, url: str, progress: _Progress, *, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        if progress.size:
            headers["Range"] = f"bytes={progress.size}-"
        async with self.http.stream("GET", url, headers=headers, timeout=TIMEOUT.total_seconds()) as answer:
            expected = httpx.codes.PARTIAL_CONTENT if progress.size else httpx.codes.OK
            if answer.status_code != expected:
                raise _Broken(f"status {answer.status_code}")
            async for piece in answer.aiter_raw():
                progress.take(piece)
        if progress.size < progress.wanted.size:
            raise _Broken("the body ended early")


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)
