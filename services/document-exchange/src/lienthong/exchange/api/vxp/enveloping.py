"""Answers as the SDK reads them: an envelope, whatever happens."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from fastapi import Response
from fastapi.responses import JSONResponse

from lienthong.exchange.api.vxp.calling import Answer
from lienthong.exchange.domain.vxp.answers import failed, succeeded
from lienthong.exchange.domain.vxp.operations import Operation
from lienthong.shared.errors import LienthongError

NO_DOCUMENT: Final = 404
"""Status of a ``downloadEdoc`` that failed: the SDK saves what it gets as the document, unless this makes it throw."""

_log = structlog.get_logger(__name__)


async def enveloped(act: Callable[[], Awaitable[Answer]], *, operation: str) -> Response:
    """What ``act`` answers, or how it failed; ``operation`` is empty where there is no such one."""
    named = Operation(operation) if operation else None
    try:
        answer = await act()
    except LienthongError as error:
        return _failure(named, error)
    except Exception:  # noqa: BLE001 — the SDK reads nothing but an envelope; the log has the rest
        _log.exception("a call of the SDK failed", operation=operation)
        return _failure(named, None)
    return answer if isinstance(answer, Response) else JSONResponse(succeeded(**answer))


def _failure(operation: Operation | None, error: LienthongError | None) -> Response:
    status = NO_DOCUMENT if operation is Operation.DOWNLOAD_EDOC else 200
    return JSONResponse(failed(operation, error), status_code=status)
