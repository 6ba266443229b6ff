"""The OpenAPI document says what the services do: a request of the wrong form is a 400 problem, not FastAPI's 422."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from lienthong.shared.problems import PROBLEM_MEDIA_TYPE, InvalidRequest, problem_responses

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
_BAD_REQUEST = str(HTTPStatus.BAD_REQUEST.value)
_UNPROCESSABLE = str(HTTPStatus.UNPROCESSABLE_ENTITY.value)


def install_openapi(app: FastAPI) -> None:
    """Corrects the document that ``app`` publishes; it is made once, at the first request for it."""
    original = app.openapi

    def corrected() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(original())
        return app.openapi_schema

    app.openapi = corrected  # type: ignore[method-assign]  # FastAPI's documented way


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    for item in document["paths"].values():
        for operation in item.values():
            _correct(operation["responses"])
    for name in _FRAMEWORKS_OWN:
        document.get("components", {}).get("schemas", {}).pop(name, None)
    return document


def _correct(responses: dict[str, Any]) -> None:
    unprocessable = responses.get(_UNPROCESSABLE, {}).get("content", {})
    if "HTTPValidationError" not in str(unprocessable.get("application/json", "")):
        return
    del unprocessable["application/json"]
    if not unprocessable:
        del responses[_UNPROCESSABLE]
    ours = problem_responses(InvalidRequest)[HTTPStatus.BAD_REQUEST.value]
    held = responses.setdefault(_BAD_REQUEST, ours)
    examples = held.setdefault("content", {}).setdefault(PROBLEM_MEDIA_TYPE, {}).setdefault("examples", {})
    examples.update(ours["content"][PROBLEM_MEDIA_TYPE]["examples"])
