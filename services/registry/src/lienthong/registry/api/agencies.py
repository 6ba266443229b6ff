"""``/v1/agencies``: reading is open to all, for the directory is a public record; writing needs ``directory.write``."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic.config import JsonDict

from lienthong.registry.api.agency_shapes import HANG_KIA, Agency, AgencyPage, HistoryItem, HistoryPage
from lienthong.registry.api.dependencies import (
    AtQuery,
    CodeInPath,
    DirectoryWriter,
    FactoryDependency,
    IfMatch,
    version_in,
)
from lienthong.registry.domain.agencies import CODE_PATTERN, AgencyDraft
from lienthong.registry.domain.dated import Status, instant_of
from lienthong.registry.errors import ActDue, AgencyChanged, AgencyNotFound, AgencyRefused, InstantUnreadable
from lienthong.registry.storage.agencies import AgencyQuery
from lienthong.registry.usecases.place_agencies import put_agency
from lienthong.registry.usecases.read_agencies import get_agency, read_history
from lienthong.registry.usecases.read_agencies import list_children as children_of
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, decode_cursor, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

_DRAFT: JsonDict = {name: value for name, value in HANG_KIA.items() if name != "code"}

router = APIRouter(prefix="/v1/agencies", tags=["agencies"])


class ListedStatus(StrEnum):
    """Which agencies are listed."""

    ACTIVE = "active"
    CLOSED = "closed"
    ANY = "any"


StatusQuery = Annotated[ListedStatus, Query(description="Agencies at work, closed ones, or both")]
CodeQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, examples=["H28.31"])]
SearchText = Annotated[
    str,
    Query(
        max_length=200,
        description="Beginnings of words of the name, diacritics or not, typing errors forgiven "
        "('hang kia' and 'hnag kia' find 'UBND xã Hang Kia'); or the beginning of either code",
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
    status: StatusQuery = ListedStatus.ACTIVE,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> AgencyPage:
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    query = AgencyQuery(
        text=q,
        level=level,
        parent=AgencyCode(parent) if parent else None,
        status=None if status is ListedStatus.ANY else Status(status),
        after=after,
        limit=limit + 1,
    )
    return _page(await factory.search.search(query), limit, (request, response))


@router.get(
    "/{code}",
    summary="An agency by either code, as it is or as it was",
    responses=problem_responses(AgencyNotFound, InstantUnreadable, InvalidRequest),
)
async def read_agency(
    factory: FactoryDependency, response: Response, code: CodeInPath, *, at: AtQuery = None
) -> Agency:
    """``000.05.31.H28`` and ``H28.31.05`` find the same agency. The ETag is for ``If-Match``.

    A closed agency is found, with its successors. With ``at`` it is shown as it was then.
    """
    found = await get_agency(factory.database, code, at=instant_of(at) if at else None)
    response.headers["ETag"] = f'"{found.version}"'
    return Agency.of(found)


@router.get(
    "/{code}/children",
    summary="The agencies directly below one, as they are or as they were",
    responses=problem_responses(AgencyNotFound, InstantUnreadable, InvalidRequest, CursorInvalid),
)
async def list_children(  # noqa: D103 — the summary documents it
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    code: CodeInPath,
    at: AtQuery = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> AgencyPage:
    after = str(decode_cursor(cursor, str)[0]) if cursor else ""
    moment = instant_of(at) if at else None
    found = await children_of(factory.database, code, at=moment, after=after, limit=limit + 1)
    return _page(found, limit, (request, response))


@router.get(
    "/{code}/history",
    summary="What was said of an agency, since when, and by which decision",
    responses=problem_responses(AgencyNotFound, InvalidRequest, CursorInvalid),
)
async def list_history(
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    code: CodeInPath,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> HistoryPage:
    """In the order of time. A code that was changed lives on under another: see the predecessors there."""
    after = int(decode_cursor(cursor, int)[0]) if cursor else 0
    found = await read_history(factory.database, code, after=after, limit=limit + 1)
    shown, ends = found.lines[:limit], [line.version.valid_from for line in found.lines[1:]]
    following = encode_cursor(shown[-1].version.version) if len(found.lines) > limit else None
    link_next(request, response, following)
    items = [HistoryItem.of(line, until=until) for line, until in zip(shown, [*ends, None], strict=False)]
    return HistoryPage(code=found.code, predecessors=found.predecessors, items=items, next=following)


@router.put(
    "/{code}",
    summary="Add an agency, or change it",
    responses={
        201: {"description": "The agency is new", "model": Agency},
        **problem_responses(
            TokenMissing,
            TokenInvalid,
            ScopeMissing,
            ActDue,
            AgencyRefused,
            AgencyChanged,
            InvalidRequest,
            RequestTooLarge,
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
    return Agency.of(await get_agency(factory.database, placed.entry.code))


def _page(found: list[AgencyEntry], limit: int, exchange: tuple[Request, Response]) -> AgencyPage:
    """A page of at most ``limit``; one more was asked for, to know whether there is a next page."""
    following = encode_cursor(found[limit - 1].code) if len(found) > limit else None
    link_next(*exchange, following)
    return AgencyPage(items=found[:limit], next=following)
