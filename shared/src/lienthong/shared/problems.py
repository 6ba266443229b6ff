"""Errors as HTTP shows them: ``application/problem+json``. Source: RFC 9457.

This is the one place that knows the HTTP status of an error category.
"""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from lienthong.shared.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidInput,
    LienthongError,
    NotFound,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Verification,
)

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_TYPE_PREFIX = "urn:lienthong:problem:"
MAX_REPORTED_FIELDS = 20
"""Field errors listed in one problem document."""

_STATUS: Mapping[type[LienthongError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Gone: HTTPStatus.GONE,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Verification: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_INTERNAL_DETAIL = "Something failed here that should not have. The operator can find it by the request id."

log = structlog.get_logger(__name__)


class InvalidRequest(InvalidInput):
    """A parameter or member of the request has the wrong form."""

    code = "invalid-request"
    title = "A parameter or member of the request is not valid"


class NoSuchResource(NotFound):
    """No route has that path."""

    code = "no-such-resource"
    title = "There is nothing at this address"


class InternalError(LienthongError):
    """The unknown failure: fixed text, nothing of its cause."""


def status_of(error: type[LienthongError]) -> HTTPStatus:
    """The HTTP status of an error's category; 500 for one outside every category."""
    return next((_STATUS[kind] for kind in error.__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_body(error: LienthongError, *, instance: str, hop: str) -> dict[str, Any]:
    """The problem document. ``hop`` names the service or node that failed."""
    return {
        **error.facts,
        "type": PROBLEM_TYPE_PREFIX + error.code,
        "code": error.code,
        "title": error.title,
        "status": int(status_of(type(error))),
        "detail": error.detail,
        "instance": instance,
        "hop": hop,
    }


def problem_responses(*errors: type[LienthongError]) -> dict[int | str, dict[str, Any]]:
    """What FastAPI's ``responses=`` needs to document each problem code with an example."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        status = status_of(error)
        response = responses.setdefault(
            int(status),
            {
                "description": status.phrase,
                "content": {PROBLEM_MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}},
            },
        )
        example = problem_body(error(*_example_args(error)), instance="/v1/…", hop="H28.31")
        response["content"][PROBLEM_MEDIA_TYPE]["examples"][error.code] = {
            "summary": error.title,
            "value": example,
        }
    return responses


def install_problem_handlers(app: Starlette, *, hop: str) -> None:
    """Turns every error of ``app`` into a problem document; unknown ones into a 500 with a fixed text."""

    async def known(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, LienthongError)  # noqa: S101 — registered for this class only
        return problem_response(request, error, hop=hop)

    async def malformed(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 — likewise
        return problem_response(request, _from_validation(error), hop=hop)

    async def routing(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 — likewise
        return _from_http_exception(request, error, hop=hop)

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        log.error("unhandled error", path=request.url.path, exc_info=error)
        return problem_response(request, InternalError(_INTERNAL_DETAIL), hop=hop)

    app.add_exception_handler(LienthongError, known)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, routing)
    app.add_exception_handler(Exception, unknown)


def problem_response(request: Request, error: LienthongError, *, hop: str, status: int | None = None) -> JSONResponse:
    """The answer to ``error``; ``status``: where a protocol has another one for it than the category has."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    body = problem_body(error, instance=request.url.path, hop=hop)
    if status is not None:
        body["status"] = status
    return JSONResponse(body, status_code=body["status"], headers=headers, media_type=PROBLEM_MEDIA_TYPE)


def _from_validation(error: RequestValidationError) -> InvalidRequest:
    fields = [
        {"field": ".".join(str(part) for part in found["loc"]), "message": found["msg"]}
        for found in error.errors()[:MAX_REPORTED_FIELDS]
    ]
    named = ", ".join(field["field"] for field in fields) or "the request"
    return InvalidRequest(f"Not valid: {named}. See 'errors' for what each must be.", facts={"errors": fields})


def _from_http_exception(request: Request, error: HTTPException, *, hop: str) -> JSONResponse:
    if isinstance(error.__cause__, LienthongError):  # FastAPI's way with what ends the reading of a body
        return problem_response(request, error.__cause__, hop=hop)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem_response(
            request, InvalidRequest("The body cannot be read as what its Content-Type says."), hop=hop
        )
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(request, NoSuchResource("There is nothing at this address."), hop=hop)
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "-")
    body = {
        "type": PROBLEM_TYPE_PREFIX + code,
        "code": code,
        "title": status.phrase,
        "status": int(status),
        "detail": f"{status.phrase}: {status.description}" if status.description else status.phrase,
        "instance": request.url.path,
        "hop": hop,
    }
    return JSONResponse(body, status_code=status, headers=error.headers, media_type=PROBLEM_MEDIA_TYPE)


def _example_args(error: type[LienthongError]) -> tuple[str]:
    first_line = (error.__doc__ or error.title).strip().splitlines()[0]
    return (first_line,)


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457)",
    "required": ["type", "code", "title", "status", "detail", "instance", "hop"],
    "properties": {
        "type": {"type": "string", "description": "urn:lienthong:problem:<code>"},
        "code": {"type": "string", "description": "Stable; what a program should look at"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do, for people"},
        "instance": {"type": "string"},
        "hop": {"type": "string", "description": "The node or service that failed"},
    },
    "additionalProperties": True,
}
