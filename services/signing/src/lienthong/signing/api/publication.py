"""What everybody may read without a token: the trust list, revocation lists, certificates of the authorities."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response, status

from lienthong.shared.contracts.trust import TrustList
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing.api.access import WithResources
from lienthong.signing.domain.records import AuthorityName
from lienthong.signing.errors import AuthorityUnknown, NotInitialised
from lienthong.signing.usecases.trust_list import authority_certificate, current_crl, current_trust_list

router = APIRouter(tags=["publication"])

MAX_AGE = timedelta(minutes=5)
"""How long caches may keep a list: a revocation is told after this time at the latest."""
CRL_MEDIA_TYPE = "application/pkix-crl"
"""Source: RFC 2585 section 4.2."""
CERTIFICATE_MEDIA_TYPE = "application/pkix-cert"
"""Source: RFC 2585 section 4.1."""

Name = Annotated[
    AuthorityName, Path(pattern=r"^[a-z0-9-]{1,64}$", description="As in certificates", examples=["issuing-1"])
]
IfNoneMatch = Annotated[str | None, Header()]


@router.get("/v1/trust-list", summary="Trust material for nodes", responses=problem_responses(NotInitialised))
async def trust_list(resources: WithResources, response: Response) -> TrustList:
    """Root, issuing authorities, and the newest CRL of each.

    Holders check every certificate up to the root that they were configured with.
    """
    response.headers["Cache-Control"] = _cache_control()
    return await current_trust_list(resources)


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
    if if_none_match is not None and etag in (tag.strip() for tag in if_none_match.split(",")):
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


def _cache_control() -> str:
    return f"public, max-age={int(MAX_AGE.total_seconds())}"
