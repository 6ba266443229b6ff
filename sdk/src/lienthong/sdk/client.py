"""The asynchronous client of one node and of the registry."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from pydantic import TypeAdapter

from lienthong.sdk import models
from lienthong.sdk.amending import Amended, signing
from lienthong.sdk.bodies import Body, Progress, multipart
from lienthong.sdk.downloads import Download
from lienthong.sdk.node_calls import NodeCalls
from lienthong.sdk.paging import items, parameters
from lienthong.sdk.transport import Call
from lienthong.sdk.uploads import Upload, UploadedFile, reading_time
from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.edxml.model import BusinessStatus, DocumentHeader, StaffInfo

_IDENTITY = {"Accept-Encoding": "identity"}
"""Packages are read byte for byte; a compressed transfer could not resume."""
EVIDENCE_TIME = timedelta(minutes=2)
"""How much longer than others a node may take to begin: it asks all nodes of a journey first."""
_TIMELINE = TypeAdapter(tuple[models.TimelineEntry, ...])
_CLAIMS = TypeAdapter(tuple[models.Claim, ...])


class LienthongClient(NodeCalls):
    """Sends, receives and follows documents on one node; use it as an ``async with`` block.

    Every call may be repeated without harm and is: with doubling pauses, or after what Retry-After asks for.
    All methods raise :class:`.ProblemError` when the service refuses, :class:`.ServiceUnreachable` when it is away.
    """

    # Sending

    async def submit(
        self,
        package: Path | bytes,
        *,
        media_type: str,
        expires_at: datetime | None = None,
        amends: Amended | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> models.Submission:
        """Submits a ready package, streamed from disk. ``expires_at``, aware: until when it may be claimed.

        ``amends``: the package updates or replaces that document, and says so itself.
        Without an ``idempotency_key`` its digest is the key. A large file is uploaded first, and resumes.
        """
        body = Body.of([package], content_type=media_type)
        is_large = isinstance(package, Path) and body.length >= self._transport.options.upload_from_bytes
        sha256 = "" if idempotency_key and not is_large else await body.sha256()
        key = idempotency_key or f"sha256:{sha256}"
        if not isinstance(package, Path) or not is_large:
            call = await self._submission(body, amends=amends, idempotency_key=key, expires_at=expires_at)
            return await self._submit(call, body, progress=progress)
        file = UploadedFile(path=package, size=body.length, sha256=sha256, media_type=media_type)
        upload = Upload(self._transport, self._node_url, file, audience=node_audience(await self.node()))
        named = Body.of([await upload.run(progress=progress)], content_type="application/json")
        call = await self._submission(named, amends=amends, idempotency_key=key, expires_at=expires_at)
        submission = await self._submit(call, named, read_bytes=file.size)
        upload.forget()
        return submission

    async def submit_files(
        self,
        header: DocumentHeader,
        files: Sequence[Path],
        *,
        sign: bool = True,
        expires_at: datetime | None = None,
        amends: Amended | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> models.Submission:
        """Submits header and files; the node builds the package and signs it with the agency's remote key.

        ``amends``: they update or replace that document; the node writes so into the header.
        Without an ``idempotency_key`` every call is a submission of its own.
        """
        key = idempotency_key or str(uuid4())
        body = multipart(header.model_dump(mode="json", by_alias=True, exclude_none=True), files)
        call = await self._submission(body, amends=amends, idempotency_key=key, expires_at=expires_at)
        return await self._submit(replace(call, params=signing(sign=sign)), body, progress=progress)

    async def recall(
        self,
        document_id: str,
        reason: str,
        *,
        recipients: Sequence[str] | None = None,
        sign: bool = True,
        idempotency_key: str | None = None,
    ) -> models.Submission:
        """Asks a document back, from all or some of its recipients. Every call without a key asks anew."""
        body = {"reason": reason, "recipients": list(recipients) if recipients else None}
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        response = await self._post(
            f"/v1/documents/{document_id}/recall", body, headers=headers, params=signing(sign=sign)
        )
        return models.Submission.model_validate_json(response.content)

    async def _submission(
        self, body: Body, *, amends: Amended | None, idempotency_key: str, expires_at: datetime | None
    ) -> Call:
        headers = {
            "Content-Type": body.content_type,
            "Content-Length": str(body.length),
            "Idempotency-Key": idempotency_key,
        }
        if expires_at is not None:
            headers["Lienthong-Expires"] = expires_at.isoformat()
        return await self._call("POST", amends.path if amends else "/v1/documents", headers=headers)

    async def _submit(
        self, call: Call, body: Body, *, progress: Progress | None = None, read_bytes: int = 0
    ) -> models.Submission:
        patient = replace(call, extra_time=reading_time(max(body.length, read_bytes)))
        response = await self._transport.send(replace(patient, content=lambda: body.stream(progress)))
        submission = models.Submission.model_validate_json(response.content)
        return submission.model_copy(update={"replayed": response.headers.get("idempotency-replayed") == "true"})

    async def post_status(
        self,
        document_id: str,
        status: BusinessStatus,
        *,
        description: str = "",
        staff: StaffInfo | None = None,
        agency: str | None = None,
        idempotency_key: str | None = None,
    ) -> models.Submission:
        """Answers a received document with a business status; a recall, update or replacement of it with 15 or 16."""
        body = {
            "code": status.value,
            "description": description,
            "staff": staff.model_dump() if staff else None,
            "agency": agency,
        }
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        response = await self._post(f"/v1/documents/{document_id}/statuses", body, headers=headers)
        return models.Submission.model_validate_json(response.content)

    # Reading

    def documents(self, *, kind: str | None = None, agency: str | None = None) -> AsyncIterator[models.DocumentSummary]:
        """The documents that the caller's agencies sent, page by page behind the scenes."""
        return self._items("/v1/documents", models.DocumentSummary, params=parameters(kind=kind, agency=agency))

    async def document(self, document_id: str) -> models.Document:
        """Everything the node says of a document that the caller sent or received."""
        response = await self._get(f"/v1/documents/{document_id}")
        return models.Document.model_validate_json(response.content)

    async def timeline(self, document_id: str) -> tuple[models.TimelineEntry, ...]:
        """What happened to a document, in time order."""
        response = await self._get(f"/v1/documents/{document_id}/timeline")
        return _TIMELINE.validate_python(response.json()["items"])

    async def download_package(
        self, document_id: str, out: Path, *, sha256: str | None = None, progress: Progress | None = None
    ) -> str:
        """The exact bytes that the sender submitted, into ``out``; resumes after a break. Gives their SHA-256."""
        call = await self._call("GET", f"/v1/documents/{document_id}/package", headers=_IDENTITY)
        return await Download(self._transport, call, out=out, progress=progress).run(sha256=sha256)

    async def download_evidence(self, document_id: str, out: Path, *, progress: Progress | None = None) -> str:
        """The evidence file of a document, made now and written to ``out``. Gives its SHA-256."""
        call = await self._call("GET", f"/v1/documents/{document_id}/evidence", headers=_IDENTITY)
        call = replace(call, extra_time=EVIDENCE_TIME)
        return await Download(self._transport, call, out=out, progress=progress).run()

    async def download_attachment(
        self, document_id: str, n: int, out: Path, *, sha256: str | None = None, progress: Progress | None = None
    ) -> str:
        """Attachment ``n`` (1 is the first), decoded, into ``out``. Gives its SHA-256."""
        call = await self._call("GET", f"/v1/documents/{document_id}/attachments/{n}", headers=_IDENTITY)
        return await Download(self._transport, call, out=out, progress=progress).run(sha256=sha256)

    # Receiving

    def inbox(
        self, *, agency: str | None = None, kind: str | None = None, wait: timedelta = timedelta()
    ) -> AsyncIterator[models.InboxItem]:
        """What waits for the caller's agencies, not claimed thereby. ``wait``: stay until something comes, ≤ 60 s."""
        params = parameters(agency=agency, kind=kind, wait=int(wait.total_seconds()) or None)
        return self._items("/v1/inbox", models.InboxItem, params=params, extra_time=wait)

    async def claim(
        self,
        *,
        agency: str | None = None,
        kind: str | None = None,
        limit: int = 10,
        lease: timedelta = timedelta(minutes=5),
    ) -> tuple[models.Claim, ...]:
        """Takes at most ``limit`` deliveries under a lease. What an answer lost on its way held comes again later."""
        body = {"agency": agency, "kind": kind, "limit": limit, "lease_seconds": int(lease.total_seconds())}
        response = await self._post("/v1/inbox/claims", body)
        return _CLAIMS.validate_python(response.json()["claims"])

    async def acknowledge(
        self, claim: models.Claim, *, done: bool = True, description: str = ""
    ) -> models.Acknowledged:
        """Says that the recipient's system has taken the delivery, or (``done=False``) cannot, and why."""
        body = {
            "lease_token": claim.lease_token,
            "result": "done" if done else "fail",
            "description": description,
        }
        response = await self._post(f"/v1/deliveries/{claim.delivery_id}/acknowledgement", body)
        return models.Acknowledged.model_validate_json(response.content)

    # The directory

    def agencies(self, query: str = "") -> AsyncIterator[models.Agency]:
        """Agencies by name (with or without diacritics) or by either code."""
        call = Call(
            method="GET",
            url=f"{self._registry_url}/v1/agencies",
            params=parameters(q=query or None),
        )
        return items(self._transport, call, model=models.Agency)

    async def agency(self, code: str, *, at: str | None = None) -> models.Agency:
        """One agency, by either code, closed or not; ``at``: as it was at a date (in Vietnam) or a time."""
        url = f"{self._registry_url}/v1/agencies/{quote(code, safe='')}"
        call = Call(method="GET", url=url, params=parameters(at=at))
        return models.Agency.model_validate_json((await self._transport.send(call)).content)
