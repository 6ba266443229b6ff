"""External authorities: what an operator may put on the trust list, and with which constraints."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.contracts.trust import TrustedAuthority, TrustPurpose
from lienthong.shared.identifiers import MAX_CODE_LENGTH
from lienthong.signing.errors import TrustedAuthorityInvalid

MAX_NAMES = 256
"""Names of one authority."""
_NAME = re.compile(rf"O=.{{1,64}}|[A-Z0-9][A-Z0-9.]{{0,{MAX_CODE_LENGTH - 1}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """How far an external authority is to be trusted. Times left out: as long as its certificate is valid."""

    purposes: Sequence[TrustPurpose]
    names: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


def trusted_authority(
    certificate: bytes, constraints: Constraints, *, crls: Sequence[bytes], now: datetime
) -> tuple[str, TrustedAuthority]:
    """The entry of the trust list, and the fingerprint (SHA-256, hexadecimal) under which it goes.

    1. ``certificate`` is one certificate of an authority that may sign certificates, PEM or DER.
    2. At least one purpose; names are agency codes or ``O=`` with an organisation.
    3. It is trusted for a time that has not passed and lies within its validity.
    4. Each of ``crls`` (PEM or DER) was signed by it.

    Raises:
        TrustedAuthorityInvalid: With what must be changed.
    """
    authority = _authority(certificate)  # 1
    _require_names(constraints)  # 2
    not_before = max(constraints.since or authority.not_valid_before_utc, authority.not_valid_before_utc)
    not_after = min(constraints.until or authority.not_valid_after_utc, authority.not_valid_after_utc)
    if not_after <= max(now, not_before):  # 3
        raise TrustedAuthorityInvalid("Trust it for a time that has not passed, within the certificate's validity.")
    entry = TrustedAuthority(
        certificate=authority.public_bytes(Encoding.PEM).decode(),
        purposes=tuple(dict.fromkeys(constraints.purposes)),
        names=tuple(dict.fromkeys(constraints.names)),
        not_before=not_before,
        not_after=not_after,
        crls=tuple(b64encode(_crl(one, authority)).decode() for one in crls),  # 4
    )
    return authority.fingerprint(SHA256()).hex(), entry


def _authority(content: bytes) -> x509.Certificate:
    try:
        if content.lstrip().startswith(b"-----"):
            (found,) = x509.load_pem_x509_certificates(content)
        else:
            found = x509.load_der_x509_certificate(content)
        is_ca = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        signs = found.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise TrustedAuthorityInvalid("Give one certificate of an authority, PEM or DER.") from error
    if not (is_ca and signs):
        raise TrustedAuthorityInvalid("The certificate is not one of a certificate authority.")
    return found


def _require_names(constraints: Constraints) -> None:
    if not constraints.purposes:
        raise TrustedAuthorityInvalid("Say what it is trusted for.")
    if len(constraints.names) > MAX_NAMES:
        raise TrustedAuthorityInvalid(f"At most {MAX_NAMES} names.", facts={"limit": MAX_NAMES})
    wrong = [name for name in constraints.names if not _NAME.fullmatch(name)]
    if wrong:
        raise TrustedAuthorityInvalid("A name is an agency code or an organisation ('O=…').", facts={"name": wrong[0]})


def _crl(content: bytes, authority: x509.Certificate) -> bytes:
    try:
        pem = content.lstrip().startswith(b"-----")
        crl = x509.load_pem_x509_crl(content) if pem else x509.load_der_x509_crl(content)
        signed = crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise TrustedAuthorityInvalid("A revocation list cannot be read.") from error
    if not signed:
        raise TrustedAuthorityInvalid("A revocation list was not signed by this authority.")
    return crl.public_bytes(Encoding.DER)
