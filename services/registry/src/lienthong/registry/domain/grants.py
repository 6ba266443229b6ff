"""What a token will say: scopes no wider than the client's, one audience, a short life. Source: RFC 9068, RFC 8707."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lienthong.registry.domain.clients import Client
from lienthong.registry.errors import ScopeRefused, TargetRefused
from lienthong.shared.contracts.tokens import (
    REGISTRY_AUDIENCE,
    SIGNING_AUDIENCE,
    TOKEN_LIFETIME,
    Scope,
    node_audience,
)
from lienthong.shared.identifiers import NodeId

GRANT_TYPE: Final = "client_credentials"
_NODE_PREFIX: Final = node_audience(NodeId(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a client is granted."""

    client: Client
    audience: str
    scopes: frozenset[Scope]

    @property
    def scope(self) -> str:
        """The scopes as OAuth writes them: words apart by spaces."""
        return " ".join(sorted(self.scopes))

    def claims(self, *, issuer: str, now: datetime, token_id: str) -> dict[str, Any]:
        """The claims of the token. Source: RFC 9068 section 2.2."""
        issued_at = int(now.timestamp())
        return {
            "iss": issuer,
            "sub": self.client.client_id,
            "client_id": self.client.client_id,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at + int(TOKEN_LIFETIME.total_seconds()),
            "jti": token_id,
            "scope": self.scope,
            "agency": self.client.agency,
        }


def granted_scopes(client: Client, requested: str | None) -> frozenset[Scope]:
    """The scopes asked for; all of the client's when it asks for none.

    Raises:
        ScopeRefused: One is unknown, or beyond what the client has. Nothing is granted silently narrower.
    """
    if requested is None:
        return client.scopes
    beyond = sorted(set(requested.split()) - {scope.value for scope in client.scopes})
    if beyond:
        raise ScopeRefused("The client has not every scope that it asks for.")
    return frozenset(Scope(word) for word in requested.split())


def named_node(resource: str) -> NodeId | None:
    """The node that a resource names, existing or not; None when it names none."""
    node = resource.removeprefix(_NODE_PREFIX)
    names_one = resource.startswith(_NODE_PREFIX) and node.isascii() and node.isprintable()
    return NodeId(node) if names_one else None


def granted_audience(resources: Sequence[str], *, node_exists: bool) -> str:
    """The audience for the ``resource`` parameters; the registry when there is none. Source: RFC 8707 section 2.

    Raises:
        TargetRefused: More than one (a token is for one service), or none of ours.
    """
    if not resources:
        return REGISTRY_AUDIENCE
    if len(resources) > 1:
        raise TargetRefused("Ask for one resource at a time: a token is good for one service.")
    if resources[0] not in {REGISTRY_AUDIENCE, SIGNING_AUDIENCE} and not node_exists:
        raise TargetRefused(
            "resource must be urn:lienthong:registry, urn:lienthong:signing or urn:lienthong:node:<id>."
        )
    return resources[0]
