"""Reading certificates that strangers sent: whole and at once, so that nothing in them fails later."""

from functools import lru_cache
from typing import Final

from asn1crypto import pem
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

MAX_CERTIFICATE_BYTES: Final = 64 * 1024
"""Bytes of one certificate (DER); usual are 1 to 2 KiB."""
MAX_REMEMBERED_BYTES: Final = 8 * 1024
"""Bytes of a certificate that is remembered once read."""
MAX_REMEMBERED_CERTIFICATES: Final = 2_048
"""Certificates that are remembered: reading one anew costs more than looking it up."""

_UNREADABLE: Final = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)


def certificate_from_der(der: bytes) -> x509.Certificate:
    """The certificate, every part of it parsed. Unverified.

    Raises:
        ValueError: It is none, or some part of it cannot be read, or its key is of an unknown kind.
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise ValueError("The certificate is too long")
    return _remembered(der) if len(der) <= MAX_REMEMBERED_BYTES else _read(der)


def certificate_from_pem(text: str) -> x509.Certificate:
    """The one certificate in ``text`` (PEM). Unverified. Raises as :func:`certificate_from_der`."""
    _, _, der = pem.unarmor(text.encode("utf-8", "replace"))
    return certificate_from_der(der)


def _read(der: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        _ = (certificate.subject, certificate.issuer, certificate.extensions, certificate.signature_hash_algorithm)
        _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        if certificate.serial_number <= 0:
            raise ValueError("The serial number must be positive (RFC 5280 section 4.1.2.2)")
        if der[-len(certificate.signature) - 1] != 0:  # the library ignores unused bits: one byte that nothing covers
            raise ValueError("The signature is not a whole number of bytes")
    except _UNREADABLE as error:
        raise ValueError("The certificate cannot be read") from error
    return certificate


_remembered = lru_cache(maxsize=MAX_REMEMBERED_CERTIFICATES)(_read)
