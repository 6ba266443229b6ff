"""What every command for operators begins with: whose credentials, which node."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import typer

from lienthong.sdk.operator_client import OperatorClient
from lienthong.sdk.profile import load_profile
from lienthong.shared.identifiers import NodeId

NodeOption = Annotated[
    str | None, typer.Option("--node", help="Another node than the profile's; the registry has its address.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with your client id.")]
T = TypeVar("T")


@asynccontextmanager
async def operator_of(profile: str | None, node: str | None) -> AsyncIterator[OperatorClient]:
    """A client of ``node``, or of the profile's node, with the profile's credentials."""
    async with load_profile(profile).operator() as client:
        if node is not None:
            await client.turn_to(NodeId(node))
        yield client


async def asked(profile: str | None, node: str | None, question: Callable[[OperatorClient], Awaitable[T]]) -> T:
    """The answer to one question."""
    async with operator_of(profile, node) as client:
        return await question(client)
