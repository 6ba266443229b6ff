"""Seals: what a node or the directory states, as a compact JWS with its certificates inside.

ES256 only: 20 µs to sign. Bytes in, verified bytes or an error out. Source: RFC 7515, RFC 7518 section 3.4, RFC 8725.
"""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from lienthong.shared.contracts import Contract
from lienthong.shared.errors import InvalidInput, Verification
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.trust import CheckedCertificate, TrustStore, check_certificate

MAX_SEAL_BYTES: Final = 8 * 1024 * 1024
"""Characters of a sealed statement: a receipt for 20,000 recipients has 6 million. A directory snapshot may have more
(:data:`MAX_SNAPSHOT_BYTES`)."""
MAX_SNAPSHOT_BYTES: Final = 128 * 1024 * 1024
"""Characters of a sealed directory snapshot: the nation's 111,339 agencies at about 400 each, and as many again."""
MAX_CERTIFICATES: Final = 4
"""Certificates in ``x5c``."""
_COORDINATE_BYTES: Final = 32


class SealInvalid(Verification):
    """A sealed statement is malformed, was changed, or its certificate is not good for it."""

    code = "seal-invalid"
    title = "The seal is not valid"


class SealNotTrustedYet(SealInvalid):
    """The seal's certificate is unknown here, or not valid by the clock here: a later trust list or time may accept it.

    A consumer tries again; so does a wrong clock or a stale trust list bury nothing.
    """

    code = "seal-not-trusted-yet"
    title = "The seal's certificate is not trusted yet"


_MAY_COME: Final = {SubIndication.NO_CERTIFICATE_CHAIN_FOUND, SubIndication.OUT_OF_BOUNDS_NO_POE}
"""Sub-indications of :class:`SealNotTrustedYet`."""


class SealKeyUnreadable(InvalidInput):
    """A PKCS#12 file does not hold a P-256 key with its certificate, or the password is wrong."""

    code = "seal-key-unreadable"
    title = "The seal key cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSubject:
    """Whom a seal names. Exactly one of the three is set."""

    node: NodeId | None = None
    agency: AgencyCode | None = None
    directory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSeal:
    """A statement whose seal holds."""

    payload: bytes
    subject: SealSubject
    certificate: CheckedCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """A P-256 key and its chain, leaf first; the root is left out."""

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    _headers: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, path: Path, password: str) -> "SealKey":
        """The key in a PKCS#12 file.

        Raises:
            SealKeyUnreadable: Wrong password, no P-256 key, or no certificate.
        """
        try:
            key, leaf, others = pkcs12.load_key_and_certificates(path.read_bytes(), password.encode())
        except (ValueError, OSError) as error:
            raise SealKeyUnreadable("The seal key cannot be read: wrong password, or no PKCS#12 file.") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or leaf is None:
            raise SealKeyUnreadable("The seal key must be an EC P-256 key with its certificate.")
        return cls(private_key=key, chain=(leaf, *(one for one in others if one.subject != one.issuer)))

    def seal(self, typ: str, payload: Contract | bytes) -> str:
        """``payload`` sealed: a compact JWS. A contract is sealed as its JSON."""
        header = self._headers.get(typ)
        if header is None:
            header = self._headers[typ] = _header(typ, self.chain)
        return _sealed(header, payload, lambda data: self.private_key.sign(data, ec.ECDSA(SHA256())))


def seal_with(key: SignatureKey, typ: str, payload: Contract | bytes) -> str:
    """``payload`` sealed, as by :meth:`SealKey.seal`, with a P-256 key that is elsewhere."""
    return _sealed(_header(typ, key.certificate_chain), payload, key.sign)


def _sealed(header: bytes, payload: Contract | bytes, sign: Callable[[bytes], bytes]) -> str:
    data = payload if isinstance(payload, bytes) else payload.model_dump_json().encode()
    signing_input = header + b"." + _encode(data)
    r, s = decode_dss_signature(sign(signing_input))
    signature = r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)
    return (signing_input + b"." + _encode(signature)).decode()


def _header(typ: str, chain: Sequence[x509.Certificate]) -> bytes:
    x5c = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]
    return _encode(json.dumps({"alg": "ES256", "typ": typ, "x5c": x5c}, separators=(",", ":")).encode())


