"""The service over ASGI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI

from lienthong.shared import serving
from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE
from lienthong.shared.tokens import JWKSCache, TokenVerifier
from lienthong.signing.api import (
    certificates,
    enrolments,
    ocsp,
    publication,
    remote_keys,
    signature_log,
    signatures,
    time_stamps,
    validations,
)
from lienthong.signing.background import renewing
from lienthong.signing.config import Settings
from lienthong.signing.factory import SigningFactory
from lienthong.signing.usecases.trust_list import lists_are_fresh

ROUTED = (publication, ocsp, time_stamps, certificates, enrolments, remote_keys, signatures, signature_log, validations)
HOP = "signing"
"""The name of this service in problem documents."""


def create_app(settings: Settings) -> FastAPI:
    """The service over ASGI. Its lifespan opens and closes database, connections and the publishing of CRLs."""
    factory = SigningFactory(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(factory)
            await asyncio.to_thread(settings.spool_dir.mkdir, parents=True, exist_ok=True)
            http = await stack.enter_async_context(httpx.AsyncClient())
            app.state.signing = factory
            app.state.tokens = _token_verifier(settings, http)
            await stack.enter_async_context(renewing(factory.resources))
            yield

    async def lists() -> bool:
        return await lists_are_fresh(factory.resources, factory.resources.clock())

    return serving.create_app(
        "Liên Thông: signing",
        hop=HOP,
        lifespan=lifespan,
        routers=[module.router for module in ROUTED],
        checks={"database": factory.resources.database.ready, "revocation-lists": lists},
    )


def _token_verifier(settings: Settings, http: httpx.AsyncClient) -> TokenVerifier:
    keys = JWKSCache(f"{settings.registry_url}/.well-known/jwks.json", settings.token_keys_path, http)
    return TokenVerifier(audience=SIGNING_AUDIENCE, issuer=settings.issuer, keys=keys)
