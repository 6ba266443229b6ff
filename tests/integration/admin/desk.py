"""The operator's desk: commands against a network that serves over its real port."""

import asyncio
import json
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner, Result

from lienthong.sdk.command import build_app
from tests.integration.acceptance.whole_network import WholeNetwork
from tests.integration.exchange.carry.tree import letter

_NUMBERS: Final = count(1)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Types commands with the operator's profile, or with an agency's."""

    network: WholeNetwork

    async def type(self, *arguments: str, who: str = "operator") -> Result:
        """What a command printed, and its exit status. The network goes on meanwhile; see the fixture ``quiet``."""
        profile = self.network.site.state_dir / "profiles" / f"{who}.toml"
        words = ["admin", *arguments, "--profile", str(profile)]
        return await asyncio.to_thread(CliRunner().invoke, build_app(), words)

    async def ask(self, *arguments: str, who: str = "operator") -> Any:
        """What a command printed with ``--json``."""
        done = await self.type(*arguments, "--json", who=who)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


def numbered_letter(sender: str, *, to: str) -> bytes:
    """An unsigned package, each time under another number."""
    number = str(next(_NUMBERS))
    with tempfile.TemporaryDirectory() as folder:
        return letter(sender, [to], folder=Path(folder), number=number)
