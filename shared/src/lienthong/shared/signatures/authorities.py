"""External authorities: how far a certificate authority of somebody else is trusted, as the sealed trust list says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lienthong.shared.contracts.trust import TrustedAuthority, TrustPurpose
from lienthong.shared.signatures.profiles import Profile, agency_of

_ORGANISATION: Final = "O="
_PURPOSES: Final = {
    Profile.TIME_STAMPING: TrustPurpose.TIME_STAMPS,
    Profile.AGENCY_SEAL: TrustPurpose.DOCUMENTS,
    Profile.OFFICER: TrustPurpose.DOCUMENTS,
    None: TrustPurpose.DOCUMENTS,
}
"""What a certificate below an external authority may be; seals of nodes, directory and trust list never are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAuthority:
    """An anchor with its constraints; :class:`~lienthong.shared.contracts.trust.TrustedAuthority` explains them."""

    certificate: x509.Certificate
    purposes: frozenset[TrustPurpose]
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    @classmethod
    def read(cls, published: TrustedAuthority) -> "ExternalAuthority":
        """The authority as published. Raises :class:`ValueError` when its certificate cannot be read."""
        return cls(
            certificate=x509.load_pem_x509_certificate(published.certificate.encode()),
            purposes=frozenset(published.purposes),
            names=published.names,
            not_before=published.not_before,
            not_after=published.not_after,
        )

    @property
    def identity(self) -> bytes:
        """Equal for equal trust."""
        limits = (sorted(self.purposes), self.names, self.not_before.isoformat(), self.not_after.isoformat())
        return self.certificate.public_bytes(Encoding.DER) + repr(limits).encode()

    def serves(self, profile: Profile | None) -> bool:
        """Whether it is trusted for certificates of ``profile``."""
        return profile in _PURPOSES and _PURPOSES[profile] in self.purposes

    def may_name(self, leaf: x509.Certificate, uri: str | None) -> bool:
        """Whether ``leaf`` is called what subjects below this authority may be called.

        An agency that it names (``uri``) must stand under one of the codes; no name at all frees nobody to speak for an
        agency. Others must carry one of the organisation names, unless anything is allowed.
        """
        agency = agency_of(uri) if uri else None
        if agency is not None:
            codes = [one for one in self.names if not one.startswith(_ORGANISATION)]
            return any(agency == code or agency.startswith(f"{code}.") for code in codes)
        if not self.names:
            return True
        held = {
            f"{_ORGANISATION}{one.value!s}" for one in leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        }
        return bool(held) and held.issubset(self.names)
