"""``/v1/clients``: who may ask for tokens. For administrators."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from lienthong.registry.api.dependencies import Administrator, FactoryDependency
from lienthong.registry.domain.agencies import CODE_PATTERN, Name
from lienthong.registry.domain.clients import CLIENT_ID_PATTERN
from lienthong.registry.domain.clients import Client as StoredClient
from lienthong.registry.errors import AgencyClosed, AgencyNotFound, ClientExists, ClientKeyInvalid, ClientNotFound
from lienthong.registry.usecases.keep_clients import (
    ClientDraft,
    deactivate_client,
    get_client,
    list_clients,
    new_secret,
    register_client,
)
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, decode_cursor, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

_CLIENT: JsonDict = {
    "client_id": "eoffice.H28.31.05",
    "name": "Hệ thống quản lý văn bản xã Hang Kia",
    "agency": "H28.31.05",
    "scopes": ["documents.read", "documents.write", "inbox"],
}
_SHOWN: JsonDict = {**_CLIENT, "methods": ["client_secret"], "active": True, "created_at": "2025-06-30T01:00:00Z"}
_REFUSED = (TokenMissing, TokenInvalid, ScopeMissing)

router = APIRouter(prefix="/v1/clients", tags=["clients"])


class ClientBody(BaseModel):
    """A client to be registered. With a ``jwk`` it signs assertions; without one it gets a secret."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CLIENT]})
    client_id: Annotated[str, Field(pattern=CLIENT_ID_PATTERN)]
    name: Name
    agency: Annotated[str, Field(pattern=CODE_PATTERN)] | None = None
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    jwk: dict[str, Any] | None = Field(default=None, description="Public key: EC P-256 or RSA")


class ClientAnswer(BaseModel):
    """A client as it is registered; never its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})
    client_id: str
    name: str
    agency: str | None
    scopes: list[Scope]
    methods: list[str]
    active: bool
    created_at: datetime


class RegisteredClient(ClientAnswer):
    """A client just registered. ``secret`` is shown this once; null for a client with a key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SHOWN, "secret": "9nU0…"}]})
    secret: str | None


class ClientPage(BaseModel):
    """One page of clients, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_SHOWN], "next": None}]})
    items: list[ClientAnswer]
    next: str | None


ClientIdInPath = Annotated[str, Path(pattern=CLIENT_ID_PATTERN, examples=["eoffice.H28.31.05"])]


@router.post(
    "",
    status_code=201,
    summary="Register a client",
    responses=problem_responses(
        *_REFUSED, ClientExists, AgencyNotFound, AgencyClosed, ClientKeyInvalid, InvalidRequest, RequestTooLarge
    ),
)
async def create_client(factory: FactoryDependency, _caller: Administrator, body: ClientBody) -> RegisteredClient:
    """The answer holds the secret, once: only its hash is kept."""
    secret = None if body.jwk is not None else new_secret()
    agency = AgencyCode(body.agency) if body.agency else None
    draft = ClientDraft(
        client_id=body.client_id, name=body.name, agency=agency, scopes=body.scopes, secret=secret, jwk=body.jwk
    )
    client = await register_client(factory.database, draft, now=factory.clock())
    return RegisteredClient(**_shown(client).model_dump(), secret=secret)


@router.get("", summary="Clients", responses=problem_responses(*_REFUSED, CursorInvalid, InvalidRequest))
async def read_clients(  # noqa: D103 — the summary documents it
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    _caller: Administrator,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> ClientPage:
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    found = await list_clients(factory.database, after=after, limit=limit + 1)
    following = encode_cursor(found[limit - 1].client_id) if len(found) > limit else None
    link_next(request, response, following)
    return ClientPage(items=[_shown(client) for client in found[:limit]], next=following)


@router.get("/{client_id}", summary="A client", responses=problem_responses(*_REFUSED, ClientNotFound, InvalidRequest))
async def read_client(factory: FactoryDependency, _caller: Administrator, client_id: ClientIdInPath) -> ClientAnswer:
    """Without its secret."""
    return _shown(await get_client(factory.database, client_id))


@router.delete(
    "/{client_id}",
    status_code=204,
    summary="Take a client out of use",
    responses=problem_responses(*_REFUSED, ClientNotFound, InvalidRequest),
)
async def delete_client(factory: FactoryDependency, _caller: Administrator, client_id: ClientIdInPath) -> None:
    """It gets no more tokens; its last one lapses within 15 minutes. The record stays."""
    await deactivate_client(factory.database, client_id, now=factory.clock())


def _shown(client: StoredClient) -> ClientAnswer:
    proofs = {"client_secret": client.secret_hash, "private_key_jwt": client.jwk}
    return ClientAnswer(
        client_id=client.client_id,
        name=client.name,
        agency=client.agency,
        scopes=sorted(client.scopes),
        methods=[method for method, proof in proofs.items() if proof is not None],
        active=client.active,
        created_at=client.created_at,
    )
