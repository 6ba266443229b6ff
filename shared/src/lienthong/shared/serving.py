"""How every service serves: JSON logs with a request id, health, problem documents, clean shutdown."""

import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import FrameType, MappingProxyType
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.shared.body_limit import BodyLimitMiddleware
from lienthong.shared.errors import Unavailable
from lienthong.shared.identifiers import new_uuid
from lienthong.shared.openapi import install_openapi
from lienthong.shared.problems import install_problem_handlers, problem_responses

MAX_REQUEST_ID_LENGTH = 128
GRACEFUL_SHUTDOWN_S = 15
"""Seconds that requests under way have to end after SIGTERM."""
STARTUP_FAILED = 3
"""Exit status when the lifespan failed or the port is taken."""

_access = structlog.get_logger("access")

Check = Callable[[], Awaitable[bool]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class NotReady(Unavailable):
    """Something that the service needs does not answer."""

    code = "not-ready"
    title = "The service is not ready"


def configure_logging(service: str, level: str = "INFO") -> None:
    """Sends this process's logs, the libraries' included, to standard error as one JSON object a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

    def add_service(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["service"] = service
        return event

    handler = logging.StreamHandler(sys.stderr)
    render = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, add_service]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[*render, structlog.processors.JSONRenderer(ensure_ascii=False)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # our bus says once that the broker is away


class RequestIDMiddleware:
    """Gives each request an id (the caller's ``X-Request-ID`` if it is plain), logs the request, returns the id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_with_id)
            if not scope["path"].startswith("/health/"):
                _access.info("request", method=scope["method"], path=scope["path"], status=status)


def _request_id(given: str) -> str:
    plain = 0 < len(given) <= MAX_REQUEST_ID_LENGTH and given.isascii() and given.isprintable()
    return given if plain else new_uuid()


NO_NOTES: Mapping[str, Check] = MappingProxyType({})


def health_router(checks: Mapping[str, Check], notes: Mapping[str, Check] = NO_NOTES) -> APIRouter:
    """``/health/live`` (the process answers) and ``/health/ready`` (each check holds; ``notes`` are only told)."""
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live", summary="Whether the process answers")
    async def live() -> JSONResponse:
        return JSONResponse({"status": "live"})

    @router.get("/ready", summary="Whether the service can work", responses=problem_responses(NotReady))
    async def ready() -> JSONResponse:
        results = {name: await check() for name, check in checks.items()}
        if not all(results.values()):
            away = ", ".join(name for name, good in results.items() if not good)
            raise NotReady(f"Not ready: {away}.", facts={"checks": results})
        told = {name: await note() for name, note in notes.items()}
        return JSONResponse({"status": "ready", "checks": results, **told})

    return router


def create_app(
    title: str,
    *,
    hop: str,
    lifespan: Lifespan,
    routers: Sequence[APIRouter],
    checks: Mapping[str, Check],
    notes: Mapping[str, Check] = NO_NOTES,
) -> FastAPI:
    """A FastAPI application with what every service has. ``hop`` names it in problem documents."""
    app = FastAPI(title=title, version="1", lifespan=lifespan, docs_url="/docs", redoc_url=None)
    install_problem_handlers(app, hop=hop)
    for router in routers:
        app.include_router(router)
    app.include_router(health_router(checks, notes))
    install_openapi(app)
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(RequestIDMiddleware)
    return app


class StoppingServer(uvicorn.Server):
    """Tells the app at once that it is to stop (``app.state.stopping``): requests that only wait come to an end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes SIGTERM or SIGINT."""
        self._app.state.stopping = True
        super().handle_exit(sig, frame)


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests under way end."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )
    server = StoppingServer(config, app)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILED)
