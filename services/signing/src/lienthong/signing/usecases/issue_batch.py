"""Issue a batch of certificates on the machine that holds the keys, once a second person has approved it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import new_uuid
from lienthong.signing.domain.batches import Batch, BatchLine, missing
from lienthong.signing.domain.enrolment import Enrolment, EnrolmentId, EnrolmentKind, EnrolmentState, policy_at
from lienthong.signing.domain.records import Authority, CertificateRecord
from lienthong.signing.domain.requests import requested_key
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import ApprovalRequired, BatchBusy, EnrolmentDecided
from lienthong.signing.keys.handles import KeyHandle
from lienthong.signing.storage import batches, enrolments
from lienthong.signing.storage.certificates import add_certificates
from lienthong.signing.usecases.batch_files import BatchFolder, Issued
from lienthong.signing.usecases.init_ca import OPERATOR
from lienthong.signing.usecases.issue_certificate import certify
from lienthong.signing.usecases.resources import Resources

CHUNK = 200
"""Certificates of one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """What came of a line; ``error`` says why its file is not there."""

    line: BatchLine
    serial: str
    file: Path | None
    error: str = ""


async def require_approved(resources: Resources, batch: Batch, *, name: str) -> Enrolment:
    """The enrolment that approves the batch; one is made if there is none that anybody can still decide.

    Raises:
        ApprovalRequired: A second person must approve it; ``facts`` has the enrolment.
        EnrolmentDecided: It was rejected.
    """
    now = resources.clock()
    async with resources.database.begin() as connection:
        found = await enrolments.enrolment_of_batch(connection, batch.digest)
        if found is None or found.state(now) is EnrolmentState.EXPIRED:
            found = _enrolment(resources, batch, name)
            await enrolments.add_enrolment(connection, found)
    state = found.state(now)
    if state is EnrolmentState.REJECTED:
        raise EnrolmentDecided(f"The batch {batch.digest} was rejected; see /v1/enrolments/{found.id}.")
    if state is not EnrolmentState.APPROVED:
        raise ApprovalRequired(
            f"A second person approves the batch {batch.digest} ({len(batch.lines)} certificates) at "
            f"/v1/enrolments/{found.id}/approval; run this again then.",
            facts={"enrolment": found.id, "digest": batch.digest},
        )
    return found


async def issue_batch(
    resources: Resources,
    batch: Batch,
    approval: Enrolment,
    *,
    folder: BatchFolder,
    progress: Callable[[int], None],
) -> list[LineResult]:
    """Issues what is missing, and puts everything in its place. Killed at any moment, it goes on where it was.

    For each chunk:

    1. Certificates and keys are made; key files are written aside. A power cut here leaves files that nothing names.
    2. One transaction: the certificates, and which line each came of.
    3. The files go to their places. A power cut here, or at 2, is mended by the next run.

    ``progress`` is told how many lines were done.

    Raises:
        BatchBusy: Another run issues the same batch.
        KeyOffline, KeyStoreUnavailable: The keys or the disk are not at hand; what was issued stays.
    """
    issuer = await resources.issuing_authority()
    async with resources.database.read() as connection:
        issued = await batches.issued_of(connection, batch.digest)
    progress(len(issued))
    todo = missing(batch.lines, issued)
    for start in range(0, len(todo), CHUNK):
        made = await asyncio.to_thread(_make, resources, issuer, todo[start : start + CHUNK])
        await asyncio.to_thread(folder.stage, made, issuer)  # 1
        await _remember(resources, batch, approval, made)  # 2
        issued |= {one.line.line: one.record for one in made}
        await asyncio.to_thread(_place, folder, [one.line for one in made], issued, issuer)  # 3
        progress(len(made))
    return await asyncio.to_thread(_place, folder, batch.lines, issued, issuer)


def _enrolment(resources: Resources, batch: Batch, name: str) -> Enrolment:
    now = resources.clock()
    return Enrolment(
        id=EnrolmentId(new_uuid()),
        kind=EnrolmentKind.BATCH,
        subject=Subject(name=name),
        digest=batch.digest,
        certificates=len(batch.lines),
        requested_by=OPERATOR,
        requested_at=now,
        expires_at=now + policy_at(now).lifetime,
    )


def _make(resources: Resources, issuer: Authority, lines: Sequence[BatchLine]) -> list[Issued]:
    made = []
    for line in lines:
        handle = KeyHandle.generate() if line.csr is None else None
        key = handle.public_key if handle is not None else requested_key(line.csr or "", line.profile)
        record = certify(resources, issuer, (line.profile, line.subject), key=key, issued_by=OPERATOR)
        made.append(Issued(line=line, record=record, handle=handle))
    return made


async def _remember(resources: Resources, batch: Batch, approval: Enrolment, made: Sequence[Issued]) -> None:
    async with resources.database.begin() as connection:
        await enrolments.enrolment(connection, approval.id, for_update=True)
        if await batches.issued_of(connection, batch.digest, lines=[one.line.line for one in made]):
            raise BatchBusy("Another run issues this batch; wait for it, and run this again.")
        await add_certificates(connection, [one.record for one in made])
        await batches.add_issued(connection, batch.digest, {one.line.line: one.record.serial for one in made})


def _place(
    folder: BatchFolder, lines: Sequence[BatchLine], issued: dict[int, CertificateRecord], issuer: Authority
) -> list[LineResult]:
    issuer_pem = issuer.certificate.public_bytes(Encoding.PEM).decode()
    results = []
    for line in lines:
        record = issued[line.line]
        try:
            file, error = folder.place(line, record, issuer_pem), ""
        except LienthongError as refused:
            file, error = None, f"{refused.code}: {refused.detail}"
        results.append(LineResult(line=line, serial=record.serial, file=file, error=error))
    return results
