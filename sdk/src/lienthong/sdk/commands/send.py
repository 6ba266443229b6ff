"""``lienthong send``."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lienthong.sdk import models
from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.composing import Letter, compose_header, compose_package, media_type_of
from lienthong.sdk.console import VIETNAM, print_json, print_table, progress_bar
from lienthong.sdk.errors import FileUnreadable, ProfileIncomplete
from lienthong.sdk.letter_signing import LetterSigning, sign_files
from lienthong.sdk.profile import Profile, load_profile
from lienthong.sdk.stamping import time_stamping
from lienthong.sdk.tables import submission_table
from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.edxml.model import DocumentHeader
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.time_stamps import Stamp

HELP = """Build, sign and send a document, or send a ready package.

Examples:

[bold]lienthong send plan.pdf --to H28 --to G22 --subject "Kế hoạch chuyển đổi số" --number 181 --notation KH-UBND
--type "Kế hoạch" --profile H28.31.05[/bold]

[bold]lienthong send --package document.edxml --profile H28.31.05[/bold]

A package of 64 MiB or more goes on where it stopped, also after a new start: send it again with --package.

[bold]lienthong send giay-moi.pdf --to H28 --subject "Giấy mời" --expires "2026-03-02 17:00" --profile H28.31.05[/bold]
"""
DEADLINE_FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What the caller wants sent."""

    files: Sequence[Path]
    to: Sequence[str]
    letter: Letter
    remote: bool
    sign_pdf: bool
    officer: Path | None
    officer_password: str | None
    officer_image: Path | None
    seal_image: Path | None
    keep: Path | None
    expires_at: datetime | None
    idempotency_key: str | None
    quiet: bool


