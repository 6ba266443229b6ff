"""Reads certificates that others wrote."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm


def certificate_from_der(der: bytes) -> x509.Certificate:
    """One certificate.

    Raises:
        ValueError: It is none. ``cryptography`` has errors of other kinds for odd versions and algorithms.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except (x509.InvalidVersion, UnsupportedAlgorithm, TypeError) as error:
        raise ValueError("not a certificate that can be read") from error
