"""``/v1/agencies``: reading is open to all, for the directory is a public record; writing needs ``directory.write``."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from lienthong.registry.api.dependencies import CodeInPath, DirectoryWriter, FactoryDependency, IfMatch, version_in
from lienthong.registry.domain.agencies import CODE_PATTERN, AgencyDraft
from lienthong.registry.errors import AgencyChanged, AgencyNotFound, AgencyRefused
from lienthong.registry.storage.agencies import AgencyQuery
from lienthong.registry.usecases.place_agencies import put_agency
from lienthong.registry.usecases.read_directory import get_agency, search_agencies
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, decode_cursor, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

HANG_KIA: JsonDict = {
    "code": "H28.31.05",
    "old_code": "000.05.31.H28",
    "name": "UBND xã Hang Kia",
    "parent": "H28.31",
    "level": "commune",
    "node": "H28.31.05",
    "email": "hangkia@example.vn",
}
_DRAFT: JsonDict = {name: value for name, value in HANG_KIA.items() if name != "code"}

router = APIRouter(prefix="/v1/agencies", tags=["agencies"])


class Agency(AgencyEntry):
    """An agency, its place, and the node that serves it."""

    model_config = ConfigDict(json_schema_extra={"examples": [HANG_KIA]})


class AgencyPage(BaseModel):
    """One page of agencies, by code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [HANG_KIA], "next": None}]})
    items: list[AgencyEntry]
    next: str | None


CodeQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, examples=["H28.31"])]
SearchText = Annotated[
    str,
    Query(
        max_length=200,
        description="Words of the name, diacritics or not ('hang kia' finds 'UBND xã Hang Kia'), "
        "or the beginning of either code",
        examples=["hang kia", "H28.31", "000.05.31.H28"],
    ),
]


@router.get("", summary="Search agencies", responses=problem_responses(InvalidRequest, CursorInvalid))
async def list_agencies(  # noqa: D103 — the summary documents it
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    q: SearchText = "",
    level: Level | None = None,
    parent: CodeQuery = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> AgencyPage:
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    query = AgencyQuery(
        text=q, level=level, parent=AgencyCode(parent) if parent else None, after=after, limit=limit + 1
    )
    return _page(await search_agencies(factory.database, query), limit, (request, response))


@router.get("/{code}", summary="An agency by either code", responses=problem_responses(AgencyNotFound, InvalidRequest))
async def read_agency(factory: FactoryDependency, response: Response, code: CodeInPath) -> Agency:
    """``000.05.31.H28`` and ``H28.31.05`` find the same agency. The ETag is for ``If-Match``."""
    found = await get_agency(factory.database, code)
    response.headers["ETag"] = f'"{found.version}"'
    return Agency.model_validate(found.entry.model_dump())


@router.get(
    "/{code}/children",
    summary="The agencies directly below one",
    responses=problem_responses(AgencyNotFound, InvalidRequest, CursorInvalid),
)
async def list_children(  # noqa: D103 — the summary documents it
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    code: CodeInPath,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> AgencyPage:
    parent = await get_agency(factory.database, code)
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    query = AgencyQuery(parent=parent.entry.code, after=after, limit=limit + 1)
    return _page(await search_agencies(factory.database, query), limit, (request, response))


@router.put(
    "/{code}",
    summary="Add an agency, or change it",
    responses={
        201: {"description": "The agency is new", "model": Agency},
        **problem_responses(
            TokenMissing, TokenInvalid, ScopeMissing, AgencyRefused, AgencyChanged, InvalidRequest, RequestTooLarge
        ),
    },
)
async def write_agency(
    *,
    factory: FactoryDependency,
    caller: DirectoryWriter,
    response: Response,
    code: CodeInPath,
    draft: Annotated[AgencyDraft, Body(examples=[_DRAFT])],
    if_match: IfMatch = None,
) -> Agency:
    """The body is all of the agency. Its codes, once set, stay: they are not overwritten."""
    placed = await put_agency(
        factory.database,
        draft.entry(code),
        if_version=version_in(if_match),
        by=caller.client_id,
        now=factory.clock(),
    )
    response.status_code = 201 if placed.created else 200
    response.headers["ETag"] = f'"{placed.version}"'
    return Agency.model_validate(placed.entry.model_dump())


def _page(found: list[AgencyEntry], limit: int, exchange: tuple[Request, Response]) -> AgencyPage:
    """A page of at most ``limit``; one more was asked for, to know whether there is a next page."""
    following = encode_cursor(found[limit - 1].code) if len(found) > limit else None
    link_next(*exchange, following)
    return AgencyPage(items=found[:limit], next=following)
