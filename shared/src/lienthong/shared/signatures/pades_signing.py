"""Signing PDFs: as many signatures as one likes, each an incremental update. Source: ETSI EN 319 142-1.

pyHanko's exceptions end here.
"""

import hashlib
from datetime import datetime
from typing import Any, BinaryIO, Final

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError, get_and_apply
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lienthong.shared.errors import InvalidInput, Unavailable
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey
from lienthong.shared.signatures.pades_appearances import OFFICER_BOX, AgencySeal, Appearance, Box, seal_beside
from lienthong.shared.signatures.pades_drawing import DrawnStyle
from lienthong.shared.signatures.pades_lasting import (
    TOKEN_BYTES,
    HandedTimeStamper,
    Lasting,
    Level,
    add_document_time_stamp,
    add_material,
)

_MECHANISMS: Final = {
    SignatureAlgorithm.RSA_SHA256: "sha256_rsa",
    SignatureAlgorithm.ECDSA_SHA256: "sha256_ecdsa",
}
_P256_DER_BYTES: Final = 72
"""Longest DER signature of P-256."""
_CONTAINER_BYTES: Final = 2 * 1024
"""Hexadecimal digits for what is neither certificate nor signature value in the CMS container: about 500 bytes.

Not more, since pyHanko reads these digits one by one, three times a signature: half the cost of a validation.
"""


class PDFNotSignable(InvalidInput):
    """The file is no PDF that can take a signature: damaged, encrypted, or certified against further changes."""

    code = "pdf-not-signable"
    title = "The PDF cannot be signed"


