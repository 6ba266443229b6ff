"""The links of the network, as the fault machine handles them: the proxy's process and its commands."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Self

from tests.faults.proxy import Mode


class Links:
    """Runs the proxy; use it as an ``async with`` block.

    Args:
        targets: Name of each link, and the loopback port that it leads to.
    """

    def __init__(self, targets: Mapping[str, int]) -> None:
        self._targets = dict(targets)
        self._one_command = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self.ports: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.proxy",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.ports = await self._ask(self._targets)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            await ended(self._process)

    @property
    def names(self) -> tuple[str, ...]:
        """Every link."""
        return tuple(self._targets)

    async def set(
        self,
        name: str,
        mode: Mode,
        *,
        latency_s: float = 0.0,
        bytes_per_s: float = 1e9,
        resets: bool = True,
    ) -> None:
        """Changes a link; the connections that run over it feel it at once."""
        command = {"link": name, "mode": mode, "latency_s": latency_s, "bytes_per_s": bytes_per_s, "resets": resets}
        await self._ask(command)

    async def _ask(self, command: object) -> dict[str, int]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._one_command:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            answer = await self._process.stdout.readline()
        found: dict[str, int] = json.loads(answer)
        return found


async def ended(process: asyncio.subprocess.Process) -> None:
    """Kills a process that was spoken to over pipes, and closes them."""
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        process.kill()
    await process.communicate()
