"""A server as a process of our own: started on a free loopback port, ended with everything that it started."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 90.0
"""RabbitMQ takes 5 s on an idle machine, and many times that beside a busy test run."""
STOP_TIMEOUT_S = 20.0
PORTS = range(15_000, 30_000)
"""Below those that the kernel gives to clients (32768 on): none takes a port between its choice and its use."""
PORT_TRIES = 100


class ServerFailed(RuntimeError):
    """A server did not start; the message ends with its log."""


class PrivateServer:
    """One server process below one directory, on one port. Use it as a context manager, or start and stop it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise ServerFailed("The server is not running")
        return self._process.pid

    def start(self) -> None:
        """Starts the server and waits until it answers. Raises :class:`ServerFailed`."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends the server in order; its data stay."""
        self.end(signal.SIGINT)

    def kill(self) -> None:
        """Ends the server as ``kill -9`` does, with all its children."""
        self.end(signal.SIGKILL)

    def restart(self) -> None:
        """Stops and starts."""
        self.stop()
        self.start()

    def run_server(self, command: list[str], *, user: str | None = None, env: Mapping[str, str] | None = None) -> None:
        """Starts ``command`` below the directory, as ``user`` if given, and waits until it answers."""
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                start_new_session=True,
                env=dict(os.environ if env is None else env),
                user=user,
                extra_groups=None if user is None else [],
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.05)

    def end(self, with_signal: signal.Signals) -> None:
        """Sends the signal (SIGKILL: to all descendants as well) and waits until nothing is left."""
        process, self._process = self._process, None
        if process is None:
            return
        family = [process.pid, *_descendants(process.pid)]
        targets = family if with_signal == signal.SIGKILL else family[:1]
        _signal_all(targets, with_signal)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _signal_all(family[1:], signal.SIGKILL)
        _wait_until_gone(family[1:])

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.directory / "server.log"

    def answers(self) -> bool:
        """Whether the server takes work now."""
        raise NotImplementedError


def free_port() -> int:
    """A loopback port that nobody uses now. Raises :class:`ServerFailed`: none was found.

    It is drawn by lot, so that processes that ask at the same time hardly draw the same.
    """
    for _ in range(PORT_TRIES):
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise ServerFailed(f"No port from {PORTS.start} to {PORTS.stop} is free")


def kept_secret(path: Path) -> str:
    """The secret in ``path``; the first time a fresh one is put there, for its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        new = children.get(waiting.pop(), [])
        found += new
        waiting += new
    return found


def _signal_all(pids: Iterable[int], with_signal: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, with_signal)


def _wait_until_gone(pids: Iterable[int]) -> None:
    """Waits for processes that are not our children, so that their ports and shared memory are free again."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for pid in pids:
        while _is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # an orphan waits for a parent that may never collect it
