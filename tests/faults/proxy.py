"""A TCP proxy in a process of its own, with a link on each port: open, cut, half-open or slow.

It reads commands from standard input and answers each with one line on standard output, both JSON. The first line
names the links and their targets, ``{"name": port}``; the answer has the ports on which they listen.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Self, cast

import uvloop

LOOPBACK = "127.0.0.1"
MAX_QUEUED_BYTES = 256 * 1024
"""What a slow link holds back before it stops reading."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends RST."""

Mode = Literal["open", "cut", "half-open", "slow"]


@dataclass(kw_only=True, eq=False)
class Link:
    """One address that leads to another, and what is wrong with the way."""

    name: str
    target: int
    mode: Mode = "open"
    latency_s: float = 0.0
    bytes_per_s: float = 1e9
    pairs: "set[Pair]" = field(default_factory=set)

    def set(self, mode: Mode, *, latency_s: float, bytes_per_s: float, resets: bool) -> None:
        """``resets``: what the half-open link swallowed breaks its connections now, not only when they are closed."""
        self.mode, self.latency_s, self.bytes_per_s = mode, latency_s, bytes_per_s
        for pair in list(self.pairs):
            if mode == "cut" or (mode != "half-open" and pair.is_broken and (resets or pair.is_half_closed)):
                pair.abort()


@dataclass(kw_only=True, eq=False)
class Pair:
    """A connection through the proxy."""

    link: Link
    ends: "list[End]" = field(default_factory=list)
    is_broken: bool = False
    """Bytes were swallowed: nothing passes any more."""
    is_half_closed: bool = False

    def abort(self) -> None:
        """Both ends get RST."""
        self.link.pairs.discard(self)
        for end in self.ends:
            end.abort()

    def lost(self, end: "End") -> None:
        """One end is gone; the other hears of it, unless the link is half-open."""
        if self.is_broken and self.link.mode == "half-open":
            self.is_half_closed = True
            return
        self.link.pairs.discard(self)
        if end.peer is not None:
            end.peer.finish()


class End(asyncio.Protocol):
    """One end of a connection: what it reads goes to its peer."""

    def __init__(self, pair: Pair, peer: "Self | None" = None) -> None:
        self.pair = pair
        self.peer = peer
        self.transport: asyncio.Transport | None = None
        self._held: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._free_at = 0.0
        self._ends = False
        self._early = b""
        pair.ends.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The caller connected, or the target answered."""
        self.transport = cast("asyncio.Transport", transport)
        if self.peer is None:
            self._open()

    def _open(self) -> None:
        link = self.pair.link
        if link.mode == "cut":
            self.abort()
            return
        link.pairs.add(self.pair)
        _keep(asyncio.ensure_future(self._connect()))

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, made = await loop.create_connection(lambda: End(self.pair, self), LOOPBACK, self.pair.link.target)
        except OSError:
            self.pair.abort()
            return
        self.peer = cast("Self", made)
        if self._early:
            self.data_received(self._early)
        if self.transport is None or self.transport.is_closing():
            made.finish()

    def data_received(self, data: bytes) -> None:
        """Passes ``data`` on, now, later or never."""
        link, peer = self.pair.link, self.peer
        if link.mode == "half-open":
            self.pair.is_broken = True
        if self.pair.is_broken:
            return
        if peer is None:
            self._early += data
        elif link.mode == "slow" or self._held:
            self._hold(data)
        else:
            peer.write(data)

    def write(self, data: bytes) -> None:
        """Sends ``data``, if this end is still there."""
        if self.transport is not None and not self.transport.is_closing() and not self.pair.is_broken:
            self.transport.write(data)

    def _hold(self, data: bytes) -> None:
        loop, link = asyncio.get_running_loop(), self.pair.link
        self._free_at = max(self._free_at, loop.time()) + len(data) / link.bytes_per_s
        if not self._held:
            loop.call_at(self._free_at + link.latency_s, self._release)
        self._held.append((self._free_at + link.latency_s, data))
        self._held_bytes += len(data)
        if self._held_bytes > MAX_QUEUED_BYTES and self.transport is not None:
            self.transport.pause_reading()

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held and (self._held[0][0] <= loop.time() or self.pair.link.mode == "open"):
            _, data = self._held.popleft()
            self._held_bytes -= len(data)
            if self.peer is not None:
                self.peer.write(data)
        if self._held:
            loop.call_at(self._held[0][0], self._release)
            return
        if self._ends and self.peer is not None:
            self.peer.finish()
        with contextlib.suppress(RuntimeError):
            if self.transport is not None and not self.transport.is_closing():
                self.transport.resume_reading()

    def pause_writing(self) -> None:
        """The transport is full: the peer stops reading."""
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """The transport has room again."""
        if self.peer is not None and self.peer.transport is not None and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def connection_lost(self, _error: BaseException | None) -> None:
        """This end is gone."""
        if self._held:
            self._ends = True
            self.pair.link.pairs.discard(self.pair)
        else:
            self.pair.lost(self)

    def finish(self) -> None:
        """Closes, after what is written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Closes with RST."""
        if self.transport is None or self.transport.is_closing():
            return
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
            with socket.socket(fileno=descriptor) as borrowed:
                borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.abort()


_tasks: set[asyncio.Future[None]] = set()


def _keep(task: asyncio.Future[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    targets: dict[str, int] = json.loads(await reader.readline())
    links = {name: Link(name=name, target=target) for name, target in targets.items()}
    ports = {}
    for name, link in links.items():
        server = await loop.create_server(lambda link=link: End(Pair(link=link)), LOOPBACK, 0)  # type: ignore[misc]
        ports[name] = server.sockets[0].getsockname()[1]
    _say(ports)
    while line := await reader.readline():
        command = json.loads(line)
        links[command.pop("link")].set(command.pop("mode"), **command)
        _say({})


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_serve())
