"""For receivers of webhooks: is a request what a node signed? Bytes, keys and time in, an event or an error out.

Nothing is fetched here. Give it the request as it came in, before anything has decoded or reformatted the body.
Source: RFC 9421 (HTTP Message Signatures), RFC 9530 (Content-Digest).
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageSignaturesException, HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import ValidationError

from lienthong.shared.contracts.events import CLOUD_EVENT, CloudEvent
from lienthong.shared.errors import Verification
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.http_messages import COVERED, WEBHOOK_TAG
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.trust import TrustStore, check_certificate

MAX_BODY_BYTES: Final = 256 * 1024
"""A longer body is none of a node's: read no more of it."""
MAX_AGE: Final = timedelta(minutes=5)
"""How old a signature may be, and how far ahead the node's clock: a node signs each attempt anew."""
MAX_KEYS: Final = 16
"""Keys of one key set that are looked at."""

Keys = Mapping[str, ec.EllipticCurvePublicKey]
"""Public keys by their names (``keyid``)."""


class WebhookInvalid(Verification):
    """The request is not one that the node signed now, for this address: answer 401 and do nothing."""

    code = "webhook-invalid"
    title = "The webhook's signature does not hold"


class WebhookKeyUnknown(WebhookInvalid):
    """The key is not among those known: fetch the node's key set again, once, and try again."""

    code = "webhook-key-unknown"
    title = "The webhook is signed with an unknown key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as it came in.

    Args:
        url: The address that the webhook was made with, as senders see it: of a proxy, if there is one in front.
        headers: All of them; names in any case.
        body: The bytes, untouched.
        method: In capitals.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


def verify_webhook(
    request: ReceivedRequest, *, keys: Keys, now: datetime | None = None, max_age: timedelta = MAX_AGE
) -> CloudEvent:
    """The event, if the node that has one of ``keys`` sent exactly this, here and now.

    A repeated delivery passes: remember ``event.id`` for as long as ``max_age`` at least, and better for good, and
    answer 204 without doing anything when it comes again.

    Raises:
        WebhookKeyUnknown: Step 3.
        WebhookInvalid: Any other step; the sentence says which.
    """
    # 1. Of a size and a type that nodes send.
    if len(request.body) > MAX_BODY_BYTES:
        raise WebhookInvalid("The body is larger than any event.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    if headers.get("content-type") != CLOUD_EVENT:
        raise WebhookInvalid(f"The content type is not {CLOUD_EVENT}.")
    # 2. to 5. Signed as a webhook, with a known key; nothing that is covered was changed, nor the body.
    parameters = _verified_parameters(request, keys)
    # 6. Now: neither a recorded request nor one for later.
    _require_fresh(parameters, now or datetime.now(UTC), max_age)
    # 7. An event, and the one that the signature was made for.
    try:
        event = CloudEvent.model_validate_json(request.body)
    except ValidationError as error:
        raise WebhookInvalid("The body is no CloudEvent.") from error
    if parameters.get("nonce") != event.id:
        raise WebhookInvalid("The signature was made for another event.")
    return event


def published_keys(jwks: bytes) -> Keys:
    """The keys of a node's ``/.well-known/jwks.json``, trusted since TLS brought them. Raises `WebhookInvalid`."""
    return {name: key for name, key, _ in _entries(jwks)}


def trusted_keys(jwks: bytes, *, node: NodeId, trust: TrustStore, now: datetime) -> Keys:
    """Those whose certificates say, up to the network's root, that they are ``node``'s seal; wherever they came from.

    Raises:
        WebhookInvalid: The key set cannot be read. A key without a good chain is left out.
    """
    found: dict[str, ec.EllipticCurvePublicKey] = {}
    for name, key, x5c in _entries(jwks):
        try:
            chain = [certificate_from_der(b64decode(one, validate=True)) for one in x5c]
            checked = check_certificate(chain[0], chain[1:], trust=trust, at=now, profile=Profile.NODE_SEAL)
        except (CertificateRefused, ValueError, TypeError, IndexError):
            continue
        if checked.node == node and chain[0].public_key() == key:
            found[name] = key
    return found


class _Verifier(HTTPMessageVerifier):
    """Judges no time: the library would ask the machine's clock."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:  # noqa: ANN401 — as there
        """Left to step 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    method: str
    url: str
    headers: Mapping[str, str]


def _verified_parameters(request: ReceivedRequest, keys: Keys) -> Mapping[str, int | str]:
    unknown: list[str] = []

    class _Resolver(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> Any:  # noqa: ANN401 — as there
            if key_id not in keys:
                unknown.append(key_id)
            return keys.get(key_id)

    verifier = _Verifier(signature_algorithm=ECDSA_P256_SHA256, key_resolver=_Resolver())
    message = _Message(method=request.method, url=request.url, headers=request.headers)
    try:
        results = verifier.verify(
            message, max_age=None, expect_tag=WEBHOOK_TAG, require_components=COVERED, body=request.body
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        if unknown:
            raise WebhookKeyUnknown("The signature names a key that is not known here.") from error
        raise WebhookInvalid("The request is not signed, or was changed after it was signed.") from error
    if len(results) != 1:
        raise WebhookInvalid("The request has more than one signature of a webhook.")
    return results[0].parameters


def _require_fresh(parameters: Mapping[str, int | str], now: datetime, max_age: timedelta) -> None:
    created = parameters.get("created")
    if not isinstance(created, int):
        raise WebhookInvalid("The signature does not say when it was made.")
    if abs(now.timestamp() - created) > max_age.total_seconds():
        raise WebhookInvalid("The signature is too old, or from the future; compare the clocks.")


def _entries(jwks: bytes) -> list[tuple[str, ec.EllipticCurvePublicKey, list[str]]]:
    try:
        found = []
        for one in json.loads(jwks)["keys"][:MAX_KEYS]:
            key = ECKey.import_key({name: one[name] for name in ("kty", "crv", "x", "y")})
            public = key.get_op_key("verify")
            if isinstance(public.curve, ec.SECP256R1):
                found.append((str(one["kid"]), public, list(one.get("x5c", []))))
    except (ValueError, KeyError, TypeError, RecursionError, JoseError) as error:
        raise WebhookInvalid("The key set cannot be read.") from error
    return found
