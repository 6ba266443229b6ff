"""Fetches a package from another node, in pieces, going on where an earlier fetch stopped, even a killed one."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.errors import Unavailable, Verification
from lienthong.shared.partial_file import lock_file, read_through, write_all
from lienthong.shared.spooling import SpooledFile, gathered, off_the_loop, refused_by_disk

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


class PullUnderWay(Unavailable):
    """Somebody else at this node fetches the same package just now."""

    code = "pull-under-way"
    title = "The package is being fetched already"


class DigestMismatch(Verification):
    """The bytes are not those that were promised."""

    code = "digest-mismatch"
    title = "The digest differs"


class _Broken(Exception):
    """The connection broke, or the node answered that it cannot now."""


@dataclass(slots=True, kw_only=True)
class _Progress:
    file: FileIO
    wanted: PackageReference
    kept: int = 0
    """Bytes that an earlier fetch left."""
    size: int = 0
    digest: "_Hash" = field(default_factory=hashlib.sha256)
    is_spoilt: bool = False
    """What is there can never become the package."""

    def read_kept(self) -> None:
        """Takes in what is in the file already. Blocks."""
        self.kept = self.size = read_through(self.file, self.digest.update)

    def take(self, piece: bytes) -> None:
        if self.size + len(piece) > self.wanted.size:
            self.is_spoilt = True
            raise DigestMismatch(f"The sending node hands out more than the {self.wanted.size} bytes announced.")
        write_all(self.file, piece)
        self.digest.update(piece)
        self.size += len(piece)

    def require_whole(self) -> None:
        if self.size == self.wanted.size and self.digest.hexdigest() == self.wanted.sha256:
            return
        self.is_spoilt = True
        if self.kept:  # then it is not said whose bytes are wrong
            raise PackageNotPulled("What an earlier fetch left was damaged; the package is fetched anew.")
        raise DigestMismatch("The sending node hands out other bytes than it announced.")


def partial_path(directory: Path, wanted: PackageReference) -> Path:
    """Where a package stands while it is fetched."""
    return directory / f"{wanted.sha256}.part"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeClient:
    """Speaks to the REST API of other nodes. ``http`` is the caller's, who closes it."""

    http: httpx.AsyncClient
    pause: timedelta = PAUSE
    least_time: timedelta = LEAST_TIME

    async def pull(
        self, node_url: str, wanted: PackageReference, *, authorize: Callable[[], str], directory: Path
    ) -> SpooledFile:
        """The package in a file of ``directory``, with the digest and size that are wanted.

        What an earlier fetch left in :func:`partial_path` is not fetched again: a fetch that fails for now leaves what
        it has. The digest of the whole decides; after a mismatch nothing is left.

        Args:
            node_url: Base URL of the node, without a trailing slash.
            wanted: What was announced.
            authorize: Makes a bearer token, anew for each attempt.
            directory: Where the file goes.

        Raises:
            PackageNotPulled: The node was away or too slow for too long, or does not have the package.
            PullUnderWay: The same package is being fetched into ``directory``.
            DigestMismatch: It handed out something else.
            InsufficientStorage, SpoolUnavailable: The disk refused.
        """
        path = partial_path(directory, wanted)
        try:
            file = await asyncio.to_thread(lock_file, path)
            if file is None:
                raise PullUnderWay("Another process of this node fetches that package.")
            progress = _Progress(file=file, wanted=wanted)
            try:
                await self._fill(f"{node_url}/v1/packages/{wanted.sha256}", progress, authorize=authorize)
                progress.require_whole()
            except BaseException:
                _leave(path, progress)
                raise
        except OSError as error:
            raise refused_by_disk(error) from error
        return SpooledFile(path=path, size=progress.size, sha256=wanted.sha256, lock=file)

    async def _fill(self, url: str, progress: _Progress, *, authorize: Callable[[], str]) -> None:
        size = progress.wanted.size
        try:
            await asyncio.to_thread(progress.read_kept)
            async with asyncio.timeout(self.least_time.total_seconds() + size / SLOWEST_BYTES_PER_S):
                if progress.size < size:
                    await self._fetch(url, progress, authorize=authorize)
        except TimeoutError as error:
            raise PackageNotPulled("The sending node hands out the package too slowly.") from error

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

    async def _attempt(self, url: str, progress: _Progress, *, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        if progress.size:
            headers["Range"] = f"bytes={progress.size}-"
        async with self.http.stream("GET", url, headers=headers, timeout=TIMEOUT.total_seconds()) as answer:
            expected = httpx.codes.PARTIAL_CONTENT if progress.size else httpx.codes.OK
            if answer.status_code != expected:
                raise _Broken(f"status {answer.status_code}")
            async for piece in gathered(answer.aiter_raw()):
                await off_the_loop(progress.take, piece)
        if progress.size < progress.wanted.size:
            raise _Broken("the body ended early")


def _leave(path: Path, progress: _Progress) -> None:
    """Gives the file up, for another attempt to continue if that is of any use."""
    with progress.file as file:
        if progress.is_spoilt or file.seek(0, 2) == 0:
            path.unlink(missing_ok=True)
