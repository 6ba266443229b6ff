"""The signing service over ASGI, with a registry's token keys of the tests' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr

from lienthong.shared.contracts.tokens import SIGNING_AUDIENCE, TOKEN_TYPE, Scope
from lienthong.shared.identifiers import new_uuid
from lienthong.shared.tokens import TokenVerifier
from lienthong.signing.config import Settings
from lienthong.signing.factory import SigningFactory, utc_now
from lienthong.signing.main import create_app

ISSUER = "https://danhba.example"
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

    @property
    def approver(self) -> dict[str, str]:
        """Headers of another operator."""
        return self.bearer("operator.b", *Scope)

    async def enrol(self, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """Asks for a certificate, as the operator unless told otherwise."""
        return await self.http.post("/v1/enrolments", json=body, headers=headers or self.operator)

    async def decide(
        self, enrolment: str, verdict: str = "approval", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Approves or rejects, as the other operator unless told otherwise."""
        return await self.http.post(
            f"/v1/enrolments/{enrolment}/{verdict}", json={"reason": "đúng hồ sơ"}, headers=headers or self.approver
        )

    async def issued(self, **body: Any) -> httpx.Response:
        """The certificate that the operator asked for and the other one approved, or why it was not."""
        asked = await self.enrol(**body)
        assert asked.status_code == 201, asked.text
        approved = await self.decide(asked.json()["id"])
        if approved.is_error:
            return approved
        return await self.http.get(f"/v1/certificates/{approved.json()['serial']}", headers=self.operator)

    @asynccontextmanager
    async def later(self, time: timedelta) -> AsyncIterator[SigningFactory]:
        """The service as it will be."""
        before = self.app.state.signing
        async with SigningFactory(self.settings, clock=lambda: utc_now() + time) as factory:
            self.app.state.signing = factory
            yield factory
        self.app.state.signing = before

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
