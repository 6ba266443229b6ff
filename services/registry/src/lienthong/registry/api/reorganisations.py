"""``/v1/reorganisations``: the map changes by dated acts, uploaded by one operator and approved by another."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response, status

from lienthong.registry import errors
from lienthong.registry.api.dependencies import ActReader, DirectoryApprover, DirectoryWriter, FactoryDependency
from lienthong.registry.api.reorganisation_shapes import (
    ACT_EXAMPLE,
    CSV_EXAMPLE,
    PreviewShape,
    Reason,
    ReorganisationPage,
    ReorganisationShape,
)
from lienthong.registry.domain.acts import MAX_ACT_BYTES, ActBody, Heading
from lienthong.registry.domain.reorganisation import ReorganisationId, State
from lienthong.registry.usecases.decide_reorganisation import (
    Decider,
    approve_reorganisation,
    withdraw_reorganisation,
)
from lienthong.registry.usecases.read_reorganisations import get_file, get_reorganisation, list_reorganisations
from lienthong.registry.usecases.upload_reorganisation import CSV, UploadedFile, upload_reorganisation
from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, decode_cursor, encode_cursor, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

_TOKEN = (TokenMissing, TokenInvalid, ScopeMissing)

router = APIRouter(prefix="/v1/reorganisations", tags=["reorganisations"])

IdPath = Annotated[
    ReorganisationId,
    Path(pattern=r"^[0-9a-f-]{36}$", description="UUIDv7", examples=["01900000-0000-7000-8000-000000000000"]),
]
TitleQuery = Annotated[str, Query(max_length=300, description="Of an act as CSV; JSON names it itself")]
EffectiveQuery = Annotated[
    str, Query(max_length=64, description="Of an act as CSV: when it takes effect", examples=["2025-07-01"])
]


async def act_file(request: Request, *, title: TitleQuery = "", effective: EffectiveQuery = "") -> UploadedFile:
    """The body, up to the limit. Raises :class:`ActTooLarge`."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_ACT_BYTES:
            raise errors.ActTooLarge(
                f"An act may have {MAX_ACT_BYTES} bytes; make several.", facts={"limit_bytes": MAX_ACT_BYTES}
            )
    is_csv = request.headers.get("content-type", "").partition(";")[0].strip().lower() == CSV
    return UploadedFile(content=bytes(content), heading=Heading(title=title, effective=effective) if is_csv else None)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Upload an act",
    responses=problem_responses(
        *_TOKEN, errors.ActUnreadable, errors.ActInThePast, errors.ActDuplicate, errors.ActTooLarge, InvalidRequest
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": ActBody.model_json_schema(), "example": ACT_EXAMPLE},
                CSV: {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
            },
        }
    },
)
async def upload(
    factory: FactoryDependency,
    caller: DirectoryWriter,
    file: Annotated[UploadedFile, Depends(act_file)],
    *,
    response: Response,
) -> ReorganisationShape:
    """Nothing is done before another operator approves it and its time comes. Whether it fits, its preview says."""
    made = await upload_reorganisation(factory.database, file, by=caller.client_id, now=factory.clock())
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return ReorganisationShape.of(made)


@router.get("", summary="Acts", responses=problem_responses(*_TOKEN, CursorInvalid, InvalidRequest))
async def listing(
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    _caller: ActReader,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> ReorganisationPage:
    """By the time at which they take effect."""
    after = _position(cursor) if cursor else None
    found = await list_reorganisations(factory.database, state=state, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = encode_cursor(last.effective_at.isoformat(), last.id) if last else None
    link_next(request, response, following)
    return ReorganisationPage(items=[ReorganisationShape.of(one) for one in found[:limit]], next=following)


@router.get("/{id}", summary="An act", responses=problem_responses(*_TOKEN, errors.ActNotFound, InvalidRequest))
async def one(
    factory: FactoryDependency,
    _caller: ActReader,
    id: IdPath,  # noqa: A002 — its name on the wire
) -> ReorganisationShape:
    """With who approved it, and what became of it."""
    return ReorganisationShape.of(await get_reorganisation(factory.database, id))


@router.get(
    "/{id}/file",
    summary="The file of an act, as it was uploaded",
    response_class=Response,
    responses={
        200: {"description": "JSON or CSV", "content": {"application/json": {}, CSV: {}}},
        **problem_responses(*_TOKEN, errors.ActNotFound, InvalidRequest),
    },
)
async def file(
    factory: FactoryDependency,
    _caller: ActReader,
    id: IdPath,  # noqa: A002 — its name on the wire
) -> Response:
    """Byte for byte: its SHA-256 is the one that the registry's statements name."""
    act, content = await get_file(factory.database, id)
    return Response(content, media_type=act.media_type)


@router.get(
    "/{id}/preview",
    summary="What an act would do",
    responses=problem_responses(
        *_TOKEN, errors.ActNotFound, errors.ActDecided, CursorInvalid, InvalidRequest, DatabaseUnavailable
    ),
)
async def preview(
    *,
    request: Request,
    response: Response,
    factory: FactoryDependency,
    _caller: ActReader,
    id: IdPath,  # noqa: A002 — its name on the wire
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> PreviewShape:
    """Tried on the directory as the approved acts before it will leave it; nothing is changed."""
    start = int(decode_cursor(cursor, int)[0]) if cursor else 0
    if start < 0:
        raise CursorInvalid("Use the 'next' of the page before, unchanged.")
    found = await factory.previewer.preview(id)
    more = start + limit < len(found.outcome.changes)
    following = encode_cursor(start + limit) if more else None
    link_next(request, response, following)
    return PreviewShape.of(found, start=start, limit=limit, following=following)


@router.post(
    "/{id}/approval",
    summary="Approve an act",
    responses=problem_responses(
        *_TOKEN,
        errors.ActNotFound,
        errors.ActApprovalNotAllowed,
        errors.ActDecided,
        errors.ActInThePast,
        errors.ActSameInstant,
        errors.ActConflicts,
        InvalidRequest,
        RequestTooLarge,
    ),
)
async def approve(
    factory: FactoryDependency,
    caller: DirectoryApprover,
    id: IdPath,  # noqa: A002 — its name on the wire
    *,
    body: Annotated[Reason, Body()],
) -> ReorganisationShape:
    """By an operator who did not upload it, if it fits the directory. It is applied when its time comes."""
    decider = Decider(principal=caller, reason=body.reason, now=factory.clock())
    return ReorganisationShape.of(
        await approve_reorganisation(factory.database, id, decider, seal_key=factory.seal_key)
    )


@router.post(
    "/{id}/withdrawal",
    summary="Withdraw an act",
    responses=problem_responses(*_TOKEN, errors.ActNotFound, errors.ActDecided, InvalidRequest, RequestTooLarge),
)
async def withdraw(
    factory: FactoryDependency,
    caller: DirectoryWriter,
    id: IdPath,  # noqa: A002 — its name on the wire
    *,
    body: Annotated[Reason, Body()],
) -> ReorganisationShape:
    """Until it takes effect, approved or not. It stays readable, and its file may be uploaded again."""
    decider = Decider(principal=caller, reason=body.reason, now=factory.clock())
    return ReorganisationShape.of(await withdraw_reorganisation(factory.database, id, decider))


def _position(cursor: str) -> tuple[datetime, str]:
    moment, own = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(str(moment)).astimezone(UTC), str(own)
    except (ValueError, OverflowError) as error:
        raise CursorInvalid("Use the 'next' of the page before, unchanged.") from error
