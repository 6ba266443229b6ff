"""``lienthong update`` and ``lienthong replace``."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.amending import Amended, How
from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.composing import compose_package, media_type_of
from lienthong.sdk.console import VIETNAM, print_json, print_table, progress_bar
from lienthong.sdk.errors import FileUnreadable, ProfileIncomplete
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.stamping import time_stamping
from lienthong.sdk.tables import submission_table
from lienthong.shared.edxml.model import (
    Business,
    BusinessType,
    Code,
    DocumentHeader,
    PromulgationInfo,
    ReplacementInfo,
)
from lienthong.shared.signatures.keys import LocalKey

UPDATE_HELP = """Send a new version of a document that you sent; its recipients answer 15 or 16.

Without --package the new files go out under the old document's header. They are attached as they are: sign PDFs before.

Example: [bold]lienthong update 0199c3… plan.pdf --reason "Sửa phụ lục II" --profile H28[/bold]
"""
REPLACE_HELP = """Send another document in the place of one that you sent.

Where nobody has claimed the first one, only the new one is in the inbox; elsewhere the recipient answers 15 or 16.

Example: [bold]lienthong replace 0199c3… plan.pdf --number 190 --reason "Thay thế Kế hoạch 181" --profile H28[/bold]
"""
Document = Annotated[str, typer.Argument(help="The earlier document's id on the platform.")]
Files = Annotated[list[Path] | None, typer.Argument(help="The new files.", exists=True, dir_okay=False)]
Reason = Annotated[str, typer.Option(help="Why, at most 1000 characters.")]
Subject = Annotated[str, typer.Option(help="Trích yếu; the earlier one's without.")]
Package = Annotated[Path | None, typer.Option(help="A ready edXML or ASiC-E file instead.", exists=True)]
Remote = Annotated[bool, typer.Option("--remote", help="The node builds and signs with the remote key.")]
Key = Annotated[str | None, typer.Option(help="Repeat a submission safely.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    amended: Amended
    files: Sequence[Path]
    package: Path | None
    reason: str
    subject: str
    number: str
    remote: bool
    idempotency_key: str | None
    quiet: bool


def update(
    document_id: Document,
    files: Files = None,
    *,
    reason: Reason = "",
    subject: Subject = "",
    package: Package = None,
    remote: Remote = False,
    idempotency_key: Key = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Updates a document."""
    order = _Order(
        amended=Amended(document_id=document_id, how=How.UPDATE),
        files=files or (),
        package=package,
        reason=reason,
        subject=subject,
        number="",
        remote=remote,
        idempotency_key=idempotency_key,
        quiet=as_json,
    )
    _run(load_profile(profile), order)


def replace(
    document_id: Document,
    files: Files = None,
    *,
    number: Annotated[str, typer.Option(help="Số of the new document: 190. Needed without --package.")] = "",
    reason: Reason = "",
    subject: Subject = "",
    package: Package = None,
    remote: Remote = False,
    idempotency_key: Key = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Replaces a document."""
    order = _Order(
        amended=Amended(document_id=document_id, how=How.REPLACE),
        files=files or (),
        package=package,
        reason=reason,
        subject=subject,
        number=number,
        remote=remote,
        idempotency_key=idempotency_key,
        quiet=as_json,
    )
    if package is None and not number:
        raise FileUnreadable("Give the new document's --number, or a ready package with --package.")
    _run(load_profile(profile), order)


def _run(profile: Profile, order: _Order) -> None:
    if order.package is None and not order.files:
        raise FileUnreadable("Give the new files, or a ready package with --package.")
    submission = asyncio.run(_send(profile, order))
    if order.quiet:
        print_json(submission)
        return
    print_table(submission_table(submission))
    typer.echo(f"What comes of it: lienthong track {order.amended.document_id}")


async def _send(profile: Profile, order: _Order) -> models.Submission:
    async with profile.client() as client:
        if order.package is not None:
            return await _submit(client, order.package, order)
        at = datetime.now(VIETNAM)
        header = amended_header(await client.document(order.amended.document_id), order, at=at)
        if order.remote:
            with progress_bar("Sending", hidden=order.quiet) as progress:
                return await client.submit_files(
                    header,
                    order.files,
                    amends=order.amended,
                    idempotency_key=order.idempotency_key,
                    progress=progress,
                )
        with tempfile.TemporaryDirectory() as folder:
            built = Path(folder) / "package.edxml"
            await asyncio.to_thread(_build, profile, order, header, out=built, at=at)
            return await _submit(client, built, order)


async def _submit(client: LienthongClient, package: Path, order: _Order) -> models.Submission:
    with progress_bar("Sending", hidden=order.quiet) as progress:
        return await client.submit(
            package,
            media_type=media_type_of(package),
            amends=order.amended,
            idempotency_key=order.idempotency_key,
            progress=progress,
        )


def amended_header(earlier: models.Document, order: _Order, *, at: datetime) -> DocumentHeader:
    """The earlier document's header, with what is new and what it does to the earlier one."""
    header = DocumentHeader.model_validate(earlier.header)
    changes: dict[str, object] = {"trace": (), "subject": order.subject or header.subject}
    if order.amended.how is How.UPDATE:
        kind, date = BusinessType.UPDATE, header.promulgation_info.promulgation_date
        changes["business"] = Business(business_type=kind, reason=order.reason, document_id=header.document_id)
    else:
        date = at.strftime("%Y/%m/%d")
        replaced = (ReplacementInfo(document_id=header.document_id),)
        changes["business"] = Business(
            business_type=BusinessType.REPLACE, reason=order.reason, replacement_infos=replaced
        )
        notation = header.code.code_notation
        changes["code"] = Code(code_number=order.number, code_notation=notation)
        changes["document_id"] = f"{header.from_.organ_id},{date},{order.number}/{notation}"
    changes["promulgation_info"] = PromulgationInfo(place=header.promulgation_info.place, promulgation_date=date)
    return header.model_copy(update=changes)


def _build(profile: Profile, order: _Order, header: DocumentHeader, *, out: Path, at: datetime) -> None:
    if profile.p12 is None or profile.p12_password is None:
        raise ProfileIncomplete("No signing key in the profile: let the node sign with --remote.")
    key = LocalKey.load(profile.p12, profile.p12_password.get_secret_value())
    stamp = time_stamping(profile.tsa_url) if profile.tsa_url else None
    compose_package(header, order.files, out, key=key, at=at, stamp=stamp)
