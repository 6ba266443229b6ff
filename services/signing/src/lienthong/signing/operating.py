"""How commands of the operator reach the service's use cases."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lienthong.signing.config import Settings
from lienthong.signing.factory import SigningFactory
from lienthong.signing.usecases.resources import Resources

Result = TypeVar("Result")


def settings_from_environment() -> Settings:
    """The settings. Raises pydantic's ValidationError, which names what is missing."""
    return Settings()  # type: ignore[call-arg]  # read from the environment


def operate(work: Callable[[Resources], Awaitable[Result]], settings: Settings | None = None) -> Result:
    """What ``work`` gives over the service's database and keys."""

    async def run() -> Result:
        async with SigningFactory(settings or settings_from_environment()) as factory:
            return await work(factory.resources)

    return asyncio.run(run())
