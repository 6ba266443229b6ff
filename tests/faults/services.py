"""The services of the network under fault: started through the zygote, killed, watched, restarted when they fall."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx

from deploy.fleet import Program
from deploy.processes import LOOPBACK
from tests.faults.links import ended
from tests.faults.shim import Control, compile_shim

INHERITED = ("PATH", "HOME", "LANG", "TZ")
LOOK_S = 0.5
"""Between two looks for processes that fell by themselves."""


class Service:
    """One process, over all its lives."""

    def __init__(self, program: Program, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.program = program
        self.folder = folder
        self.control = Control(folder / "control")
        self.pid: int | None = None
        self.is_wanted = False
        self.falls = 0
        """Ends that nobody asked for."""

    @property
    def name(self) -> str:
        """Such as ``H28-api``."""
        return self.program.name

    @property
    def log(self) -> Path:
        """What the process has to say, over all its lives."""
        return self.folder / "server.log"

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.pid is not None and Path(f"/proc/{self.pid}").exists()

    async def is_ready(self, http: httpx.AsyncClient) -> bool:
        """Whether ``/health/ready`` answers 200."""
        try:
            answer = await http.get(f"http://{LOOPBACK}:{self.program.port}/health/ready")
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


class Services:
    """All service processes; use it as an ``async with`` block, which starts none of them.

    Args:
        programs: What can run.
        folder: Gets a folder for each process.
        without: The guards that are removed from all of them.
    """

    def __init__(self, programs: Sequence[Program], folder: Path, *, without: Sequence[str] = ()) -> None:
        self._folder = folder
        self._without = without
        self._zygote: asyncio.subprocess.Process | None = None
        self._one_command = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._all = {program.name: Service(program, folder / program.name) for program in programs}

    def __getitem__(self, name: str) -> Service:
        return self._all[name]

    def all(self) -> tuple[Service, ...]:
        """Every process."""
        return tuple(self._all.values())

    async def __aenter__(self) -> Self:
        library = await asyncio.to_thread(compile_shim, self._folder)
        with (self._folder / "zygote.log").open("wb") as log:
            self._zygote = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.zygote",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={name: os.environ[name] for name in INHERITED if name in os.environ} | {"LD_PRELOAD": str(library)},
            )
        await self._answer()
        self._watch = asyncio.create_task(self._keep_running())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.cancel()
        for service in self._all.values():
            await self.kill(service.name)
        if self._zygote is not None:
            await ended(self._zygote)

    async def launch(self, name: str) -> None:
        """Starts a process; does not wait until it is ready."""
        service = self._all[name]
        command = Path(service.program.command[0]).name
        order = {
            "service": command.removeprefix("lienthong-"),
            "argv": [command, *service.program.command[1:]],
            "env": {one: os.environ[one] for one in INHERITED if one in os.environ} | dict(service.program.settings),
            "cwd": str(service.folder),
            "log": str(service.log),
            "control": str(service.control.path),
            "without": list(self._without),
        }
        async with self._one_command:
            if service.is_running():
                service.is_wanted = True
                return
            assert self._zygote is not None
            assert self._zygote.stdin is not None
            self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
            service.pid = (await self._answer())["pid"]
            service.is_wanted = True

    async def kill(self, name: str) -> None:
        """Ends a process as ``kill -9`` does; it stays down until it is launched."""
        service = self._all[name]
        service.is_wanted = False
        self._signal(service, signal.SIGKILL)
        while service.is_running():
            await asyncio.sleep(0.01)

    async def stop(self, name: str, *, patience_s: float = 20) -> None:
        """Asks a process to end, as an operator does who restarts it; kills it if it does not."""
        service = self._all[name]
        service.is_wanted = False
        self._signal(service, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while service.is_running():
                    await asyncio.sleep(0.05)
        await self.kill(name)

    async def until_ready(self, names: Sequence[str]) -> None:
        """Waits until all of them are ready."""
        async with httpx.AsyncClient(timeout=5) as http:
            for name in names:
                while not await self._all[name].is_ready(http):
                    await asyncio.sleep(0.1)

    @staticmethod
    def _signal(service: Service, number: signal.Signals) -> None:
        if service.pid is not None and service.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(service.pid, number)

    async def _keep_running(self) -> None:
        """As an init system does: what fell by itself is started again."""
        while True:
            await asyncio.sleep(LOOK_S)
            for service in self._all.values():
                if service.is_wanted and not service.is_running():
                    service.falls += 1
                    await self.launch(service.name)

    async def _answer(self) -> dict[str, int]:
        assert self._zygote is not None
        assert self._zygote.stdout is not None
        found: dict[str, int] = json.loads(await self._zygote.stdout.readline())
        return found
