"""Reading documents: lists, one document, its bytes, its attachments, what happened to it."""

from fastapi import APIRouter, Request, Response

from lienthong.exchange.api.authorization import Caller, Reader, WithFactory
from lienthong.exchange.api.downloads import (
    DOWNLOAD_RESPONSES,
    EVIDENCE_RESPONSES,
    RANGE_RESPONSES,
    send_attachment,
    send_evidence,
    send_package,
)
from lienthong.exchange.api.models import CodeText, DocumentAnswer, SummaryPage
from lienthong.exchange.api.parameters import AttachmentNumber, NamedDocument
from lienthong.exchange.api.positions import sent_cursor, sent_position
from lienthong.exchange.api.presenting import shown_document, shown_entry, shown_summary
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.api.timeline_models import Timeline
from lienthong.exchange.domain.listings import SentQuery
from lienthong.exchange.domain.retention import PackageExpired
from lienthong.exchange.domain.visibility import Viewer
from lienthong.exchange.errors import DocumentNotFound, EvidenceTooMuch, TrustListMissing
from lienthong.exchange.usecases.export_evidence import export_evidence
from lienthong.exchange.usecases.list_documents import list_documents
from lienthong.exchange.usecases.open_attachment import AttachmentNotFound, open_attachment
from lienthong.exchange.usecases.open_package import open_package
from lienthong.exchange.usecases.read_document import read_document
from lienthong.exchange.usecases.read_timeline import read_timeline
from lienthong.shared.blobs import BlobMissing, BlobStoreUnavailable
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.disk_space import InsufficientStorage
from lienthong.shared.paging import DEFAULT_PAGE, CursorInvalid, PageCursor, PageLimit, link_next
from lienthong.shared.problems import InvalidRequest, problem_responses
from lienthong.shared.spooling import SpoolUnavailable

router = APIRouter(prefix="/v1/documents", tags=["documents"])

READING = (*CALLER_ERRORS, DocumentNotFound)
BLOBS = (BlobMissing, PackageExpired, BlobStoreUnavailable)


def viewer_of(caller: Caller) -> Viewer:
    """The caller as somebody who looks at this node's documents."""
    return Viewer(node=caller.node, agencies=frozenset(caller.agencies()))


@router.get(
    "", summary="List what was sent", responses=problem_responses(*CALLER_ERRORS, CursorInvalid, InvalidRequest)
)
async def list_sent(
    request: Request,
    response: Response,
    *,
    factory: WithFactory,
    caller: Reader,
    agency: CodeText | None = None,
    kind: DocumentKind | None = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> SummaryPage:
    """What your agencies sent through this node, the newest first."""
    agencies, after = caller.agencies(agency), sent_position(cursor)
    query = SentQuery(here=caller.node, agencies=agencies, kind=kind, limit=limit, after=after)
    page = await list_documents(query, factory)
    following = sent_cursor(page)
    link_next(request, response, following)
    return SummaryPage(items=tuple(shown_summary(item, caller.directory) for item in page.items), next=following)


@router.get("/{document}", summary="Read a document", responses=problem_responses(*READING))
async def read(document: NamedDocument, *, factory: WithFactory, caller: Reader) -> DocumentAnswer:
    """Everything that the package says, this node's verdict on its signatures, and how its deliveries stand.

    The sender sees every delivery, a recipient its own. For everybody else the document does not exist.
    """
    seen = await read_document(document, factory, viewer=viewer_of(caller))
    return shown_document(seen, await seen.content(), caller.directory)


@router.get(
    "/{document}/package",
    summary="Download the package",
    response_class=Response,
    responses={**RANGE_RESPONSES, **problem_responses(*READING, *BLOBS)},
)
async def package(document: NamedDocument, request: Request, *, factory: WithFactory, caller: Reader) -> Response:
    """The package, byte for byte as its sender submitted it. Takes ``Range``, so a broken download can go on."""
    opened = await open_package(document, factory, viewer=viewer_of(caller))
    return await send_package(request, opened, hop=caller.node)


@router.get(
    "/{document}/attachments/{n}",
    summary="Download an attachment",
    response_class=Response,
    responses={**DOWNLOAD_RESPONSES, **problem_responses(*READING, *BLOBS, AttachmentNotFound, InvalidRequest)},
)
async def attachment(
    document: NamedDocument, n: AttachmentNumber, request: Request, *, factory: WithFactory, caller: Reader
) -> Response:
    """One attachment, decoded and unwrapped, with its true name and the type that its bytes show."""
    opened = await open_attachment(document, n, process=factory, viewer=viewer_of(caller))
    return await send_attachment(request, opened)


@router.get("/{document}/timeline", summary="Read what happened", responses=problem_responses(*READING))
async def timeline(document: NamedDocument, *, factory: WithFactory, caller: Reader) -> Timeline:
    """What happened to the document: sealed evidence of the nodes, and what the recipients' people did."""
    happened = await read_timeline(document, factory, viewer=viewer_of(caller))
    return Timeline(items=tuple(shown_entry(entry, caller.node) for entry in happened))


@router.get(
    "/{document}/evidence",
    summary="Download the evidence file",
    response_class=Response,
    responses={
        **EVIDENCE_RESPONSES,
        **problem_responses(
            *READING, *BLOBS, EvidenceTooMuch, SpoolUnavailable, InsufficientStorage, TrustListMissing, InvalidRequest
        ),
    },
)
async def evidence(
    document: NamedDocument, *, factory: WithFactory, caller: Reader, recipient: CodeText | None = None
) -> Response:
    """One ASiC-E with all that proves the journey, made now; `lienthong verify` judges it offline with the root alone.

    The package, the validation report, the evidence of every node with its place in that node's log, checkpoints with
    their witnesses, time stamps, certificates, revocation data; the sender gets what concerns every recipient, or the
    one that is named. While a log is not time-stamped and witnessed yet, or a node away, `Evidence-Complete` is
    `false` and `Retry-After` says when to ask again.
    """
    named = caller.directory.agency(recipient) if recipient is not None else None
    code = named.code if named else recipient
    return send_evidence(await export_evidence(document, factory, viewer=viewer_of(caller), recipient=code))