def sign_pdf(
    pdf: BinaryIO,
    out: BinaryIO,
    *,
    key: SignatureKey,
    at: datetime,
    reason: str | None = None,
    appearance: Appearance | None = None,
    lasting: Lasting | None = None,
) -> Level:
    """Add one signature. Blocks and runs an event loop of its own: call it in a thread.

    Args:
        pdf: The PDF, seekable; signatures that it has stay valid.
        out: Where the signed PDF goes; open for reading and writing, empty.
        key: The signer's key.
        at: The signing time that it claims.
        reason: Shown by readers.
        appearance: Where and how it is seen; None: invisible.
        lasting: A level above B-B, and the means.

    Returns:
        The level that was reached. A time-stamping authority that is away makes it lower, and fails nothing.

    Raises:
        PDFNotSignable: The file cannot take a signature.
        SignatureImageInvalid: The image of the appearance cannot be used.
    """
    try:
        writer = IncrementalPdfFileWriter(pdf)
        if writer.prev.encrypted:
            raise PDFNotSignable("The PDF is encrypted; nobody could check its signature.")
        signer = _KeySigner(key, lasting)
        pdf_signer = _pdf_signer(_field(writer, appearance), signer=signer, at=at, reason=reason, appearance=appearance)
        pdf_signer.sign_pdf(writer, output=out, bytes_reserved=_reserved(key, lasting))
        return _make_last(out, signer, lasting, at=at)
    except (PdfError, SigningError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PDFNotSignable("The PDF is damaged, or does not allow a further signature.") from error


def _make_last(out: BinaryIO, signer: "_KeySigner", lasting: Lasting | None, *, at: datetime) -> Level:
    if lasting is None or signer.token is None:
        return Level.B_B
    if lasting.trust is None or not lasting.level.includes(Level.B_LT):
        return Level.B_T
    add_material(out, signer.key.certificate_chain, signer.token, trust=lasting.trust, at=at)
    if not lasting.level.includes(Level.B_LTA):
        return Level.B_LT
    try:
        add_document_time_stamp(out, stamp=lasting.stamp)
    except Unavailable:
        return Level.B_LT
    return Level.B_LTA


def _field(writer: IncrementalPdfFileWriter, appearance: Appearance | None) -> SigFieldSpec:
    fields = list(enumerate_sig_fields(writer.prev))
    name = f"Signature{len(fields) + 1}"
    if appearance is None:
        return SigFieldSpec(sig_field_name=name)
    box, page = appearance.box, appearance.page
    if box is None and isinstance(appearance, AgencySeal):
        signature, page = _last_visible(writer, fields) or (OFFICER_BOX, page)
        box = seal_beside(signature, diameter_mm=appearance.diameter_mm)
    return SigFieldSpec(sig_field_name=name, on_page=page, box=box or OFFICER_BOX)


def _last_visible(writer: IncrementalPdfFileWriter, fields: list[tuple[str, Any, Any]]) -> tuple[Box, int] | None:
    """Where the last signature that can be seen stands, and on which page; None without one."""
    for _, value, field in reversed(fields):
        held = field.get_object()
        rectangle = [round(float(number)) for number in held["/Rect"]] if "/Rect" in held else []
        if value is None or len(rectangle) != 4:
            continue
        box = Box(*rectangle)
        page = _page_of(writer, field)
        if page is not None and box.left < box.right and box.bottom < box.top:
            return box, page
    return None


def _page_of(writer: IncrementalPdfFileWriter, field: Any) -> int | None:  # noqa: ANN401 — pyHanko's reference
    for number in range(int(writer.prev.root["/Pages"]["/Count"])):
        page, _ = writer.find_page_for_modification(number)
        held = page.get_object()
        annotations = get_and_apply(held, "/Annots", list, default=[])
        if field.reference in {getattr(one, "reference", None) for one in annotations}:
            return number
    return None


class _KeySigner(Signer):
    """pyHanko's way to our keys, and to the time. ``token`` is the time stamp over the signature that was made."""

    def __init__(self, key: SignatureKey, lasting: Lasting | None = None) -> None:
        chain = [_asn1(certificate) for certificate in key.certificate_chain]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(chain[1:])
        super().__init__(
            signing_cert=chain[0],
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": _MECHANISMS[key.algorithm]}),
            embed_roots=False,
        )
        self.key = key
        self.token: bytes | None = None
        self._stamper = HandedTimeStamper(lasting.stamp) if lasting and lasting.level.includes(Level.B_T) else None

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002
        return bytes(_signature_bytes(self.key)) if dry_run else self.key.sign(data)

    async def unsigned_attrs(  # noqa: PLR0917 — pyHanko's
        self,
        digest_algorithm: str,
        signature: bytes,
        signed_attrs: cms.CMSAttributes,  # noqa: ARG002
        timestamper: TimeStamper | None = None,  # noqa: ARG002
        dry_run: bool = False,
    ) -> cms.CMSAttributes | None:
        """The time stamp over the signature; None when it is not wanted, or the authority is away."""
        if self._stamper is None or dry_run:
            return None
        try:
            token = await self._stamper.async_timestamp(hashlib.sha256(signature).digest(), digest_algorithm)
        except Unavailable:
            return None
        self.token = token.dump()
        return cms.CMSAttributes([{"type": "signature_time_stamp_token", "values": [token]}])


class _DatedSigner(PdfSigner):
    """A signer that claims the time it is told, not the machine's."""

    def __init__(
        self,
        metadata: PdfSignatureMetadata,
        *,
        signer: Signer,
        field: SigFieldSpec,
        style: DrawnStyle,
        at: datetime,
    ) -> None:
        super().__init__(metadata, signer, new_field_spec=field, stamp_style=style)
        self._at = at

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        session.system_time = self._at
        return session


def _pdf_signer(
    field: SigFieldSpec, *, signer: Signer, at: datetime, reason: str | None, appearance: Appearance | None
) -> PdfSigner:
    metadata = PdfSignatureMetadata(
        field_name=field.sig_field_name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason
    )
    style = DrawnStyle(border_width=0, appearance=appearance, at=at)
    return _DatedSigner(metadata, signer=signer, field=field, style=style, at=at)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _signature_bytes(key: SignatureKey) -> int:
    public = key.certificate_chain[0].public_key()
    return public.key_size // 8 if isinstance(public, rsa.RSAPublicKey) else _P256_DER_BYTES


def _reserved(key: SignatureKey, lasting: Lasting | None) -> int:
    """Hexadecimal digits to leave for the container; even."""
    certificates = sum(len(one.public_bytes(Encoding.DER)) for one in key.certificate_chain)
    token = TOKEN_BYTES if lasting and lasting.level.includes(Level.B_T) else 0
    return 2 * (certificates + _signature_bytes(key) + token) + _CONTAINER_BYTES
