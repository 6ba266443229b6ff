"""The node's public key, as receivers of webhooks fetch it. Source: RFC 7517, RFC 7638."""

from base64 import b64encode
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from lienthong.shared.signatures.seals import SealKey


def key_id(key: SealKey) -> str:
    """The key's name in ``keyid``: its thumbprint, base64url. Another key has another name. Source: RFC 7638."""
    return _public(key).thumbprint()


def public_keys(key: SealKey) -> dict[str, Any]:
    """A JWK Set with the key, and the chain that ties it to this node and the network's root (``x5c``)."""
    parameters: dict[str, Any] = dict(_public(key).as_dict(private=False))
    chain = [b64encode(one.public_bytes(Encoding.DER)).decode() for one in key.chain]
    return {"keys": [{**parameters, "kid": key_id(key), "use": "sig", "alg": "ES256", "x5c": chain}]}


def _public(key: SealKey) -> ECKey:
    return ECKey.import_key(key.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
