"""The sealed trust list: opened by every node before it believes a word of it.

Pure: text, roots and a time in, a trust list or an error out. Fetching and keeping is the caller's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from pydantic import ValidationError

from lienthong.shared.contracts.trust import TRUST_LIST_TYPE, TrustList
from lienthong.shared.errors import Verification
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import open_seal
from lienthong.shared.signatures.trust import TrustStore, check_certificate

MAX_TRUST_LIST_BYTES: Final = 64 * 1024 * 1024
"""Characters of a sealed trust list: large revocation lists are in it."""
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far ahead the publisher's clock may be before its list counts as one from the future."""


class TrustListInvalid(Verification):
    """A sealed trust list says something that cannot be true, or its seal was withdrawn."""

    code = "trust-list-invalid"
    title = "The trust list is not valid"


class TrustListRolledBack(Verification):
    """The list is older than the one already held. Somebody replays it, or a mirror is behind."""

    code = "trust-list-rolled-back"
    title = "The trust list is older than the one held"


def open_trust_list(jws: str, *, roots: bytes, now: datetime, held_version: int | None) -> TrustList:
    """The trust list inside a seal, or why it must not be used.

    An expired list is returned: a node goes on with what it has, and its revocation lists say that they are stale.

    Args:
        jws: Compact JWS of type ``TRUST_LIST_TYPE``.
        roots: The pinned roots as configured: PEM, one or several certificates.
        now: The time to judge at, aware.
        held_version: Version already held; None when there is none.

    Raises:
        SealInvalid: Step 1.
        TrustListInvalid: Steps 2, 3 and 4.
        TrustListRolledBack: Step 5.
        TrustMaterialInvalid: ``roots``, or a certificate or CRL in the list cannot be read.
    """
    # 1. Sealed, by a certificate under a pinned root whose profile is the trust list's.
    pinned = TrustStore.from_list(None, roots=roots)
    opened = open_seal(
        jws,
        typ=TRUST_LIST_TYPE,
        trust=pinned,
        at=now,
        profile=Profile.TRUST_LIST,
        limit_bytes=MAX_TRUST_LIST_BYTES,
    )
    # 2. A trust list by its form.
    try:
        trust_list = TrustList.model_validate_json(opened.payload)
    except ValidationError as error:
        raise TrustListInvalid("The seal is good, but its payload is not a trust list.") from error
    # 3. Not from the future.
    if trust_list.issued_at > now + CLOCK_SKEW:
        raise TrustListInvalid("The trust list was issued in the future; compare the clocks.")
    # 4. Its own revocation lists do not name its seal, or who issued it.
    _require_seal_not_revoked(opened.certificate.path, trust_list, roots=roots, now=now)
    # 5. Not older than what is held.
    if held_version is not None and trust_list.version < held_version:
        raise TrustListRolledBack(
            f"The trust list has version {trust_list.version}; version {held_version} is held already.",
            facts={"version": trust_list.version, "held_version": held_version},
        )
    return trust_list


def _require_seal_not_revoked(
    path: Sequence[x509.Certificate], trust_list: TrustList, *, roots: bytes, now: datetime
) -> None:
    trust = TrustStore.from_list(trust_list, roots=roots)
    try:
        check_certificate(path[0], path[1:], trust=trust, at=now, profile=Profile.TRUST_LIST)
    except CertificateRefused as error:
        raise TrustListInvalid(f"The seal of the trust list was withdrawn. {error.detail}") from error
