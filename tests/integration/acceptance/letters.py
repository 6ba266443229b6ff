"""Packages as a sender's own system writes them: Java dialect, signed with the agency's key or not at all."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lienthong.embedded.letter_pdf import letter_pdf
from lienthong.sdk.composing import Letter, compose_header
from lienthong.sdk.models import Agency
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.edxml.media_types import PDF
from lienthong.shared.edxml.model import DocumentHeader, Organ
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.xades import sign_package
from tests.integration.acceptance.whole_network import WholeNetwork

_numbers = itertools.count(1)
PDF_NAME = "Báo cáo quý III.pdf"


def header_for(network: WholeNetwork, sender: str, recipients: Sequence[str]) -> DocumentHeader:
    """A fresh header; a recipient that the directory does not have gets its code as its name."""
    letter = Letter(subject="Báo cáo thử nghiệm", number=str(next(_numbers)), notation="BC-UBND", place="Hòa Bình")
    known = {one.code: one for one in network.site.network.agencies}
    header = compose_header(letter, sender=_shown(known[AgencyCode(sender)]), recipients=[], at=datetime.now(UTC))
    names = {code: known[AgencyCode(code)].name if code in known else code for code in recipients}
    return header.model_copy(update={"to": tuple(Organ(organ_id=code, organ_name=names[code]) for code in recipients)})


def letter_file(folder: Path) -> Path:
    """A PDF on the disk."""
    path = folder / PDF_NAME
    path.write_bytes(letter_pdf("Báo cáo thử nghiệm", ("Nội dung thử nghiệm.",)))
    return path


def package(
    network: WholeNetwork, sender: str, recipients: Sequence[str], *, folder: Path, signed: bool = False
) -> bytes:
    """A package with one PDF, no two alike."""
    unsigned, out = folder / "unsigned.edxml", folder / "signed.edxml"
    source = AttachmentSource(path=letter_file(folder), name=PDF_NAME, content_type=PDF)
    with unsigned.open("wb") as target:
        write_document(header_for(network, sender, recipients), [source], target, with_ids=signed)
    if not signed:
        return unsigned.read_bytes()
    sign_package(unsigned, out, key_of(network, sender), at=datetime.now(UTC))
    return out.read_bytes()


def key_of(network: WholeNetwork, agency: str) -> LocalKey:
    """The agency's own signing key."""
    code = AgencyCode(agency)
    return LocalKey.load(network.site.agency_path(code), network.secrets[f"agency-{agency}"])


def _shown(agency: AgencyEntry) -> Agency:
    return Agency.model_validate(agency.model_dump(mode="json"))
