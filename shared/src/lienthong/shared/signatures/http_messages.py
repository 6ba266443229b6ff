"""Signs HTTP requests, so that a receiver knows which node sent them and that nothing was changed; pure.

One algorithm, ECDSA on P-256 with SHA-256, and a fixed set of covered components: what is signed is not a choice of
whoever sends. Source: RFC 9421 (HTTP Message Signatures), RFC 9530 (Content-Digest).
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALGORITHM: Final = "ecdsa-p256-sha256"
"""Source: RFC 9421 section 3.3.4."""
LABEL: Final = "lienthong"
"""Name of the signature in ``Signature`` and ``Signature-Input``; it means nothing and is not signed."""
WEBHOOK_TAG: Final = "lienthong-webhook"
"""``tag`` of a webhook's signature: no other signature of a node's key is one. Source: RFC 9421 section 2.3."""
COVERED: Final = ("@method", "@target-uri", "content-type", "content-digest")
"""Components that are always signed, in this order."""
_COORDINATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request with a body, to be signed. ``target_uri``: absolute, in ASCII, as it is sent."""

    method: str
    target_uri: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureTerms:
    """What a signature says of itself. Texts hold visible ASCII without quotes and backslashes."""

    created: datetime
    key_id: str
    nonce: str
    tag: str = WEBHOOK_TAG


def content_digest(body: bytes) -> str:
    """``Content-Digest`` of a body. Source: RFC 9530 section 2."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_base(components: Sequence[tuple[str, str]], parameters: str) -> bytes:
    """The bytes that are signed: one line for each component, then the parameters. Source: RFC 9421 section 2.5."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join((*lines, f'"@signature-params": {parameters}')).encode("ascii")


def signed_headers(
    request: SignedRequest, key: ec.EllipticCurvePrivateKey, *, terms: SignatureTerms
) -> Mapping[str, str]:
    """The headers that carry the digest and the signature, and the content type that is signed."""
    digest = content_digest(request.body)
    values = (request.method, request.target_uri, request.content_type, digest)
    parameters = signature_parameters(COVERED, terms)
    signature = _sign(signature_base(list(zip(COVERED, values, strict=True)), parameters), key)
    return {
        "Content-Type": request.content_type,
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={parameters}",
        "Signature": f"{LABEL}=:{b64encode(signature).decode()}:",
    }


def signature_parameters(covered: Sequence[str], terms: SignatureTerms) -> str:
    """The covered components with the terms, as an inner list. Source: RFC 9421 section 2.3, RFC 9651 section 4.1."""
    names = " ".join(f'"{name}"' for name in covered)
    created = int(terms.created.timestamp())
    texts = {"keyid": terms.key_id, "alg": ALGORITHM, "nonce": terms.nonce, "tag": terms.tag}
    return f"({names});created={created}" + "".join(f';{name}="{text}"' for name, text in texts.items())


def _sign(data: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
