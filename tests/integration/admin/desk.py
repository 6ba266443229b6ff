"""The operator's desk: commands as processes of their own, against a network that serves over its real port."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.acceptance.whole_network import WholeNetwork

LIENTHONG = str(Path(sys.executable).with_name("lienthong"))


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a command printed, and its exit status."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Types commands with the operator's profile, or with an agency's."""

    network: WholeNetwork

    async def type(self, *arguments: str, who: str = "operator") -> Typed:
        """One command."""
        profile = self.network.site.state_dir / "profiles" / f"{who}.toml"
        process = await asyncio.create_subprocess_exec(
            *(LIENTHONG, "admin", *arguments, "--profile", str(profile)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "200"},
        )
        stdout, stderr = await process.communicate()
        assert process.returncode is not None
        return Typed(exit_code=process.returncode, stdout=stdout.decode(), stderr=stderr.decode())

    async def ask(self, *arguments: str, who: str = "operator") -> Any:
        """What a command printed with ``--json``."""
        done = await self.type(*arguments, "--json", who=who)
        assert done.exit_code == 0, done
        return json.loads(done.stdout)