def send(
    files: Annotated[
        list[Path] | None, typer.Argument(help="The PDF and its annexes.", exists=True, dir_okay=False)
    ] = None,
    *,
    to: Annotated[list[str] | None, typer.Option(help="A recipient's code, old or new; repeat it.")] = None,
    subject: Annotated[str, typer.Option(help="Trích yếu.")] = "",
    number: Annotated[str, typer.Option(help="Số: 181.")] = "",
    notation: Annotated[str, typer.Option(help="Ký hiệu: KH-UBND.")] = "",
    type_name: Annotated[str, typer.Option("--type", help="Loại văn bản.")] = "Công văn",
    priority: Annotated[int, typer.Option(help="0 thường … 4 hỏa tốc hẹn giờ.", min=0, max=4)] = 0,
    place: Annotated[str, typer.Option(help="Nơi ban hành; the agency's name without.")] = "",
    signer: Annotated[str, typer.Option(help="Name of the person who signed.")] = "",
    position: Annotated[str, typer.Option(help="Chức vụ.")] = "",
    competence: Annotated[str, typer.Option(help="TM., KT., TL. …")] = "",
    document_id: Annotated[str, typer.Option(help="Your own DocumentId; made from code, date, number without.")] = "",
    p12: Annotated[Path | None, typer.Option(help="Agency's key, PKCS#12; the profile's without.", exists=True)] = None,
    p12_password: Annotated[str | None, typer.Option(envvar="LIENTHONG_P12_PASSWORD", help="Its password.")] = None,
    remote: Annotated[bool, typer.Option("--remote", help="The node builds and signs with the remote key.")] = False,
    sign_pdf: Annotated[bool, typer.Option(help="Seal each PDF too (PAdES), with the same key.")] = True,
    officer_p12: Annotated[Path | None, typer.Option(help="The head's key: signs the first PDF.", exists=True)] = None,
    officer_p12_password: Annotated[
        str | None, typer.Option(envvar="LIENTHONG_OFFICER_P12_PASSWORD", help="Its password.")
    ] = None,
    officer_image: Annotated[
        Path | None, typer.Option(help="The head's signature, PNG; drawn without.", exists=True)
    ] = None,
    seal_image: Annotated[Path | None, typer.Option(help="The agency's seal, PNG; drawn without.", exists=True)] = None,
    package: Annotated[Path | None, typer.Option(help="A ready edXML or ASiC-E file instead.", exists=True)] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the built package here; send it with --package if the connection breaks.")
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=DEADLINE_FORMATS, help="Who has not claimed it by then never gets it; Vietnam's time."),
    ] = None,
    idempotency_key: Annotated[str | None, typer.Option(help="Repeat a submission safely.")] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Sends a document."""
    settings = load_profile(profile)
    if p12 is not None:
        settings = settings.with_key(p12, p12_password)
    order = _Order(
        files=files or (),
        to=to or (),
        letter=Letter(
            subject=subject,
            number=number,
            notation=notation,
            type_name=type_name,
            priority=priority,
            place=place,
            signer=signer,
            position=position,
            competence=competence,
            document_id=document_id,
        ),
        remote=remote,
        sign_pdf=sign_pdf,
        officer=officer_p12,
        officer_password=officer_p12_password,
        officer_image=officer_image,
        seal_image=seal_image,
        keep=keep,
        expires_at=expires.replace(tzinfo=VIETNAM) if expires else None,
        idempotency_key=idempotency_key,
        quiet=as_json,
    )
    submission = asyncio.run(_send(settings, order, package))
    if as_json:
        print_json(submission)
        return
    print_table(submission_table(submission))
    typer.echo(f"Follow it with: lienthong track {submission.id}")


async def _send(profile: Profile, order: _Order, package: Path | None) -> models.Submission:
    async with profile.client() as client:
        if package is not None:
            return await _submit(client, package, order)
        if not (order.files and order.to and all(order.to) and order.letter.subject):
            raise FileUnreadable("Give a PDF, --to and --subject; or a ready package with --package.")
        at = datetime.now(VIETNAM)
        sender = await client.agency(profile.speaker())
        recipients = [await client.agency(code) for code in order.to]
        header = compose_header(order.letter, sender=sender, recipients=recipients, at=at)
        if order.remote:
            with progress_bar("Sending", hidden=order.quiet) as progress:
                return await client.submit_files(
                    header,
                    order.files,
                    expires_at=order.expires_at,
                    idempotency_key=order.idempotency_key,
                    progress=progress,
                )
        with tempfile.TemporaryDirectory() as folder:
            built = order.keep or Path(folder) / "package.edxml"
            await asyncio.to_thread(_build, profile, order, header, folder=Path(folder), out=built, at=at)
            return await _submit(client, built, order)


async def _submit(client: LienthongClient, package: Path, order: _Order) -> models.Submission:
    media_type = media_type_of(package)
    if media_type not in {EDXML, ASICE}:
        raise FileUnreadable("It is no package: give files without --package, with --to and --subject.")
    with progress_bar("Sending", hidden=order.quiet) as progress:
        return await client.submit(
            package,
            media_type=media_type,
            expires_at=order.expires_at,
            idempotency_key=order.idempotency_key,
            progress=progress,
        )


def _build(profile: Profile, order: _Order, header: DocumentHeader, *, folder: Path, out: Path, at: datetime) -> None:
    if profile.p12 is None or profile.p12_password is None:
        raise ProfileIncomplete("No signing key: give --p12 and its password, or let the node sign with --remote.")
    key = LocalKey.load(profile.p12, profile.p12_password.get_secret_value())
    files = order.files
    stamp = time_stamping(profile.tsa_url) if profile.tsa_url else None
    if order.sign_pdf:
        files = sign_files(files, folder, _signing(order, header, key, stamp=stamp), at=at)
    if not compose_package(header, files, out, key=key, at=at, stamp=stamp):
        why = "the time-stamping authority gave none" if stamp else "the profile names no time-stamping authority"
        typer.echo(f"Signed without a time stamp: {why}.", err=True)


def _signing(order: _Order, header: DocumentHeader, key: LocalKey, *, stamp: Stamp | None) -> LetterSigning:
    officer = order.officer
    return LetterSigning(
        agency_key=key,
        agency_name=header.from_.organ_name,
        document_code=f"{order.letter.number}/{order.letter.notation}",
        officer_key=LocalKey.load(officer, order.officer_password or "") if officer else None,
        officer_name=order.letter.signer,
        officer_image=_image(order.officer_image),
        seal_image=_image(order.seal_image),
        stamp=stamp,
    )


def _image(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None
