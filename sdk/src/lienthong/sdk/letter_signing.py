"""The two signatures of a letter: the head's and the agency's, as Decree 30/2020/NĐ-CP shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.x509.oid import NameOID

from lienthong.sdk.errors import FileUnreadable
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.shared.signatures.pades import AgencySeal, Appearance, Box, Lasting, OfficerSignature, sign_pdf
from lienthong.shared.signatures.time_stamps import Stamp

ANNEX_BOX: Final = Box(451, 678, 553, 800)
"""Where an annex is sealed: top right of its first page, A4. Source: Decree 30/2020/NĐ-CP annex I."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSigning:
    """Who signs a letter, and what is seen of it.

    ``document_code`` is number and symbol. ``officer_key`` None: the agency alone. Images are PNG; None: drawn.
    ``officer_box`` None: the usual place on the last page. ``stamp`` None: without time stamps.
    """

    agency_key: SignatureKey
    agency_name: str
    document_code: str
    officer_key: SignatureKey | None = None
    officer_name: str = ""
    officer_image: bytes | None = None
    officer_box: Box | None = None
    seal_image: bytes | None = None
    stamp: Stamp | None = None

    @property
    def lasting(self) -> Lasting | None:
        """Time stamps, if there is an authority."""
        return Lasting(stamp=self.stamp) if self.stamp else None


def sign_letter(pdf: Path, out: Path, signing: LetterSigning, *, at: datetime) -> None:
    """Writes ``pdf`` to ``out``, the head's signature first, then the agency's seal. Blocks: call it in a thread.

    Raises:
        PDFNotSignable: The file cannot take a signature.
        SignatureImageInvalid: An image cannot be used.
        FileUnreadable: A file cannot be read or written.
    """
    once = pdf
    try:
        if signing.officer_key is not None:
            once = out.with_name(out.name + ".once")
            _sign(pdf, once, signing.officer_key, lasting=signing.lasting, at=at, appearance=_signature(signing))
        _sign(once, out, signing.agency_key, lasting=signing.lasting, at=at, appearance=_seal(signing))
    finally:
        if once != pdf:
            once.unlink(missing_ok=True)


def sign_files(files: Sequence[Path], folder: Path, signing: LetterSigning, *, at: datetime) -> list[Path]:
    """The files, each PDF signed: under its own name, in a folder of its own. The first is the letter, others annexes.

    Raises as :func:`sign_letter`.
    """
    made = []
    for n, file in enumerate(files, start=1):
        if file.suffix.lower() != ".pdf":
            made.append(file)
            continue
        signed = folder / str(n) / file.name
        signed.parent.mkdir()
        if n == 1:
            sign_letter(file, signed, signing, at=at)
        else:
            seal = _seal(signing, box=ANNEX_BOX, page=0)
            _sign(file, signed, signing.agency_key, lasting=signing.lasting, at=at, appearance=seal)
        made.append(signed)
    return made


def _signature(signing: LetterSigning) -> OfficerSignature:
    name = signing.officer_name or (_common_name(signing.officer_key) if signing.officer_key else "")
    return OfficerSignature(name=name, image=signing.officer_image, box=signing.officer_box)


def _seal(signing: LetterSigning, *, box: Box | None = None, page: int = -1) -> AgencySeal:
    return AgencySeal(
        name=signing.agency_name, document_code=signing.document_code, image=signing.seal_image, box=box, page=page
    )


def _common_name(key: SignatureKey) -> str:
    names = key.certificate_chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _sign(
    pdf: Path, out: Path, key: SignatureKey, *, lasting: Lasting | None, at: datetime, appearance: Appearance
) -> None:
    reason = "Ký ban hành" if isinstance(appearance, OfficerSignature) else "Đóng dấu cơ quan"
    try:
        with pdf.open("rb") as source, out.open("w+b") as target:
            sign_pdf(source, target, key=key, at=at, reason=reason, appearance=appearance, lasting=lasting)
    except OSError as error:
        raise FileUnreadable(f"{error.filename} cannot be read or written.") from error
