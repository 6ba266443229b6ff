"""What endpoints ask for: the factory, who calls, and parameters that several of them have."""

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from lienthong.registry.domain.agencies import CODE_PATTERN
from lienthong.registry.factory import Factory
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.problems import InvalidRequest
from lienthong.shared.tokens import Principal, require


def factory_of(request: Request) -> Factory:
    """The factory that the app's lifespan opened."""
    factory: Factory = request.app.state.factory
    return factory


FactoryDependency = Annotated[Factory, Depends(factory_of)]
DirectoryWriter = Annotated[Principal, Depends(require(Scope.DIRECTORY_WRITE))]


async def operator_reading(caller: Annotated[Principal, Depends(require())]) -> Principal:
    """Someone who may write or approve acts, or administers. Raises :class:`ScopeMissing`."""
    if not caller.scopes & {Scope.DIRECTORY_APPROVE, Scope.ADMIN}:
        caller.require(Scope.DIRECTORY_WRITE)
    return caller


ActReader = Annotated[Principal, Depends(operator_reading)]
DirectoryApprover = Annotated[Principal, Depends(require(Scope.DIRECTORY_APPROVE))]
Administrator = Annotated[Principal, Depends(require(Scope.ADMIN))]
CodeInPath = Annotated[
    str, Path(pattern=CODE_PATTERN, description="An identity code of either form", examples=["H28.31.05"])
]
AtQuery = Annotated[
    str | None,
    Query(
        max_length=64,
        description="As of then: a date (its beginning in Vietnam) or a time of ISO 8601",
        examples=["2024-10-01", "2025-07-01T08:00:00+07:00"],
    ),
]
IfMatch = Annotated[str | None, Header(max_length=100, description="Change only what has this ETag", examples=['"17"'])]


def version_in(if_match: str | None) -> int | None:
    """The version in an ``If-Match`` header as this service gives them out; None for no header and for ``*``.

    Raises:
        InvalidRequest: Another form.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix('"').removesuffix('"')
    if not (tag.isascii() and tag.isdigit()):
        raise InvalidRequest('If-Match must be one ETag of this service, such as "17".')
    return int(tag)
