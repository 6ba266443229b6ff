"""The body of ``POST /v1/documents`` that names an upload instead of bringing a package."""

from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import Field, ValidationError

from lienthong.exchange.api.models import Shape
from lienthong.exchange.api.parameters import UUID
from lienthong.exchange.api.receiving import pieces_of
from lienthong.exchange.errors import SubmissionMalformed
from lienthong.shared.body_limit import RequestTooLarge

MAX_BODY_BYTES: Final = 4096
"""Of the JSON; ours has 150."""
UPLOADED: Final[dict[str, Any]] = {
    "upload": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c13",
    "sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
}


class UploadedPackage(Shape):
    """A complete upload of the caller's."""

    upload: Annotated[str, Field(pattern=f"^{UUID.pattern}$", description="The last part of its address")]
    sha256: Annotated[
        str | None, Field(pattern="^[0-9a-f]{64}$", description="What the bytes must be; other bytes are refused")
    ] = None


async def receive_uploaded(request: Request) -> UploadedPackage:
    """The body. Raises :class:`SubmissionMalformed`, :class:`RequestTooLarge`."""
    body = b""
    async for piece in pieces_of(request):
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise RequestTooLarge("The JSON body is too long.", facts={"limit_bytes": MAX_BODY_BYTES})
    try:
        return UploadedPackage.model_validate_json(body)
    except ValidationError as error:
        raise SubmissionMalformed('Send JSON such as {"upload": "<id>"}.') from error
