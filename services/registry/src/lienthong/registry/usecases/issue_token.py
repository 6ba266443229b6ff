"""Issues an access token to a client that proves who it is. Source: RFC 6749 section 4.4."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.jwk import ECKey

from lienthong.registry.domain.clients import Client, Credentials, authenticate, read_credentials
from lienthong.registry.domain.grants import GRANT_TYPE, Grant, granted_audience, granted_scopes, named_node
from lienthong.registry.errors import ClientRefused, GrantTypeUnsupported, OAuthRequestInvalid
from lienthong.registry.storage import clients, nodes
from lienthong.shared.contracts.tokens import TOKEN_TYPE
from lienthong.shared.database import Database
from lienthong.shared.tokens import ALGORITHM


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A token request as it came, unverified. ``form`` has each parameter once, ``resources`` the repeatable one."""

    authorization: str | None
    form: Mapping[str, str]
    resources: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token, and what it grants."""

    token: str
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Issues tokens.

    ``audiences`` are what a client assertion may be addressed to: the token endpoint and the issuer.
    """

    database: Database
    key: ECKey
    issuer: str
    audiences: frozenset[str]

    async def issue(self, request: TokenRequest, *, now: datetime, token_id: str) -> IssuedToken:
        """A token for the client of ``request``, or the refusal that OAuth has a word for.

        Raises:
            OAuthRefusal: One of its leaves.
        """
        # 1. The grant, and who claims to ask.
        grant_type = request.form.get("grant_type")
        if grant_type is None:
            raise OAuthRequestInvalid("grant_type is missing.")
        if grant_type != GRANT_TYPE:
            raise GrantTypeUnsupported(f"Only grant_type={GRANT_TYPE} is granted here.")
        credentials = read_credentials(request.authorization, request.form)
        # 2. The client proves it.
        client = await self._authenticated(credentials, now)
        # 3. What it may have.
        grant = Grant(
            client=client,
            scopes=granted_scopes(client, request.form.get("scope")),
            audience=granted_audience(request.resources, node_exists=await self._node_exists(request.resources)),
        )
        # 4. The token.
        claims = grant.claims(issuer=self.issuer, now=now, token_id=token_id)
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self.key.kid}
        return IssuedToken(token=jwt.encode(header, claims, self.key, algorithms=[ALGORITHM]), grant=grant)

    async def _authenticated(self, credentials: Credentials, now: datetime) -> Client:
        async with self.database.read() as connection:
            client = await clients.find(connection, credentials.claimed_client_id)
        spent = await asyncio.to_thread(authenticate, credentials, client, audiences=self.audiences, now=now)
        if client is None:
            raise ClientRefused("The client is unknown.")
        if spent is not None:
            async with self.database.begin() as connection:
                await clients.forget_expired(connection, now)
                if not await clients.spend(connection, client.client_id, spent):
                    raise ClientRefused("The client assertion was used before; make a new one with a new jti.")
        return client

    async def _node_exists(self, resources: Sequence[str]) -> bool:
        node = named_node(resources[0]) if resources else None
        if node is None:
            return False
        async with self.database.read() as connection:
            return await nodes.exists(connection, node)
