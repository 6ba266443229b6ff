"""Taking a delivery in: download everything, check it, then and only then acknowledge."""

from pathlib import Path

from lienthong.sdk.bodies import Progress
from lienthong.sdk.client import LienthongClient
from lienthong.sdk.models import Claim, Document
from lienthong.shared.contracts import Contract
from lienthong.shared.edxml.media_types import ASICE

MAX_NAME_CHARACTERS = 80
"""Of a sender's file name that are kept: file systems end at 255 bytes, and a Vietnamese letter has up to 3."""


class Taken(Contract):
    """A document that is here now and acknowledged."""

    delivery_id: str
    document: Document
    folder: Path
    package: Path
    attachments: tuple[Path, ...]


async def take_one(client: LienthongClient, claim: Claim, *, out: Path, progress: Progress | None = None) -> Taken:
    """Downloads a claimed document into a folder of its own below ``out`` and acknowledges the delivery.

    What fails before the acknowledgement leaves the lease to lapse: the delivery comes again.
    """
    document = await client.document(claim.document.id)
    folder = out / document.id
    folder.mkdir(parents=True, exist_ok=True)
    package = folder / ("package.asice" if document.package.media_type == ASICE else "package.edxml")
    await client.download_package(document.id, package, sha256=document.package.sha256, progress=progress)
    attachments = []
    for attachment in document.attachments:
        path = folder / f"{attachment.n:02}-{safe_name(attachment.name)}"
        await client.download_attachment(document.id, attachment.n, path, sha256=attachment.sha256, progress=progress)
        attachments.append(path)
    (folder / "document.json").write_text(document.model_dump_json(indent=2), encoding="utf-8")
    await client.acknowledge(claim)
    return Taken(
        delivery_id=claim.delivery_id,
        document=document,
        folder=folder,
        package=package,
        attachments=tuple(attachments),
    )


def safe_name(claimed_name: str) -> str:
    """A sender's file name without folders and control characters; it cannot leave its folder or hide itself."""
    last = claimed_name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    kept = "".join(character for character in last if character.isprintable()).lstrip(".")
    return kept[-MAX_NAME_CHARACTERS:] or "attachment"
