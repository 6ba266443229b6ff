"""What an e-office system does with a giant, as a process of its own that can be killed: sends it, or downloads it.

``python -m tests.system.giant_client send PROFILE PACKAGE MEMORY``, or ``take PROFILE DOCUMENT SHA256 OUT``, prints one
JSON object: the ``answer``, where the transfer began anew (``starts``, in bytes), and the ``peak`` of its memory.
"""

import asyncio
import dataclasses
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.options import ClientOptions
from lienthong.sdk.profile import load_profile
from lienthong.shared.clients.registry import ClientSecret
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.identifiers import NodeId

UPLOAD_FROM_BYTES = 1024 * 1024
PIECE_BYTES = 1024 * 1024
"""In no bigger ones is progress told."""


def _client(named: str, memory: Path | None = None) -> LienthongClient:
    profile = load_profile(named)
    options = dataclasses.replace(
        ClientOptions(), uploads_folder=memory, upload_from_bytes=UPLOAD_FROM_BYTES, attempts=20
    )
    secret = ClientSecret(client_id=profile.client_id, secret=profile.client_secret)
    node = NodeId(profile.node_id or "")
    return LienthongClient(profile.node_url, profile.registry_url, secret, node=node, options=options)


class Starts:
    """Notes from where a transfer goes on, each time that it begins anew."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self._done = -1

    def __call__(self, done: int, _total: int | None) -> None:
        if self._done < 0 or done < self._done or done > self._done + 2 * PIECE_BYTES:
            self.offsets.append(max(0, done - PIECE_BYTES))
        self._done = done


async def _send(starts: Starts, profile: str, package: str, memory: str) -> object:
    async with _client(profile, Path(memory)) as client:
        media_type = ASICE if package.endswith(".asice") else EDXML
        submission = await client.submit(Path(package), media_type=media_type, progress=starts)
    return submission.model_dump(mode="json")


async def _take(starts: Starts, profile: str, document: str, *sha256_and_out: str) -> object:
    sha256, out = sha256_and_out
    async with _client(profile) as client:
        return await client.download_package(document, Path(out), sha256=sha256, progress=starts)


def _peak_bytes() -> int:
    """Of this program alone: what ``getrusage`` tells begins with the process that it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


COMMANDS: dict[str, Callable[..., Coroutine[Any, Any, object]]] = {"send": _send, "take": _take}

if __name__ == "__main__":
    seen = Starts()
    answer = asyncio.run(COMMANDS[sys.argv[1]](seen, *sys.argv[2:]))
    peak = _peak_bytes()
    sys.stdout.write(json.dumps({"answer": answer, "starts": seen.offsets, "peak": peak}) + "\n")
