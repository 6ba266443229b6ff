"""Renewal: the holder of a certificate gets the next one, if the old key says so. Nobody else is asked.

Source: RFC 7515 and RFC 7518 sections 3.3 to 3.5 for the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

from lienthong.shared.contracts.renewal import RENEWAL_TYPE, RenewalRequest
from lienthong.shared.signatures.profiles import Profile, SubjectKey
from lienthong.signing.domain.records import CertificateRecord
from lienthong.signing.domain.requests import requested_key
from lienthong.signing.errors import KeyNotAllowed, RenewalNotPossible, RenewalProofInvalid

MAX_RENEWAL_CHARACTERS: Final = 64 * 1024
"""A compact JWS over a request of at most 16 KiB, with certificates in its header."""
WINDOW: Final = 3
"""A certificate is renewed in the last third of its time, so that nobody stores up certificates."""
_HEADERS: Final = frozenset({"alg", "typ", "x5c", "kid"})
_EC: Final = ["ES256"]
_RSA: Final = ["RS256", "PS256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalPolicy:
    """Whether the next certificate may be for the same key, by profile, from ``valid_from`` on. Others: not at all."""

    valid_from: datetime
    same_key: Mapping[Profile, bool]


POLICIES: Final = (
    RenewalPolicy(
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        same_key={  # people's keys are in tokens that are made once; a machine makes a new key at no cost
            Profile.AGENCY_SEAL: True,
            Profile.OFFICER: True,
            Profile.NODE_SEAL: False,
            Profile.DIRECTORY: False,
        },
    ),
)
"""In the order of time."""


def renewed_key(proof: str, old: CertificateRecord, *, kept_here: bool, now: datetime) -> SubjectKey:
    """The key of the next certificate, once the holder of ``old`` has asked for it.

    1. ``proof`` is a compact JWS of our type, with nothing critical, signed with the key of ``old``.
    2. It names ``old``, and holds a request that is signed with the key of the next certificate.
    3. ``old`` is of a profile that is renewed, and its key is the holder's own: whoever may have something signed
       with a key that is kept here does not hold it.
    4. ``old`` is not revoked, has not lapsed, and is in the last third of its time.
    5. The key is a new one, unless the policy lets this profile keep it.

    Raises:
        RenewalProofInvalid: Steps 1 and 2.
        CSRInvalid, ProofOfPossessionInvalid: Step 2.
        RenewalNotPossible: Steps 3 and 4.
        KeyNotAllowed: Step 5, or the key does not fit the profile.
    """
    request = _proven(proof, old)  # 1
    if request.serial != old.serial:  # 2
        raise RenewalProofInvalid("The renewal was signed for another certificate.")
    key = requested_key(request.csr, old.profile)
    same_key = [one for one in POLICIES if one.valid_from <= now][-1].same_key
    if old.profile not in same_key or kept_here:  # 3
        raise RenewalNotPossible("This certificate is not renewed by its holder; enrol anew.")
    _require_in_time(old, now)  # 4
    if not same_key[old.profile] and is_key_of(key, old):  # 5
        raise KeyNotAllowed("Make a new key for the next certificate.")
    return key


def is_key_of(key: SubjectKey, record: CertificateRecord) -> bool:
    """Whether ``record`` is for that very key."""
    return _spki(key) == record.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _require_in_time(old: CertificateRecord, now: datetime) -> None:
    if old.revocation is not None:
        raise RenewalNotPossible("The certificate is revoked; enrol anew.")
    if not old.not_before <= now <= old.not_after:
        raise RenewalNotPossible("The certificate has lapsed; enrol anew.")
    opens = old.not_after - (old.not_after - old.not_before) / WINDOW
    if now < opens:
        raise RenewalNotPossible(
            f"It is renewed from {opens.isoformat()} on.", facts={"renewable_from": opens.isoformat()}
        )


def _proven(proof: str, old: CertificateRecord) -> RenewalRequest:
    public = old.certificate.public_key()
    if len(proof) > MAX_RENEWAL_CHARACTERS or not proof.isascii():
        raise RenewalProofInvalid("The renewal is not a compact JWS.")
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            opened = jws.deserialize_compact(proof, ECKey.import_key(public), registry=_registry(_EC))
        elif isinstance(public, rsa.RSAPublicKey):
            opened = jws.deserialize_compact(proof, RSAKey.import_key(public), registry=_registry(_RSA))
        else:
            raise RenewalProofInvalid("The certificate's key proves nothing here.")
        header = opened.headers()
        if header.get("typ") != RENEWAL_TYPE or not _HEADERS.issuperset(header):
            raise RenewalProofInvalid(f"The renewal is of the type {RENEWAL_TYPE}, and nothing in it is critical.")
        return RenewalRequest.model_validate_json(opened.payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        kind = "is not what a renewal says" if isinstance(error, ValidationError) else "was not signed with that key"
        raise RenewalProofInvalid(f"The renewal {kind}.") from error


def _registry(algorithms: list[str]) -> jws.JWSRegistry:
    """These algorithms, and room for certificates in the header."""
    registry = jws.JWSRegistry(algorithms=algorithms)
    registry.max_header_length = registry.max_payload_length = MAX_RENEWAL_CHARACTERS
    return registry


def _spki(key: SubjectKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
