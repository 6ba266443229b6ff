"""``/v1/uploads``: packages in any number of requests, resumed after a break. Source: tus 1.0.0, https://tus.io."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.routing import APIRoute

from lienthong.exchange.api.authorization import WithFactory, Writer
from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.api.receiving import declared_length, pieces_of
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.domain.uploads import (
    CHECKSUMS,
    TooManyUploads,
    TusVersionUnsupported,
    Upload,
    UploadBusy,
    UploadChecksumMismatch,
    UploadMalformed,
    UploadNotFound,
    UploadOffsetMismatch,
    checksum_of,
    declared_size,
    media_type_of,
    no_such_upload,
    number_of,
)
from lienthong.exchange.errors import UnsupportedMediaType
from lienthong.exchange.usecases.drain_node import NodeDraining
from lienthong.exchange.usecases.receive_upload import (
    Arriving,
    append_to_upload,
    begin_upload,
    end_upload,
    see_upload,
)
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.errors import LienthongError
from lienthong.shared.problems import problem_response, problem_responses
from lienthong.shared.spooling import BodyTruncated, PackageTooLarge, SpoolUnavailable

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,checksum,termination"
BYTES: Final = "application/offset+octet-stream"
"""Content-Type of the bytes of an upload."""
_STATUS: Final[Mapping[type[LienthongError], int]] = {
    TusVersionUnsupported: HTTPStatus.PRECONDITION_FAILED,
    UploadBusy: HTTPStatus.LOCKED,
    UploadChecksumMismatch: 460,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
"""Where tus has a status of its own for what our taxonomy puts into a category."""


class TusRoute(APIRoute):
    """Answers as tus demands: with its version always, and with its statuses."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                response = await answer(request)
            except LienthongError as error:
                hop = request.app.state.factory.here
                response = problem_response(request, error, hop=hop, status=_STATUS.get(type(error)))
            response.headers["Tus-Resumable"] = VERSION
            return response

        return handler


async def speaks_tus(tus_resumable: Annotated[str | None, Header(description=VERSION)] = None) -> None:
    """A client of this version. Raises :class:`TusVersionUnsupported`."""
    if tus_resumable != VERSION:
        raise TusVersionUnsupported(f"Send Tus-Resumable: {VERSION}.", facts={"versions": [VERSION]})


TUS: Final = [Depends(speaks_tus)]
router = APIRouter(prefix="/v1/uploads", tags=["uploads"], route_class=TusRoute)


def _refusals(*errors: type[LienthongError]) -> dict[int | str, dict[str, Any]]:
    """As :func:`problem_responses`, by the statuses of tus."""
    documented = problem_responses(*(one for one in errors if one not in _STATUS))
    for error in errors:
        if error in _STATUS:
            [response] = problem_responses(error).values()
            [example] = response["content"]["application/problem+json"]["examples"].values()
            example["value"]["status"] = _STATUS[error]
            documented[_STATUS[error]] = {**response, "description": error.title}
    return documented


