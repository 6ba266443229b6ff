"""Every operation that takes JSON, and every one that takes parameters, of all three kinds of service."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey

from lienthong.embedded.register import OPERATOR_CLIENT
from lienthong.shared.contracts.tokens import REGISTRY_AUDIENCE, SIGNING_AUDIENCE, node_audience
from lienthong.shared.identifiers import NodeId
from tests.integration.acceptance.whole_network import WholeNetwork

ID: Final = "01900000-0000-7000-8000-000000000000"
NODE: Final = "H28.31"
"""The node that is asked, in the name of its agency."""
DEEP: Final = 200_000


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation. ``path`` may hold ``{names}``; ``body`` is one that it takes as it stands; ``undo``: ends it."""

    service: str
    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    client: str = OPERATOR_CLIENT
    undo: "Operation | None" = None

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"


_JWK: Final = ECKey.generate_key("P-256").as_dict(private=False)
_CLIENT: Final = {"client_id": "eoffice.X", "name": "X", "scopes": ["inbox"], "agency": NODE, "jwk": _JWK}
_SYSTEM: Final = {"system_id": "system.X", "client_id": f"e-office.{NODE}", "secret": "invented-secret-of-X"}
_AGENCY: Final = {
    "name": "UBND xã Thử",
    "parent": NODE,
    "level": "commune",
    "old_code": "000.99.31.H28",
    "node": NODE,
    "email": "vanthu@xa-thu.example",
}
_NODE: Final = {"name": "Nút thử", "parent": NODE, "level": "commune", "broker": "b", "url": "http://127.0.0.1:9"}
_SIGN: Final = {"agency": NODE, "format": "raw", "data": "eGlu"}


