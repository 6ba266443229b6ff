"""The log of signatures made with remote keys."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import Field

from lienthong.shared.identifiers import Sha256
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing.api.access import TOKEN_PROBLEMS, AnyCaller, WithResources
from lienthong.signing.api.shapes import SERIAL_EXAMPLE, Shape
from lienthong.signing.domain.records import Serial
from lienthong.signing.domain.signature_log import SignatureEntry
from lienthong.signing.usecases.signature_log import page_of_signatures

router = APIRouter(prefix="/v1/signatures", tags=["signatures"])


class SignatureEntryShape(Shape):
    """One signature that was asked for."""

    id: str = Field(examples=["01900000-0000-7000-8000-000000000000"])
    at: datetime
    caller: str = Field(description="Subject of the token", examples=["e-office.H28.31.05"])
    agency: str = Field(examples=["H28.31.05"])
    officer: str | None = Field(description="None: the agency's seal")
    serial: Serial | None = Field(description="Of the key's certificate", examples=[SERIAL_EXAMPLE])
    format: str = Field(examples=["raw"])
    digest: Sha256 = Field(description="SHA-256 of what was sent to be signed, hexadecimal")
    outcome: str = Field(description="'signed', or the code of the problem", examples=["signed"])

    @classmethod
    def of(cls, entry: SignatureEntry) -> "SignatureEntryShape":
        """From the domain's."""
        order = entry.order
        return cls(
            id=entry.id,
            at=entry.at,
            caller=entry.caller,
            agency=order.agency,
            officer=order.officer or None,
            serial=entry.serial,
            format=order.format,
            digest=order.digest,
            outcome=entry.outcome,
        )


class SignaturePage(Shape):
    """One page of the log in the order of time."""

    items: list[SignatureEntryShape]
    next: str | None = Field(description="'cursor' of the next page")


@router.get(
    "",
    summary="The log of signatures",
    responses=problem_responses(*TOKEN_PROBLEMS, CursorInvalid, InvalidRequest),
)
async def listing(
    request: Request,
    response: Response,
    caller: AnyCaller,
    *,
    resources: WithResources,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> SignaturePage:
    """An agency reads what was signed or refused in its name, a node what it asked for, an operator everything."""
    found, following = await page_of_signatures(resources, limit=limit, cursor=cursor, caller=caller)
    link_next(request, response, following)
    return SignaturePage(items=[SignatureEntryShape.of(one) for one in found], next=following)