_ALWAYS = (*CALLER_ERRORS, TusVersionUnsupported)
_ONE = (*_ALWAYS, UploadNotFound)
_TAKING = (
    UploadMalformed,
    UnsupportedMediaType,
    UploadBusy,
    UploadOffsetMismatch,
    UploadChecksumMismatch,
    BodyTruncated,
    NodeDraining,
    InsufficientStorage,
    SpoolUnavailable,
)
_TUS_HEADERS: Final[dict[str, Any]] = {
    "Tus-Resumable": {"description": "The version spoken", "schema": {"type": "string", "enum": [VERSION]}},
    "Upload-Offset": {"description": "Bytes that are here for good", "schema": {"type": "integer"}},
    "Upload-Expires": {"description": "When it is given up (RFC 9110 date)", "schema": {"type": "string"}},
}
_RAW: Final[dict[str, Any]] = {
    "requestBody": {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
}

UploadOffset = Annotated[str | None, Header(description="Where the bytes belong: what HEAD answered last")]
UploadChecksum = Annotated[
    str | None, Header(description=f"One of {', '.join(CHECKSUMS)}, a space, and the digest of this body in base64")
]


async def upload_id(upload: Annotated[str, Path(description="Id of the upload: a UUID")]) -> str:
    """The upload that the path names. Raises :class:`UploadNotFound`."""
    if not UUID.fullmatch(upload):
        raise no_such_upload()
    return upload


NamedUpload = Annotated[str, Depends(upload_id)]


@router.options("", status_code=204, include_in_schema=False)  # for anybody, as tus has it
async def options(factory: WithFactory) -> Response:
    """Version, extensions, algorithms and the largest size."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(factory.settings.max_package_bytes),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    dependencies=TUS,
    status_code=201,
    summary="Begin an upload",
    response_class=Response,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}}, **_TUS_HEADERS}},
        **_refusals(*_ALWAYS, PackageTooLarge, TooManyUploads, *_TAKING),
    },
    openapi_extra=_RAW,
)
async def begin(
    request: Request,
    *,
    factory: WithFactory,
    caller: Writer,
    upload_length: Annotated[str | None, Header(description="Bytes of the whole package")] = None,
    upload_metadata: Annotated[str, Header(description="`filetype` and the package's media type in base64")] = "",
    upload_checksum: UploadChecksum = None,
) -> Response:
    """Begins with a package of the declared size; a body is its first bytes.

    Send the others with PATCH, ask with HEAD after a break, and submit the whole with ``POST /v1/documents`` and
    ``{"upload": "<id>"}``. OPTIONS says which extensions of tus are spoken.
    """
    size = declared_size(upload_length, limit_bytes=factory.settings.max_package_bytes)
    media_type = media_type_of(upload_metadata)
    caller.require_agency(None)
    upload = await begin_upload(caller.client_id, factory, size=size, media_type=media_type, metadata=upload_metadata)
    if request.headers.get("content-type") and declared_length(request.headers) != 0:
        arriving = _arriving(request, offset=0, checksum=upload_checksum)
        upload = await append_to_upload(upload.id, caller.client_id, factory, arriving=arriving)
    location = f"{request.scope.get('root_path', '')}/v1/uploads/{upload.id}"
    return Response(status_code=201, headers={"Location": location, **_standing(upload)})


@router.head(
    "/{upload}",
    dependencies=TUS,
    summary="Where an upload stands",
    response_class=Response,
    responses={200: {"headers": _TUS_HEADERS}, **_refusals(*_ONE)},
)
async def stand(upload: NamedUpload, *, factory: WithFactory, caller: Writer) -> Response:
    """How many bytes are here for good: go on from there."""
    seen = await see_upload(upload, caller.client_id, factory)
    headers = {**_standing(seen), "Upload-Length": str(seen.size), "Cache-Control": "no-store"}
    if seen.metadata:
        headers["Upload-Metadata"] = seen.metadata
    return Response(status_code=200, headers=headers)


@router.patch(
    "/{upload}",
    dependencies=TUS,
    status_code=204,
    summary="Send the next bytes of an upload",
    response_class=Response,
    responses={204: {"headers": _TUS_HEADERS}, **_refusals(*_ONE, *_TAKING)},
    openapi_extra=_RAW,
)
async def append(
    upload: NamedUpload,
    request: Request,
    *,
    factory: WithFactory,
    caller: Writer,
    upload_offset: UploadOffset = None,
    upload_checksum: UploadChecksum = None,
) -> Response:
    """Takes the body from the given offset on. After a break what had arrived stays; ask with HEAD."""
    arriving = _arriving(request, offset=number_of("Upload-Offset", upload_offset), checksum=upload_checksum)
    moved = await append_to_upload(upload, caller.client_id, factory, arriving=arriving)
    return Response(status_code=204, headers=_standing(moved))


@router.delete(
    "/{upload}",
    dependencies=TUS,
    status_code=204,
    summary="Give an upload up",
    response_class=Response,
    responses=_refusals(*_ONE, UploadBusy, SpoolUnavailable, InsufficientStorage),
)
async def end(upload: NamedUpload, *, factory: WithFactory, caller: Writer) -> Response:
    """Removes its bytes. A document that was made of it stays."""
    await end_upload(upload, caller.client_id, factory)
    return Response(status_code=204)


def _arriving(request: Request, *, offset: int, checksum: str | None) -> Arriving:
    if request.headers.get("content-type", "").strip().lower() != BYTES:
        raise UnsupportedMediaType(f"Send the bytes as {BYTES}.", facts={"accepted": [BYTES]})
    return Arriving(
        offset=offset,
        length=declared_length(request.headers),
        pieces=pieces_of(request),
        checksum=checksum_of(checksum),
    )


def _standing(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset), "Upload-Expires": _date(upload.expires_at)}


def _date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
