"""What everybody may read without a token: the trust list, revocation lists, certificates of the authorities."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response, status

from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing.api.access import WithResources
from lienthong.signing.domain.records import AuthorityName
from lienthong.signing.errors import AuthorityUnknown, KeyOffline, KeyStoreUnavailable, NotInitialised
from lienthong.signing.usecases.trust_list import authority_certificate, current_crl, published_trust_list

router = APIRouter(tags=["publication"])

MAX_AGE = timedelta(minutes=5)
"""How long caches may keep a list: a revocation is told after this time at the latest."""
JOSE = "application/jose"
"""Source: RFC 7515 section 9.2.1."""
CRL_MEDIA_TYPE = "application/pkix-crl"
"""Source: RFC 2585 section 4.2."""
CERTIFICATE_MEDIA_TYPE = "application/pkix-cert"
"""Source: RFC 2585 section 4.1."""

Name = Annotated[
    AuthorityName, Path(pattern=r"^[a-z0-9-]{1,64}$", description="As in certificates", examples=["issuing-1"])
]
IfNoneMatch = Annotated[str | None, Header()]


@router.get(
    "/v1/trust-list",
    summary="Trust material for nodes, sealed",
    response_class=Response,
    responses={
        200: {
            "description": "Compact JWS of type lienthong-trust-list+jws; the ETag names its version",
            "content": {JOSE: {"schema": {"type": "string"}, "example": "eyJhbGciOiJFUzI1NiIsInR5cCI6…"}},
        },
        304: {"description": "The list that If-None-Match names is still the newest"},
        **problem_responses(NotInitialised, KeyOffline, KeyStoreUnavailable),
    },
)
async def trust_list(resources: WithResources, if_none_match: IfNoneMatch = None) -> Response:
    """Root, issuing authorities, the newest CRL of each, and external authorities with their constraints.

    Its version grows with every change. Holders check the seal and every certificate up to the root that they were
    configured with, and take no version below the one that they hold.
    """
    published = await published_trust_list(resources)
    headers = {"ETag": f'"{published.version}"', "Cache-Control": _cache_control()}
    if _names(if_none_match, headers["ETag"]):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(published.jws, media_type=JOSE, headers=headers)


@router.get(
    "/crl/{name}.crl",
    summary="Newest revocation list of an authority",
    response_class=Response,
    responses={
        200: {"content": {CRL_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "The caller has the newest list"},
        **problem_responses(AuthorityUnknown, InvalidRequest),
    },
)
async def crl(name: Name, resources: WithResources, if_none_match: IfNoneMatch = None) -> Response:
    """DER, as relying parties fetch it from the address in a certificate (RFC 5280)."""
    found = await current_crl(resources, name)
    etag = f'"{name}-{found.number}"'
    headers = {"ETag": etag, "Cache-Control": _cache_control()}
    if _names(if_none_match, etag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(found.der, media_type=CRL_MEDIA_TYPE, headers=headers)


@router.get(
    "/certs/{name}.crt",
    summary="Certificate of an authority",
    response_class=Response,
    responses={
        200: {"content": {CERTIFICATE_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        **problem_responses(AuthorityUnknown, InvalidRequest),
    },
)
async def certificate(name: Name, resources: WithResources) -> Response:
    """DER, as relying parties fetch it from the address in a certificate (RFC 5280)."""
    der = await authority_certificate(resources, name)
    return Response(der, media_type=CERTIFICATE_MEDIA_TYPE, headers={"Cache-Control": "public, max-age=86400"})


def _names(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and etag in (tag.strip() for tag in if_none_match.split(","))


def _cache_control() -> str:
    return f"public, max-age={int(MAX_AGE.total_seconds())}"
