"""Local copies of what other services publish: the node goes on working while those are away."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from lienthong.shared.errors import LienthongError

T = TypeVar("T")


class HeldCopy(Generic[T]):
    """The last good copy of one published thing, in memory and on disk.

    Args:
        path: File with the copy, exactly as it was published.
        parse: Bytes in, checked object or an error out. Runs in a thread.
        missing: Raised by :meth:`current` while there is none.
        mode: Of the file: 0o600 where secrets are in it.
    """

    def __init__(self, path: Path, *, parse: Callable[[bytes], T], missing: LienthongError, mode: int = 0o644) -> None:
        self._path = path
        self._parse = parse
        self._missing = missing
        self._mode = mode
        self._held: T | None = None
        self._stamp: tuple[int, int] | None = None
        self._digest = b""

    def current(self) -> T:
        """The copy. Raises the ``missing`` error while there is none."""
        if self._held is None:
            raise type(self._missing)(self._missing.detail)
        return self._held

    @property
    def held(self) -> T | None:
        """The copy, if there is one."""
        return self._held

    async def present(self) -> bool:
        """Whether there is a copy: a readiness check."""
        return self._held is not None

    async def reload(self) -> None:
        """Takes over the file if it changed since. Raises what ``parse`` raises; the former copy then stays.

        A file that was refused is looked at again: it was perhaps the clock that was wrong, or the trust list behind.
        """
        await asyncio.to_thread(self._reload)

    async def replace(self, published: bytes) -> None:
        """Checks ``published``, takes it over and keeps it on disk, atomically. Raises what ``parse`` raises.

        What is held already, to the byte, stays as it is, with all that it has found out.
        """
        if hashlib.sha256(published).digest() != self._digest:
            await asyncio.to_thread(self._replace, published)

    def _reload(self) -> None:
        stamp = _stamp(self._path)
        if stamp is None or stamp == self._stamp:
            return
        content = self._path.read_bytes()
        self._held = self._parse(content)
        self._stamp, self._digest = stamp, hashlib.sha256(content).digest()

    def _replace(self, published: bytes) -> None:
        parsed = self._parse(published)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode), "wb") as file:
            file.write(published)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
        self._stamp, self._digest = _stamp(self._path), hashlib.sha256(published).digest()
        self._held = parsed


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
