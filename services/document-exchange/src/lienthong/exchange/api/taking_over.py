"""Takes the body of a submission over, whatever form it has; its answer. Several endpoints are such a door."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fastapi import Request, Response

from lienthong.exchange.api.authorization import Caller
from lienthong.exchange.api.receiving import Limits, receive_draft, receive_package
from lienthong.exchange.api.uploaded import receive_uploaded
from lienthong.exchange.domain.amending import amending
from lienthong.exchange.domain.submission import Sender
from lienthong.exchange.errors import UnsupportedMediaType
from lienthong.exchange.factory import Factory
from lienthong.exchange.usecases.amended_documents import NamedOriginal
from lienthong.exchange.usecases.build_package import Draft
from lienthong.exchange.usecases.submit_document import Submission, Submitted, submit_document
from lienthong.exchange.usecases.submit_draft import DraftOrder, submit_draft
from lienthong.exchange.usecases.submit_upload import UploadOrder, submit_upload
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.identifiers import Sha256

MULTIPART: Final = "multipart/form-data"
JSON: Final = "application/json"
ACCEPTED: Final = (EDXML, ASICE, MULTIPART, JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a client asks for beside the body. ``key``: its Idempotency-Key; ``sign``: a package that is built here."""

    key: str | None
    sign: bool
    expires_at: datetime | None = None
    amends: NamedOriginal | None = None


async def take_over(request: Request, factory: Factory, caller: Caller, *, wishes: Wishes) -> Submitted:
    """Submits an edXML file, an ASiC-E container, an upload, or a header with files, of which a package is made.

    Raises:
        UnsupportedMediaType: It is none of them.
        LienthongError: What reading the body, :func:`submit_document` and :func:`submit_upload` raise.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in (EDXML, ASICE):
        return await _whole(request, factory, caller, media_type=media_type, wishes=wishes)
    if media_type == MULTIPART:
        return await _drafted(request, factory, caller, wishes=wishes)
    if media_type == JSON:
        return await _uploaded(request, factory, caller, wishes=wishes)
    raise UnsupportedMediaType(
        f"Send one of {', '.join(ACCEPTED)}, and say so in Content-Type.", facts={"accepted": list(ACCEPTED)}
    )


def taken_over(submitted: Submitted) -> Response:
    """201 with the receipt: the bytes that were made once and kept."""
    headers = {"Location": f"/v1/documents/{submitted.record.document_id}"}
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(submitted.record.body, status_code=201, media_type=JSON, headers=headers)


def sender_of(caller: Caller) -> Sender:
    """Who submits."""
    return Sender(client_id=caller.client_id, agency=caller.require_agency(None).code)


async def _whole(request: Request, factory: Factory, caller: Caller, *, media_type: str, wishes: Wishes) -> Submitted:
    with await receive_package(request, Limits.of(factory)) as spooled:
        submission = Submission(
            spooled=spooled,
            media_type=media_type,
            sender=sender_of(caller),
            key=wishes.key,
            request_sha256=spooled.sha256,
            expires_at=wishes.expires_at,
            amends=wishes.amends,
        )
        return await submit_document(submission, factory)


async def _drafted(request: Request, factory: Factory, caller: Caller, *, wishes: Wishes) -> Submitted:
    async with receive_draft(request, Limits.of(factory)) as draft:
        order = DraftOrder(
            draft=_amending(draft, wishes.amends),
            sender=sender_of(caller),
            sign=wishes.sign,
            key=wishes.key,
            expires_at=wishes.expires_at,
            amends=wishes.amends,
        )
        return await submit_draft(order, factory)


async def _uploaded(request: Request, factory: Factory, caller: Caller, *, wishes: Wishes) -> Submitted:
    sender = sender_of(caller)
    named = await receive_uploaded(request)
    order = UploadOrder(
        upload=named.upload,
        sha256=None if named.sha256 is None else Sha256(named.sha256),
        sender=sender,
        key=wishes.key,
        expires_at=wishes.expires_at,
        amends=wishes.amends,
    )
    return await submit_upload(order, factory)


def _amending(draft: Draft, named: NamedOriginal | None) -> Draft:
    if named is None:
        return draft
    return replace(draft, header=amending(draft.header, kind=named.kind, document_id=named.document_id))
