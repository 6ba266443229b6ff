"""Access tokens: short ES256 JWTs issued by the registry and checked locally. Source: RFC 9068, RFC 7519."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from lienthong.shared.identifiers import NodeId

TOKEN_TYPE = "at+jwt"  # noqa: S105 — a media type
"""JWT ``typ`` of an access token. Source: RFC 9068 section 2.1."""
TOKEN_LIFETIME = timedelta(minutes=15)
"""How long an access token is good."""
REGISTRY_AUDIENCE: Final = "urn:lienthong:registry"
SIGNING_AUDIENCE: Final = "urn:lienthong:signing"


def node_audience(node: NodeId) -> str:
    """The audience of a node's REST API."""
    return f"urn:lienthong:node:{node}"


class Scope(StrEnum):
    """What a token allows."""

    DOCUMENTS_WRITE = "documents.write"
    DOCUMENTS_READ = "documents.read"
    INBOX = "inbox"
    DIRECTORY_WRITE = "directory.write"
    DIRECTORY_APPROVE = "directory.approve"
    CERTIFICATES_ISSUE = "certificates.issue"
    CERTIFICATES_APPROVE = "certificates.approve"
    CERTIFICATES_REVOKE = "certificates.revoke"
    SIGNATURES_CREATE = "signatures.create"
    VALIDATIONS_CREATE = "validations.create"
    SYSTEMS_READ = "systems.read"
    ADMIN = "admin"