def open_seal(
    jws: str,
    *,
    typ: str,
    trust: TrustStore,
    at: datetime,
    profile: Profile,
    limit_bytes: int = MAX_SEAL_BYTES,
) -> OpenedSeal:
    """Open a sealed statement.

    1. It is a compact JWS within the limit, in canonical base64url.
    2. Its header names ES256, exactly ``typ``, the certificates, and nothing critical.
    3. The certificate was good for ``profile`` at ``at`` (:func:`trust.check_certificate`).
    4. The signature is the certificate's.

    A missing or stale CRL does not fail it: nodes must go on. ``OpenedSeal.certificate`` tells.

    Raises:
        SealInvalid: With the step that failed; :class:`SealNotTrustedYet` where time or a newer trust list may mend it.
    """
    header, payload, signature = _split(jws, limit_bytes)  # 1
    certificates = trust.offered((typ, header)) or _certificates(header, typ)  # 2
    try:
        checked = check_certificate(certificates[0], certificates[1:], trust=trust, at=at, profile=profile)  # 3
    except CertificateRefused as error:
        kind = SealNotTrustedYet if error.sub_indication in _MAY_COME else SealInvalid
        raise kind(f"The seal's certificate was refused. {error.detail}", facts=error.facts) from error
    _verify(header + b"." + payload, _decoded(signature), certificates[0])  # 4
    trust.remember_offered((typ, header), certificates)
    return OpenedSeal(payload=_decoded(payload), subject=_subject(checked), certificate=checked)


def claimed_payload(jws: str, *, limit_bytes: int = MAX_SEAL_BYTES) -> bytes:
    """What a sealed statement says, **unverified**: for showing it, or for finding whose statement it claims to be.

    Raises:
        SealInvalid: It is no compact JWS.
    """
    return _decoded(_split(jws, limit_bytes)[1])


def claimed_type(jws: str) -> str:
    """The ``typ`` that a compact JWS claims, **unverified**; empty when it is none."""
    try:
        members = json.loads(_decoded(_split(jws, MAX_SEAL_BYTES)[0]))
    except (SealInvalid, ValueError, RecursionError):
        return ""
    typ = members.get("typ") if isinstance(members, dict) else None
    return typ if isinstance(typ, str) else ""


def _split(jws: str, limit_bytes: int) -> tuple[bytes, bytes, bytes]:
    if len(jws) > limit_bytes:
        raise SealInvalid("The sealed statement is too long.", facts={"limit_bytes": limit_bytes})
    try:
        header, payload, signature = jws.encode("ascii").split(b".")
    except ValueError as error:
        raise SealInvalid("The sealed statement is not a compact JWS.") from error
    return header, payload, signature


def _certificates(header: bytes, typ: str) -> tuple[x509.Certificate, ...]:
    try:
        members = json.loads(_decoded(header))
        if not isinstance(members, dict) or members.get("alg") != "ES256" or members.get("typ") != typ:
            raise SealInvalid(f"The seal must be ES256 and of the type {typ}.")
        if "crit" in members or "b64" in members:
            raise SealInvalid("The seal has a critical header, which is not understood.")
        x5c = members.get("x5c")
        if not isinstance(x5c, list) or not 1 <= len(x5c) <= MAX_CERTIFICATES:
            raise SealInvalid("The seal must hold its certificate and that of its issuer.")
        return tuple(certificate_from_der(b64decode(one, validate=True)) for one in x5c)
    except (ValueError, TypeError, RecursionError) as error:
        raise SealInvalid("The seal's header cannot be read.") from error


def _verify(signing_input: bytes, signature: bytes, certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SealInvalid("The seal's key is not on P-256.")
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise SealInvalid("The seal's signature has the wrong length.")
    r, s = int.from_bytes(signature[:_COORDINATE_BYTES]), int.from_bytes(signature[_COORDINATE_BYTES:])
    try:
        key.verify(encode_dss_signature(r, s), signing_input, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise SealInvalid("The sealed statement was changed after it was sealed.") from error


def _subject(checked: CheckedCertificate) -> SealSubject:
    return SealSubject(node=checked.node, agency=checked.agency, directory=checked.profile is Profile.DIRECTORY)


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    """What ``text`` encodes, in the one spelling that RFC 7515 allows. Raises :class:`SealInvalid`."""
    try:
        data = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise SealInvalid("The sealed statement is not a compact JWS.") from error
    if _encode(data) != text:
        raise SealInvalid("The sealed statement is not a compact JWS in canonical base64url.")
    return data
