"""Signing PDFs: PAdES B-B, as many signatures as one likes, each an incremental update. Source: ETSI EN 319 142-1.

pyHanko's exceptions end here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

from anyascii import anyascii
from asn1crypto import algos
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lienthong.shared.errors import InvalidInput
from lienthong.shared.signatures.keys import SignatureAlgorithm, SignatureKey

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A visible signature: ``box`` is left, bottom, right, top in points; ``page`` counts from 0, -1 is the last.

    Diacritics of ``text`` are folded: the built-in fonts have none.
    """

    box: tuple[int, int, int, int]
    text: str
    page: int = 0


def sign_pdf(
    pdf: BinaryIO,
    out: BinaryIO,
    *,
    key: SignatureKey,
    at: datetime,
    reason: str | None = None,
    appearance: Appearance | None = None,
) -> None:
    """Add one signature, PAdES B-B. Blocks and runs an event loop of its own: call it in a thread.

    Args:
        pdf: The PDF, seekable; signatures that it has stay valid.
        out: Where the signed PDF goes; open for reading and writing, empty.
        key: The signer's key.
        at: The signing time that it claims.
        reason: Shown by readers.
        appearance: Where and how it is seen; None: invisible.

    Raises:
        PDFNotSignable: The file cannot take a signature.
    """
    try:
        writer = IncrementalPdfFileWriter(pdf)
        if writer.prev.encrypted:
            raise PDFNotSignable("The PDF is encrypted; nobody could check its signature.")
        number = sum(1 for _ in enumerate_sig_fields(writer.prev)) + 1
        field = SigFieldSpec(
            sig_field_name=f"Signature{number}",
            on_page=appearance.page if appearance else 0,
            box=appearance.box if appearance else None,
        )
        signer = _signer(field, key=key, at=at, reason=reason, appearance=appearance)
        signer.sign_pdf(writer, output=out, bytes_reserved=_reserved(key))
    except (PdfError, SigningError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PDFNotSignable("The PDF is damaged, or does not allow a further signature.") from error


class _KeySigner(Signer):
    """pyHanko's way to our keys."""

    def __init__(self, key: SignatureKey) -> None:
        chain = [_asn1(certificate) for certificate in key.certificate_chain]
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple(chain[1:])
        super().__init__(
            signing_cert=chain[0],
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": _MECHANISMS[key.algorithm]}),
            embed_roots=False,
        )
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002
        return bytes(_signature_bytes(self._key)) if dry_run else self._key.sign(data)


class _DatedSigner(PdfSigner):
    """A signer that claims the time it is told, not the machine's."""

    def __init__(
        self,
        metadata: PdfSignatureMetadata,
        *,
        signer: Signer,
        field: SigFieldSpec,
        style: TextStampStyle,
        at: datetime,
    ) -> None:
        super().__init__(metadata, signer, new_field_spec=field, stamp_style=style)
        self._at = at

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        session.system_time = self._at
        return session


def _signer(
    field: SigFieldSpec, *, key: SignatureKey, at: datetime, reason: str | None, appearance: Appearance | None
) -> PdfSigner:
    metadata = PdfSignatureMetadata(
        field_name=field.sig_field_name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason
    )
    style = TextStampStyle(stamp_text=anyascii(appearance.text).replace("%", "%%") if appearance else "")
    return _DatedSigner(metadata, signer=_KeySigner(key), field=field, style=style, at=at)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _signature_bytes(key: SignatureKey) -> int:
    public = key.certificate_chain[0].public_key()
    return public.key_size // 8 if isinstance(public, rsa.RSAPublicKey) else _P256_DER_BYTES


def _reserved(key: SignatureKey) -> int:
    """Hexadecimal digits to leave for the container; even."""
    certificates = sum(len(one.public_bytes(Encoding.DER)) for one in key.certificate_chain)
    return 2 * (certificates + _signature_bytes(key)) + _CONTAINER_BYTES
