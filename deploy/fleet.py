"""Every service as processes of its own, each configured by its environment file.

``run_services.py``, the system tests and the benchmarks start the same fleet. Its processes, by name:
``registry``, ``signing``, and for each node ``<id>-api`` and ``<id>-worker``.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from deploy.processes import LOOPBACK, PrivateServer, ServerFailed

READY_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process of the fleet: its command, the environment file that configures it, and its health port."""

    name: str
    command: tuple[str, ...]
    settings: Mapping[str, str]
    port: int


class Process(PrivateServer):
    """One service process; ready when ``/health/ready`` says so."""

    def __init__(self, program: Program, directory: Path) -> None:
        super().__init__(directory)
        self.program = program
        self.port = program.port

    def start(self) -> None:
        """Starts the process and waits until it is ready. Raises :class:`ServerFailed`."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Starts the process without waiting until it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=inherited | dict(self.program.settings),
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Waits until ``/health/ready`` answers 200. Raises :class:`ServerFailed` with the end of the log."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{self.program.name}: {self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether ``/health/ready`` answers 200."""
        try:
            answer = httpx.get(f"http://{LOOPBACK}:{self.port}/health/ready", timeout=5)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK


class Fleet:
    """All processes of a provisioned network.

    Args:
        programs: What runs, in the order of starting.
        directory: Gets one folder with a log per process.
    """

    def __init__(self, programs: Sequence[Program], directory: Path) -> None:
        self.processes = {program.name: Process(program, directory / program.name) for program in programs}

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Registry and signing first, then all nodes together."""
        try:
            for name in ("registry", "signing"):
                self[name].start()
            nodes = [process for name, process in self.processes.items() if name not in ("registry", "signing")]
            for process in nodes:
                process.launch()
            for process in nodes:
                process.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends every process in order: the nodes together, then what they need."""
        needed = [self.processes[name] for name in ("signing", "registry") if name in self.processes]
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(Process.stop, [one for one in self.processes.values() if one not in needed]))
        for process in needed:
            process.stop()


def programs_of(settings_dir: Path) -> list[Program]:
    """The programs that the environment files ``registry.env``, ``signing.env`` and ``node-<id>.env`` configure."""
    registry = read_settings(settings_dir / "registry.env")
    signing = read_settings(settings_dir / "signing.env")
    found = [
        _program(
            "registry", ["lienthong-registry", "serve"], settings=registry, port=registry["LIENTHONG_REGISTRY_PORT"]
        ),
        _program("signing", ["lienthong-signing", "serve"], settings=signing, port=signing["LIENTHONG_SIGNING_PORT"]),
    ]
    for path in sorted(settings_dir.glob("node-*.env")):
        node = read_settings(path)
        name = node["LIENTHONG_EXCHANGE_NODE_ID"]
        for role, port in (("api", "PORT"), ("worker", "WORKER_PORT")):
            command = ["lienthong-exchange", role]
            found.append(_program(f"{name}-{role}", command, settings=node, port=node[f"LIENTHONG_EXCHANGE_{port}"]))
    return found


def read_settings(path: Path) -> dict[str, str]:
    """An environment file: ``NAME=value`` lines; no quotes, no continuation."""
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _program(name: str, command: Sequence[str], *, settings: Mapping[str, str], port: str) -> Program:
    return Program(name=name, command=(_script(command[0]), *command[1:]), settings=settings, port=int(port))


def _script(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise ServerFailed(f"{name} is not installed beside {sys.executable}")
    return found
