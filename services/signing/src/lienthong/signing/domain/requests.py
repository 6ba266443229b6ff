"""Certificate signing requests: read, proven, and reduced to the one thing that is taken from them, the public key.

Names and extensions in a request are not looked at: profile and subject come from the caller who is authorised for
them, so a request cannot ask its way into a CA.
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.signatures.profiles import MAX_RSA_BITS, MIN_RSA_BITS, Profile, SubjectKey
from lienthong.signing.errors import CSRInvalid, KeyNotAllowed, ProofOfPossessionInvalid

MAX_CSR_CHARACTERS = 16 * 1024
"""A request with an 8192-bit RSA key has about 3,000."""
PUBLIC_EXPONENT = 65537
"""The RSA exponent that is taken. Source: NIST SP 800-57 part 3, section 1.4."""

CURVE = "secp256r1"
"""The curve that is taken, P-256: signatures here are made and checked with it."""
_DIGESTS = {"sha256", "sha384", "sha512"}


def requested_key(csr_pem: str, profile: Profile) -> SubjectKey:
    """The public key of a request, fit for ``profile``.

    1. The text is one PEM request of bounded length.
    2. The key is of a kind and size that the profile takes.
    3. The request is signed with that key, with a digest that is not broken: proof of possession.

    Raises:
        CSRInvalid: Step 1.
        KeyNotAllowed: Step 2.
        ProofOfPossessionInvalid: Step 3.

    Source: RFC 2986; RFC 5280 has no proof of possession, RFC 4211 section 4 says why it is needed.
    """
    request = _read(csr_pem)
    key = _key_of(request)
    check_key(key, profile)
    _require_possession(request)
    return key


def rewritten(csr_pem: str) -> str:
    """The request alone in PEM, without whatever stood around it. Raises :class:`CSRInvalid`."""
    return _read(csr_pem).public_bytes(Encoding.PEM).decode()


def check_key(key: object, profile: Profile) -> None:
    """Whether a certificate of ``profile`` may have ``key``.

    Node and directory seals are P-256, for seals are ES256. Agencies and officers may have RSA from 2048 bits instead.

    Raises:
        KeyNotAllowed: It may not.

    Source: ETSI TS 119 312 clause 8.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name != CURVE:
            raise KeyNotAllowed("Use a key on the curve P-256.", facts={"curve": key.curve.name})
    elif not isinstance(key, rsa.RSAPublicKey) or profile not in (Profile.AGENCY_SEAL, Profile.OFFICER):
        raise KeyNotAllowed("Use an elliptic curve key on P-256.")
    elif not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS or key.public_numbers().e != PUBLIC_EXPONENT:
        raise KeyNotAllowed(
            f"Use an RSA key of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits with exponent {PUBLIC_EXPONENT}, or P-256.",
            facts={"bits": key.key_size},
        )


def _read(csr_pem: str) -> x509.CertificateSigningRequest:
    if len(csr_pem) > MAX_CSR_CHARACTERS or not csr_pem.isascii():
        raise CSRInvalid("Send one PKCS#10 request in PEM, '-----BEGIN CERTIFICATE REQUEST-----' and so on.")
    try:
        return x509.load_pem_x509_csr(csr_pem.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise CSRInvalid("Send one PKCS#10 request in PEM, as 'openssl req -new' writes it.") from error


def _key_of(request: x509.CertificateSigningRequest) -> SubjectKey:
    try:
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyNotAllowed("The request's key is of no kind that is known here; use P-256.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise KeyNotAllowed("Use an elliptic curve key on P-256.")
    return key


def _require_possession(request: x509.CertificateSigningRequest) -> None:
    try:
        digest = request.signature_hash_algorithm
        proven = digest is not None and digest.name in _DIGESTS and request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        proven = False
    if not proven:
        raise ProofOfPossessionInvalid(
            "The request must be signed with its own private key, with SHA-256, SHA-384 or SHA-512."
        )
