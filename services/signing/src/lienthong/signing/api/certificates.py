"""Certificates: issued for a request, read, listed, revoked."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response, status
from fastapi.responses import JSONResponse

from lienthong.shared.body_limit import RequestTooLarge
from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode
from lienthong.shared.paging import CursorInvalid, PageCursor, PageLimit, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.signing import errors
from lienthong.signing.api.access import TOKEN_PROBLEMS, AnyCaller, Issuer, Revoker, WithResources
from lienthong.signing.api.shapes import (
    CODE_PATTERN,
    CertificatePage,
    CertificateRequest,
    CertificateShape,
    RenewalOrder,
    RevocationRequest,
)
from lienthong.signing.domain.records import Serial
from lienthong.signing.usecases.issue_certificate import issue_certificate
from lienthong.signing.usecases.read_certificates import page_of_certificates, read_certificate
from lienthong.signing.usecases.renew_certificate import renew_certificate
from lienthong.signing.usecases.revoke_certificate import revoke_certificate

router = APIRouter(prefix="/v1/certificates", tags=["certificates"])

PEM_MEDIA_TYPE = "application/pem-certificate-chain"
"""Source: RFC 8555 section 9.1."""
SERIAL_DIGITS = 40
SerialPath = Annotated[
    str,
    Path(
        pattern=r"^[0-9A-Fa-f]{1,40}$",
        description="Hexadecimal, as 'openssl x509 -serial' prints it",
        examples=["44c0b48bd6a03a6fc94ffdf99d5ccda0016c24b4"],
    ),
]
AgencyQuery = Annotated[str | None, Query(max_length=MAX_CODE_LENGTH, pattern=CODE_PATTERN)]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Issue a certificate for a request",
    responses=problem_responses(
        *TOKEN_PROBLEMS,
        InvalidRequest,
        RequestTooLarge,
        errors.CSRInvalid,
        errors.KeyNotAllowed,
        errors.SubjectInvalid,
        errors.ProofOfPossessionInvalid,
        errors.ProfileNotAllowed,
        errors.ApprovalRequired,
        errors.NotInitialised,
    ),
)
async def issue(
    order: CertificateRequest, caller: Issuer, resources: WithResources, response: Response
) -> CertificateShape:
    """What takes no second person: nodes' seals for an operator. All else is asked for at ``/v1/enrolments``.

    Names and extensions inside the CSR are not looked at.
    """
    record = await issue_certificate(
        resources, order.csr, order.profile, subject=order.subject.subject(), caller=caller
    )
    response.headers["Location"] = f"{router.prefix}/{record.serial}"
    return CertificateShape.of(record)


@router.get("", summary="Certificates", responses=problem_responses(*TOKEN_PROBLEMS, CursorInvalid, InvalidRequest))
async def listing(
    request: Request,
    response: Response,
    _caller: AnyCaller,
    *,
    resources: WithResources,
    agency: AgencyQuery = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CertificatePage:
    """In the order of issue; with ``agency``, only that agency's and its officers'."""
    code = AgencyCode(agency) if agency else None
    records, following = await page_of_certificates(resources, agency=code, limit=limit, cursor=cursor)
    link_next(request, response, following)
    return CertificatePage(items=[CertificateShape.of(record) for record in records], next=following)


@router.get(
    "/{serial}",
    summary="One certificate",
    response_model=CertificateShape,
    responses={
        200: {"content": {PEM_MEDIA_TYPE: {"schema": {"type": "string"}}}},
        **problem_responses(*TOKEN_PROBLEMS, errors.CertificateUnknown, InvalidRequest),
    },
)
async def one(
    serial: SerialPath, _caller: AnyCaller, resources: WithResources, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """JSON with its state; with ``Accept: application/pem-certificate-chain`` the certificate and its issuer's."""
    record, issuer_pem = await read_certificate(resources, _serial(serial))
    if PEM_MEDIA_TYPE in accept:
        return Response(record.pem + issuer_pem, media_type=PEM_MEDIA_TYPE)
    return JSONResponse(CertificateShape.of(record).model_dump(mode="json"))


@router.post(
    "/{serial}/renewal",
    status_code=status.HTTP_201_CREATED,
    summary="Renew a certificate with its own key",
    responses={
        200: {"model": CertificateShape, "description": "It was renewed before, for that very key"},
        **problem_responses(
            InvalidRequest,
            RequestTooLarge,
            errors.CertificateUnknown,
            errors.RenewalProofInvalid,
            errors.RenewalNotPossible,
            errors.AlreadyRenewed,
            errors.CSRInvalid,
            errors.KeyNotAllowed,
            errors.ProofOfPossessionInvalid,
            errors.KeyOffline,
        ),
    },
)
async def renew(
    serial: SerialPath, order: RenewalOrder, resources: WithResources, *, response: Response
) -> CertificateShape:
    """The same subject and profile for the time to come. The old key's signature authorises it; no token is needed.

    In the last third of the certificate's time, not after it, and not once it is revoked.
    """
    record, created = await renew_certificate(resources, _serial(serial), order.request)
    response.headers["Location"] = f"{router.prefix}/{record.serial}"
    if not created:
        response.status_code = status.HTTP_200_OK
    return CertificateShape.of(record)


@router.post(
    "/{serial}/revocation",
    summary="Revoke a certificate",
    responses=problem_responses(
        *TOKEN_PROBLEMS,
        InvalidRequest,
        RequestTooLarge,
        errors.CertificateUnknown,
        errors.RevocationNotAllowed,
        errors.RevocationConflict,
        errors.RevocationTimeInvalid,
        errors.KeyOffline,
    ),
)
async def revoke(
    serial: SerialPath, order: RevocationRequest, caller: Revoker, *, resources: WithResources
) -> CertificateShape:
    """The next CRL, with this certificate on it, is published before the answer. Repeating it changes nothing."""
    record = await revoke_certificate(
        resources, _serial(serial), order.reason, effective_at=order.effective_at, caller=caller
    )
    return CertificateShape.of(record)


def _serial(text: str) -> Serial:
    return Serial(text.lower().zfill(SERIAL_DIGITS))
