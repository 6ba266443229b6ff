"""``/v1/systems``: who may speak the national SDK's interface to nodes. For administrators."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from lienthong.registry.api.dependencies import Administrator, FactoryDependency
from lienthong.registry.domain.clients import CLIENT_ID_PATTERN
from lienthong.registry.domain.systems import (
    DEFAULT_OVERLAP,
    MAX_OVERLAP,
    MAX_SECRET_CHARACTERS,
    MIN_SECRET_CHARACTERS,
    ClientWithoutAgency,
    SystemExists,
    SystemNotFound,
    SystemSecretRefused,
)
from lienthong.registry.domain.systems import System as StoredSystem
from lienthong.registry.errors import ClientNotFound
from lienthong.registry.usecases.keep_systems import Revealed, Rotation
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.systems import SYSTEM_ID_PATTERN
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, decode_cursor, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

_SYSTEM: JsonDict = {"system_id": "system.province-28", "client_id": "e-office.H28"}
_PERIOD: JsonDict = {"valid_from": "2026-11-01T01:00:00Z", "valid_to": None, "made_by": "operator"}
_SHOWN: JsonDict = {
    **_SYSTEM,
    "agency": "H28",
    "enabled": True,
    "secrets": [_PERIOD],
    "created_at": "2026-11-01T01:00:00Z",
    "created_by": "operator",
}
_REFUSED = (TokenMissing, TokenInvalid, ScopeMissing, InvalidRequest)

router = APIRouter(prefix="/v1/systems", tags=["systems"])

SystemIdInPath = Annotated[str, Path(pattern=SYSTEM_ID_PATTERN, examples=["system.province-28"])]
BroughtSecret = Annotated[
    str | None,
    Field(
        min_length=MIN_SECRET_CHARACTERS,
        max_length=MAX_SECRET_CHARACTERS,
        description="One that the system has already, from the national platform; null: one is made",
    ),
]


class SystemBody(BaseModel):
    """A system to be added; it acts for the agency of its client."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_SYSTEM]})
    system_id: Annotated[str, Field(pattern=SYSTEM_ID_PATTERN)]
    client_id: Annotated[str, Field(pattern=CLIENT_ID_PATTERN)]
    secret: BroughtSecret = None


class RotationBody(BaseModel):
    """A new secret; the former ones go on for ``overlap_days`` at most."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap_days": 14}]})
    secret: BroughtSecret = None
    overlap_days: Annotated[int, Field(ge=0, le=MAX_OVERLAP.days)] = DEFAULT_OVERLAP.days


class SwitchBody(BaseModel):
    """Whether the system may call."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": False}]})
    enabled: bool


class SecretPeriod(BaseModel):
    """When a secret is good; never the secret."""

    valid_from: datetime
    valid_to: datetime | None
    made_by: str


class SystemAnswer(BaseModel):
    """A system as it is registered."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})
    system_id: str
    client_id: str
    agency: str
    enabled: bool
    secrets: list[SecretPeriod]
    created_at: datetime
    created_by: str


class RevealedSystem(SystemAnswer):
    """A system with the secret that it just got: shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SHOWN, "secret": "9nU0…"}]})
    secret: str


class SystemPage(BaseModel):
    """One page of systems, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_SHOWN], "next": None}]})
    items: list[SystemAnswer]
    next: str | None


@router.post(
    "",
    status_code=201,
    summary="Add a system",
    responses=problem_responses(
        *_REFUSED, SystemExists, ClientNotFound, ClientWithoutAgency, SystemSecretRefused, RequestTooLarge
    ),
)
async def create_system(factory: FactoryDependency, caller: Administrator, body: SystemBody) -> RevealedSystem:
    """Nodes take it over within a minute. The answer holds the secret, once."""
    added = await factory.systems.add(
        body.system_id, body.client_id, body.secret, by=caller.client_id, now=factory.clock()
    )
    return _revealed(added)


@router.get("", summary="Systems", responses=problem_responses(*_REFUSED, CursorInvalid))
async def read_systems(  # noqa: D103 — the summary documents it
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    _caller: Administrator,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> SystemPage:
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    found = await factory.systems.page(after=after, limit=limit + 1)
    following = encode_cursor(found[limit - 1].system_id) if len(found) > limit else None
    link_next(request, response, following)
    return SystemPage(items=[_shown(one) for one in found[:limit]], next=following)


@router.get("/{system_id}", summary="A system", responses=problem_responses(*_REFUSED, SystemNotFound))
async def read_system(factory: FactoryDependency, _caller: Administrator, system_id: SystemIdInPath) -> SystemAnswer:
    """Without its secrets."""
    return _shown(await factory.systems.get(system_id))


@router.patch(
    "/{system_id}",
    summary="Switch the interface on or off for a system",
    responses=problem_responses(*_REFUSED, SystemNotFound, RequestTooLarge),
)
async def switch_system(
    factory: FactoryDependency, _caller: Administrator, system_id: SystemIdInPath, body: SwitchBody
) -> SystemAnswer:
    """Nodes follow within a minute."""
    return _shown(await factory.systems.switch(system_id, is_enabled=body.enabled))


@router.post(
    "/{system_id}/secrets",
    status_code=201,
    summary="Rotate a system's secret",
    responses=problem_responses(*_REFUSED, SystemNotFound, SystemSecretRefused, RequestTooLarge),
)
async def rotate_secret(
    factory: FactoryDependency, caller: Administrator, system_id: SystemIdInPath, body: RotationBody
) -> RevealedSystem:
    """Old and new are good at once for a while, so that no call fails. With an overlap of 0 the old ones end now."""
    rotation = Rotation(system_id=system_id, secret=body.secret, overlap=timedelta(days=body.overlap_days))
    return _revealed(await factory.systems.rotate(rotation, by=caller.client_id, now=factory.clock()))


def _shown(system: StoredSystem) -> SystemAnswer:
    return SystemAnswer(
        system_id=system.system_id,
        client_id=system.client_id,
        agency=system.agency,
        enabled=system.is_enabled,
        secrets=[
            SecretPeriod(valid_from=one.valid_from, valid_to=one.valid_to, made_by=one.made_by)
            for one in system.secrets
        ],
        created_at=system.created_at,
        created_by=system.created_by,
    )


def _revealed(revealed: Revealed) -> RevealedSystem:
    return RevealedSystem(**_shown(revealed.system).model_dump(), secret=revealed.secret)
