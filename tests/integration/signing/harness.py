"""The signing service over ASGI, with a registry's token keys of the tests' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr

from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE, TOKEN_TYPE, Scope
from lienthong.shared.identifiers import new_uuid
from lienthong.shared.tokens import TokenVerifier
from lienthong.signing.config import Settings
from lienthong.signing.factory import SigningFactory
from lienthong.signing.main import create_app

ISSUER = "https://registry.example"
PUBLIC_URL = "https://signing.example"


class TokenOffice:
    """Issues access tokens as the registry does."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "test"})

    async def keys(self, kid: str | None = None) -> KeySet:
        del kid
        return KeySet([ECKey.import_key(self._key.as_dict(private=False))])

    def token(self, client_id: str, *scopes: Scope, agency: str | None = None) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "sub": client_id,
            "client_id": client_id,
            "aud": SIGNING_AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
            "jti": new_uuid(),
            "scope": " ".join(scopes),
        }
        if agency is not None:
            claims["agency"] = agency
        return jwt.encode({"alg": "ES256", "typ": TOKEN_TYPE, "kid": "test"}, claims, self._key)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service: its factory, a client without a token, and the office that gives tokens."""

    app: FastAPI
    settings: Settings
    factory: SigningFactory
    http: httpx.AsyncClient
    office: TokenOffice

    def bearer(self, client_id: str, *scopes: Scope, agency: str | None = None) -> dict[str, str]:
        """Headers with a token."""
        return {"Authorization": f"Bearer {self.office.token(client_id, *scopes, agency=agency)}"}

    @property
    def operator(self) -> dict[str, str]:
        """Headers of an operator."""
        return self.bearer("operator", *Scope)

    async def root_pem(self) -> bytes:
        """The pinned root."""
        return self.settings.root_path.read_bytes()


def settings_for(state_dir: Path, database_url: str, **others: object) -> Settings:
    return Settings.model_validate(
        {
            "database_url": database_url,
            "state_dir": state_dir,
            "key_password": SecretStr("mật khẩu của kho khóa thử"),
            "registry_url": ISSUER,
            "public_url": PUBLIC_URL,
            **others,
        }
    )


@asynccontextmanager
async def running(settings: Settings, *, initialised: bool = True) -> AsyncIterator[Service]:
    """The service, migrated; with an authority unless told otherwise."""
    async with SigningFactory(settings) as factory:
        await factory.migrate()
        if initialised:
            await factory.init_ca()
    app = create_app(settings)
    office = TokenOffice()
    async with app.router.lifespan_context(app):
        app.state.tokens = TokenVerifier(audience=SIGNING_AUDIENCE, issuer=ISSUER, keys=office)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
            yield Service(app=app, settings=settings, factory=app.state.signing, http=http, office=office)
