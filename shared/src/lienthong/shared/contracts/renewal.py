"""Renewal of a certificate: what its holder signs with the key that it has."""

from pydantic import Field

from lienthong.shared.contracts import Contract

RENEWAL_TYPE = "lienthong-renewal+jws"
"""``typ`` of the compact JWS that holds a :class:`RenewalRequest`, signed with the key of the certificate before."""


class RenewalRequest(Contract):
    """A wish for the next certificate of the same subject and profile. ``csr`` is PEM; only its key is taken.

    ``serial`` is the certificate that is renewed: 40 lower-case hexadecimal digits.
    """

    serial: str = Field(pattern=r"^[0-9a-f]{40}$")
    csr: str
