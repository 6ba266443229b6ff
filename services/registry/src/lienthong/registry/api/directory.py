"""``/v1/directory/snapshot``: what nodes keep locally. Its seal protects it, so reading needs no token."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from lienthong.registry.api.dependencies import FactoryDependency
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.problems import problem_responses

JOSE = "application/jose"
"""Source: RFC 7515 section 9.2.1."""

router = APIRouter(prefix="/v1/directory", tags=["directory"])


@router.get(
    "/snapshot",
    summary="The sealed directory",
    response_class=Response,
    responses={
        200: {
            "description": "Compact JWS of type lienthong-directory+jws; the ETag names its version",
            "content": {JOSE: {"schema": {"type": "string"}, "example": "eyJhbGciOiJFUzI1NiIsInR5cCI6…"}},
        },
        304: {"description": "The snapshot that If-None-Match names is still the newest"},
        **problem_responses(DatabaseUnavailable),
    },
)
async def read_snapshot(
    factory: FactoryDependency, if_none_match: Annotated[str | None, Header(max_length=500)] = None
) -> Response:
    """Ask again with ``If-None-Match``. A new one comes with each change, and when half of its life has gone."""
    named = {tag.strip().removeprefix("W/").strip('"') for tag in (if_none_match or "").split(",")}
    tag = await factory.publisher.current_tag()
    if named & {tag, "*"}:
        return Response(status_code=304, headers={"ETag": f'"{tag}"'})
    published = await factory.publisher.published()
    headers = {"ETag": f'"{published.tag}"', "Cache-Control": "no-cache"}
    return Response(published.jws, media_type=JOSE, headers=headers)