def _csr() -> str:
    """A real request for a certificate, PEM."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    return signed.public_bytes(Encoding.PEM).decode("ascii")


_CERTIFICATE: Final = {
    "profile": "agency-seal",
    "csr": _csr(),
    "subject": {"name": "UBND xã Thử", "organisation": "UBND xã Thử", "agency": NODE},
}
_WITNESSED: Final = {"size": 1, "cosignature": {"witness": NODE, "line": "x", "certificates": ["x"]}}
_REVOCATION: Final = {"reason": "superseded", "effective_at": "2026-03-02T08:00:00Z"}
_REMOTE: Final = {"agency": NODE, "name": "Thử", "organisation": "Thử", "officer": "thu", "signers": ["thu"]}
_HOOK: Final = {"url": "https://x.example/", "types": ["vn.lienthong.delivery.arrived"], "description": "x"}
_DECISION: Final = {"reason": "đúng hồ sơ"}
_ACT: Final = {
    "title": "Sắp xếp",
    "effective": "2099-07-01",
    "decision": {"number": "202/2025/QH15", "date": "2025-06-12"},
    "operations": [{"do": "rename", "code": NODE, "name": "UBND huyện Thử"}],
}
_UNDRAIN: Final = Operation(service="node", method="POST", path="/v1/admin/undrain", body={"reason": "x"})
JSON_OPERATIONS: Final = (
    Operation(
        service="node", method="POST", path="/v1/documents", body={"upload": ID, "sha256": "0" * 64}, client=NODE
    ),
    Operation(service="node", method="POST", path="/v1/inbox/claims", body={"agency": NODE, "limit": 1}, client=NODE),
    Operation(
        service="node",
        method="POST",
        path="/v1/deliveries/{delivery}/acknowledgement",
        body={"lease_token": ID, "result": "done", "description": ""},
        client=NODE,
    ),
    Operation(
        service="node",
        method="POST",
        path="/v1/documents/{document}/statuses",
        body={"code": "03", "description": "x", "staff": {"department": "x", "staff": "x"}, "agency": NODE},
        client=NODE,
    ),
    Operation(service="node", method="POST", path="/v1/webhooks", body=_HOOK | {"agency": NODE}, client=NODE),
    Operation(service="node", method="PUT", path="/v1/webhooks/{webhook}", body=_HOOK, client=NODE),
    Operation(service="node", method="POST", path="/v1/webhooks/{webhook}/replay", body={"after": 0}, client=NODE),
    *(
        Operation(
            service="node",
            method="POST",
            path=f"/v1/documents/{{document}}/{how}",
            body={"upload": ID, "sha256": "0" * 64},
            client=NODE,
        )
        for how in ("update", "replace")
    ),
    Operation(
        service="node",
        method="POST",
        path="/v1/documents/{document}/recall",
        body={"reason": "x", "recipients": [NODE]},
        client=NODE,
    ),
    Operation(service="node", method="POST", path="/v1/log/cosignatures", body=_WITNESSED),
    *(
        Operation(service="node", method="POST", path=f"/v1/admin/destinations/{{node}}/{verb}", body={"reason": "x"})
        for verb in ("pause", "resume", "retry")
    ),
    Operation(service="node", method="POST", path="/v1/admin/drain", body={"reason": "x"}, undo=_UNDRAIN),
    _UNDRAIN,
    Operation(
        service="node",
        method="POST",
        path="/v1/admin/redeliveries",
        body={"agency": NODE, "since": "2100-01-01T00:00:00Z", "dry_run": True, "reason": "x"},
    ),
    Operation(
        service="node",
        method="POST",
        path="/v1/admin/dead-letters/replay",
        body={"code": "x", "issuer": "x", "limit": 1, "reason": "x"},
    ),
    *(
        Operation(service="node", method="POST", path=f"/v1/admin/dead-letters/{{letter}}/{verb}", body={"reason": "x"})
        for verb in ("replay", "discard")
    ),
    Operation(service="registry", method="PUT", path="/v1/agencies/{code}", body=_AGENCY),
    Operation(service="registry", method="PUT", path="/v1/nodes/{code}", body=_NODE),
    Operation(service="registry", method="POST", path="/v1/clients", body=_CLIENT),
    Operation(service="registry", method="POST", path="/v1/reorganisations", body=_ACT),
    Operation(service="registry", method="POST", path="/v1/reorganisations/{id}/approval", body=_DECISION),
    Operation(service="registry", method="POST", path="/v1/reorganisations/{id}/withdrawal", body=_DECISION),
    Operation(service="registry", method="POST", path="/v1/systems", body=_SYSTEM),
    Operation(service="registry", method="POST", path="/v1/systems/{system_id}/secrets", body={"overlap_days": 0}),
    Operation(service="registry", method="PATCH", path="/v1/systems/{system_id}", body={"enabled": False}),
    Operation(service="signing", method="POST", path="/v1/certificates", body=_CERTIFICATE),
    Operation(service="signing", method="POST", path="/v1/certificates/{serial}/revocation", body=_REVOCATION),
    Operation(
        service="signing", method="POST", path="/v1/certificates/{serial}/renewal", body={"request": "e30.e30.e30"}
    ),
    Operation(service="signing", method="POST", path="/v1/remote-keys", body=_REMOTE),
    Operation(service="signing", method="POST", path="/v1/enrolments", body=_CERTIFICATE),
    Operation(service="signing", method="POST", path="/v1/enrolments/{id}/approval", body=_DECISION),
    Operation(service="signing", method="POST", path="/v1/enrolments/{id}/rejection", body=_DECISION),
    Operation(service="signing", method="POST", path="/v1/signatures", body=_SIGN, client=NODE),
)
READ_OPERATIONS: Final = (
    Operation(
        service="node", method="GET", path="/v1/documents", query=("agency", "kind", "limit", "cursor"), client=NODE
    ),
    Operation(service="node", method="GET", path="/v1/documents/{document}", client=NODE),
    Operation(service="node", method="GET", path="/v1/documents/{document}/package", client=NODE),
    Operation(service="node", method="GET", path="/v1/documents/{document}/attachments/{n}", client=NODE),
    Operation(service="node", method="GET", path="/v1/documents/{document}/timeline", client=NODE),
    Operation(
        service="node", method="GET", path="/v1/documents/{document}/evidence", query=("recipient",), client=NODE
    ),
    Operation(service="node", method="GET", path="/v1/inbox", query=("agency", "kind", "limit", "cursor"), client=NODE),
    Operation(service="node", method="GET", path="/v1/events", query=("agency", "type", "after", "limit"), client=NODE),
    Operation(service="node", method="GET", path="/v1/webhooks", query=("agency",), client=NODE),
    Operation(service="node", method="GET", path="/v1/webhooks/{webhook}", client=NODE),
    Operation(service="node", method="DELETE", path="/v1/webhooks/{webhook}", client=NODE),
    Operation(service="node", method="POST", path="/v1/webhooks/{webhook}/pause", client=NODE),
    Operation(service="node", method="POST", path="/v1/webhooks/{webhook}/resume", client=NODE),
    Operation(service="node", method="POST", path="/v1/webhooks/{webhook}/ping", client=NODE),
    Operation(service="node", method="GET", path="/v1/packages/{sha256}", client=NODE),
    Operation(service="node", method="HEAD", path="/v1/uploads/{upload}", client=NODE),
    Operation(service="node", method="DELETE", path="/v1/uploads/{upload}", client=NODE),
    Operation(service="node", method="GET", path="/v1/log/checkpoints/newest", query=("stamped",)),
    Operation(service="node", method="GET", path="/v1/log/checkpoints/covering", query=("size",)),
    Operation(service="node", method="GET", path="/v1/log/checkpoints/{size}"),
    Operation(service="node", method="GET", path="/v1/log/inclusion", query=("evidence", "size")),
    Operation(service="node", method="GET", path="/v1/log/consistency", query=("from", "to")),
    Operation(service="node", method="GET", path="/v1/log/entries", query=("begin", "size", "limit")),
    Operation(
        service="node",
        method="GET",
        path="/v1/admin/dead-letters",
        query=("state", "code", "issuer", "act", "limit", "cursor"),
    ),
    Operation(service="node", method="GET", path="/v1/admin/dead-letters/{letter}"),
    Operation(service="node", method="GET", path="/v1/admin/acts", query=("limit", "cursor")),
    Operation(service="node", method="GET", path="/vanbans/{doc_id}", client=NODE),
    Operation(service="node", method="PUT", path="/vanbans/{doc_id}", query=("status",), client=NODE),
    Operation(service="node", method="POST", path="/vxp/{operation}"),
    Operation(service="node", method="GET", path="/vxp/{operation}"),
    Operation(service="node", method="GET", path="/v1/admin/audit", query=("cursor", "deep")),
    Operation(service="node", method="GET", path="/v1/admin/audit/deliveries", query=("cursor", "limit", "delivery")),
    Operation(
        service="registry",
        method="GET",
        path="/v1/agencies",
        query=("q", "level", "parent", "status", "limit", "cursor"),
    ),
    Operation(service="registry", method="GET", path="/v1/agencies/{code}", query=("at",)),
    Operation(service="registry", method="GET", path="/v1/agencies/{code}/children", query=("at", "limit", "cursor")),
    Operation(service="registry", method="GET", path="/v1/agencies/{code}/history", query=("limit", "cursor")),
    Operation(service="registry", method="GET", path="/v1/reorganisations", query=("state", "limit", "cursor")),
    Operation(service="registry", method="GET", path="/v1/reorganisations/{id}"),
    Operation(service="registry", method="GET", path="/v1/reorganisations/{id}/file"),
    Operation(service="registry", method="GET", path="/v1/reorganisations/{id}/preview", query=("limit", "cursor")),
    Operation(service="registry", method="GET", path="/v1/nodes/{code}"),
    Operation(service="registry", method="GET", path="/v1/routes", query=("from", "to")),
    Operation(service="registry", method="GET", path="/v1/delegations", query=("agency",)),
    Operation(service="registry", method="PUT", path="/v1/delegations/{principal}/{delegate_code}"),
    Operation(service="registry", method="DELETE", path="/v1/delegations/{principal}/{delegate_code}"),
    Operation(service="registry", method="GET", path="/v1/clients", query=("limit", "cursor")),
    Operation(service="registry", method="GET", path="/v1/clients/{client_id}"),
    Operation(service="registry", method="DELETE", path="/v1/clients/{client_id}"),
    Operation(service="registry", method="GET", path="/v1/systems", query=("limit", "cursor")),
    Operation(service="registry", method="GET", path="/v1/systems/{system_id}"),
    Operation(service="registry", method="GET", path="/v1/nodes/{code}/systems"),
    Operation(service="signing", method="GET", path="/crl/{name}.crl"),
    Operation(service="signing", method="GET", path="/certs/{name}.crt"),
    Operation(service="signing", method="GET", path="/ocsp/{encoded}"),
    Operation(service="signing", method="GET", path="/v1/certificates", query=("agency", "limit", "cursor")),
    Operation(service="signing", method="GET", path="/v1/certificates/{serial}"),
    Operation(service="signing", method="GET", path="/v1/enrolments", query=("state", "limit", "cursor")),
    Operation(service="signing", method="GET", path="/v1/enrolments/{id}"),
    Operation(service="signing", method="GET", path="/v1/signatures", query=("limit", "cursor")),
)
"""With parameters in the path or the query; those without a body."""


class Asker:
    """Sends any bytes to any operation of a network, with a token that may."""

    def __init__(self, network: WholeNetwork) -> None:
        self._network = network
        self._services = {
            "node": (network.url(NODE), node_audience(NodeId(NODE))),
            "registry": (network.site.registry.url, REGISTRY_AUDIENCE),
            "signing": (network.site.signing.url, SIGNING_AUDIENCE),
        }

    async def ask(self, operation: Operation, target: str, **arguments: Any) -> httpx.Response:
        """The answer to one request; ``target`` is the path with its query, escaped."""
        base, audience = self._services[operation.service]
        token = await self._network.token(operation.client, audience)
        headers = {"Authorization": f"Bearer {token}", **arguments.pop("headers", {})}
        return await self._network.http.request(operation.method, base + target, headers=headers, **arguments)

    async def openapi(self, service: str) -> dict[str, Any]:
        """What the service says of itself."""
        answer = await self._network.http.get(f"{self._services[service][0]}/openapi.json")
        return dict(answer.json())


def spoilt_bodies(good: Mapping[str, Any]) -> Iterator[bytes]:
    """Bodies that are not what ``good`` is: no JSON, the wrong JSON, and each member replaced by odd values."""
    yield from (b"", b"null", b"[]", b'"x"', b"1e999", b"NaN", b"{", b"\xff\xfe{}", b"\x00", b'{"a":"\xed\xa0\x80"}')
    yield from (b"[" * DEEP, b'{"a":' * DEEP, b"[" * 400 + b"]" * 400, b"9" * 10_000)
    yield json.dumps({**good, "\ud800": 1}).encode("ascii")
    yield json.dumps({**good, "\x00": 1}).encode("ascii")
    for changed in _changed(good):
        yield json.dumps(changed).encode("ascii")


_ODD_TEXTS: Final = ("\x00", "x\x00y", "\ud800", "\udfff\ud800", "x" * 70_000, "", " ", "\u202e", "💥" * 300, "%00")
_ODD_OTHERS: Final[tuple[object, ...]] = (
    0,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    True,
    None,
    [],
    {},
    ["\x00"],
    [[]],
    {"\x00": "\x00"},
)


def _changed(good: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in good.items():
        for odd in (*_ODD_TEXTS, *_ODD_OTHERS):
            yield {**good, name: odd}
        if isinstance(value, Mapping):
            for inner in _changed(value):
                yield {**good, name: inner}
