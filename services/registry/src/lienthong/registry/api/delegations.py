"""``/v1/delegations``: which agency may act for which."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from lienthong.registry.api.dependencies import DirectoryWriter, FactoryDependency
from lienthong.registry.domain.agencies import CODE_PATTERN
from lienthong.registry.errors import ActDue, AgencyClosed, AgencyNotFound, DelegationNotFound
from lienthong.registry.usecases.delegate import delegate, withdraw
from lienthong.registry.usecases.read_directory import list_delegations
from lienthong.shared.contracts.directory import DelegationEntry
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

_EXAMPLE: JsonDict = {"principal": "H28.31.05", "delegate": "H28.31"}

router = APIRouter(prefix="/v1/delegations", tags=["delegations"])

Principal = Annotated[str, Path(pattern=CODE_PATTERN, description="Who is acted for", examples=["H28.31.05"])]
Delegate = Annotated[str, Path(pattern=CODE_PATTERN, description="Who may act", examples=["H28.31"])]


class Delegation(DelegationEntry):
    """``delegate`` may act for ``principal``."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})


class DelegationList(BaseModel):
    """Delegations, by principal and delegate."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE]}]})
    items: list[DelegationEntry]


@router.get("", summary="Delegations", responses=problem_responses(InvalidRequest))
async def read_delegations(
    factory: FactoryDependency, agency: Annotated[str | None, Query(pattern=CODE_PATTERN)] = None
) -> DelegationList:
    """All, or those that one agency gave or holds."""
    return DelegationList(items=await list_delegations(factory.database, AgencyCode(agency) if agency else None))


@router.put(
    "/{principal}/{delegate_code}",
    summary="Let one agency act for another",
    responses={
        201: {"description": "The delegation is new", "model": Delegation},
        **problem_responses(
            TokenMissing, TokenInvalid, ScopeMissing, ActDue, AgencyNotFound, AgencyClosed, InvalidRequest
        ),
    },
)
async def write_delegation(
    *,
    factory: FactoryDependency,
    caller: DirectoryWriter,
    response: Response,
    principal: Principal,
    delegate_code: Delegate,
) -> Delegation:
    """Nodes heed it from their next directory on. It is not passed on further."""
    entry = Delegation(principal=AgencyCode(principal), delegate=AgencyCode(delegate_code))
    added = await delegate(factory.database, entry, by=caller.client_id, now=factory.clock())
    response.status_code = 201 if added else 200
    return entry


@router.delete(
    "/{principal}/{delegate_code}",
    status_code=204,
    summary="Take a delegation back",
    responses=problem_responses(TokenMissing, TokenInvalid, ScopeMissing, ActDue, DelegationNotFound, InvalidRequest),
)
async def delete_delegation(
    factory: FactoryDependency, caller: DirectoryWriter, principal: Principal, delegate_code: Delegate
) -> None:
    """Nodes heed it from their next directory on."""
    entry = DelegationEntry(principal=AgencyCode(principal), delegate=AgencyCode(delegate_code))
    await withdraw(factory.database, entry, by=caller.client_id, now=factory.clock())
