"""The base that is signed, against RFC 9421's own example, and what receivers accept and refuse."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from lienthong.exchange.usecases.node_keys import key_id, public_keys
from lienthong.sdk.webhook_verification import (
    MAX_AGE,
    MAX_BODY_BYTES,
    ReceivedRequest,
    WebhookInvalid,
    WebhookKeyUnknown,
    published_keys,
    trusted_keys,
    verify_webhook,
)
from lienthong.shared.contracts.events import CLOUD_EVENT, CloudEvent
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.http_messages import (
    SignatureTerms,
    SignedRequest,
    content_digest,
    signature_base,
    signed_headers,
)
from lienthong.shared.signatures.seals import SealKey
from tests.support.pki import NOW, PKI

URL = "https://vanthu.maichau.example/lien-thong?don-vi=%C4%90"
EVENT = CloudEvent(
    id="019b2f70", source="urn:lienthong:node:H28.31", type="vn.lienthong.x", subject="d", time=NOW, data={"ghi": "Đã"}
)
RFC_KEY = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
"""
"""test-key-ecc-p256. Source: RFC 9421 appendix B.1.3."""


def _signed(key: SealKey, *, url: str = URL, event: CloudEvent = EVENT, **terms: Any) -> ReceivedRequest:
    body = event.to_json().encode()
    said: dict[str, Any] = {"created": NOW, "key_id": key_id(key), "nonce": event.id} | terms
    request = SignedRequest(method="POST", target_uri=url, content_type=CLOUD_EVENT, body=body)
    headers = signed_headers(request, key.private_key, terms=SignatureTerms(**said))
    return ReceivedRequest(url=url, headers=headers, body=body)


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def key(pki: PKI) -> SealKey:
    return pki.node(NodeId("H28.31")).seal_key()


def _keys(key: SealKey) -> bytes:
    return json.dumps(public_keys(key)).encode()


def test_the_base_is_that_of_rfc_9421() -> None:
    digest = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
    parameters = (
        '("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"'
    )
    components = [
        ("@status", "200"),
        ("content-type", "application/json"),
        ("content-digest", digest),
        ("content-length", "23"),
    ]
    signature = b64decode("wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==")
    public = load_pem_public_key(RFC_KEY)
    assert isinstance(public, ec.EllipticCurvePublicKey)

    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public.verify(encode_dss_signature(r, s), signature_base(components, parameters), ec.ECDSA(SHA256()))


def test_the_digest_is_that_of_rfc_9530() -> None:
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def test_a_receiver_takes_what_the_node_signed(key: SealKey) -> None:
    event = verify_webhook(_signed(key), keys=published_keys(_keys(key)), now=NOW + timedelta(seconds=20))

    assert event == EVENT


def test_names_of_headers_are_read_in_any_case(key: SealKey) -> None:
    request = _signed(key)
    lower = replace(request, headers={name.lower(): value for name, value in request.headers.items()})

    assert verify_webhook(lower, keys=published_keys(_keys(key)), now=NOW) == EVENT


def _without(request: ReceivedRequest, name: str) -> ReceivedRequest:
    return replace(request, headers={one: value for one, value in request.headers.items() if one != name})


def _with(request: ReceivedRequest, **headers: str) -> ReceivedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(request, headers={**request.headers, **named})


ATTACKS: dict[str, Callable[[ReceivedRequest], ReceivedRequest]] = {
    "another body": lambda one: replace(one, body=one.body.replace(b"019b2f70", b"019b2f71")),
    "another body with its digest": lambda one: _with(replace(one, body=b"{}"), Content_Digest=content_digest(b"{}")),
    "sent to another receiver": lambda one: replace(one, url="https://vanthu.khac.example/lien-thong"),
    "another query": lambda one: replace(one, url=URL + "&x=1"),
    "another method": lambda one: replace(one, method="PUT"),
    "another content type": lambda one: _with(one, Content_Type="application/json"),
    "no signature": lambda one: _without(one, "Signature"),
    "no signature input": lambda one: _without(one, "Signature-Input"),
    "no digest": lambda one: _without(one, "Content-Digest"),
    "a later time": lambda one: _with(
        one, Signature_Input=one.headers["Signature-Input"].replace("created=", "created=1")
    ),
    "the digest not covered": lambda one: _with(
        one, Signature_Input=one.headers["Signature-Input"].replace(' "content-digest"', "")
    ),
    "the address not covered": lambda one: _with(
        one, Signature_Input=one.headers["Signature-Input"].replace(' "@target-uri"', "")
    ),
    "another tag": lambda one: _with(
        one, Signature_Input=one.headers["Signature-Input"].replace("lienthong-webhook", "lienthong-other")
    ),
    "another algorithm": lambda one: _with(
        one, Signature_Input=one.headers["Signature-Input"].replace("ecdsa-p256-sha256", "hmac-sha256")
    ),
    "another label": lambda one: _with(one, Signature=one.headers["Signature"].replace("lienthong=", "other=")),
    "no structured field": lambda one: _with(one, Signature_Input="lienthong=(("),
    "a signature of nothing": lambda one: _with(one, Signature="lienthong=::"),
    "a giant body": lambda one: replace(one, body=b" " * (MAX_BODY_BYTES + 1)),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_request_that_the_node_did_not_sign_so_is_refused(attack: str, key: SealKey) -> None:
    changed = ATTACKS[attack](_signed(key))

    with pytest.raises(WebhookInvalid):
        verify_webhook(changed, keys=published_keys(_keys(key)), now=NOW)


@pytest.mark.parametrize("age", [MAX_AGE + timedelta(seconds=1), -MAX_AGE - timedelta(seconds=1)])
def test_a_recorded_request_is_refused_later(age: timedelta, key: SealKey) -> None:
    with pytest.raises(WebhookInvalid, match="too old"):
        verify_webhook(_signed(key), keys=published_keys(_keys(key)), now=NOW + age)


def test_a_signature_for_another_event_is_refused(key: SealKey) -> None:
    with pytest.raises(WebhookInvalid, match="another event"):
        verify_webhook(_signed(key, nonce="x"), keys=published_keys(_keys(key)), now=NOW)


def test_an_unknown_key_asks_for_the_newest_key_set(key: SealKey, pki: PKI) -> None:
    renewed = pki.node(NodeId("H28.31")).seal_key()

    with pytest.raises(WebhookKeyUnknown):
        verify_webhook(_signed(renewed), keys=published_keys(_keys(key)), now=NOW)


def test_another_key_under_the_nodes_name_is_refused(key: SealKey, pki: PKI) -> None:
    other = pki.node(NodeId("H28")).seal_key()

    with pytest.raises(WebhookInvalid):
        verify_webhook(_signed(other, key_id=key_id(key)), keys=published_keys(_keys(key)), now=NOW)


def test_keys_are_trusted_by_their_certificates(key: SealKey, pki: PKI) -> None:
    assert trusted_keys(_keys(key), node=NodeId("H28.31"), trust=pki.trust(), now=NOW) == published_keys(_keys(key))


def test_the_key_of_another_node_or_network_is_not_trusted(key: SealKey, pki: PKI) -> None:
    stranger = PKI.new().node(NodeId("H28.31")).seal_key()

    assert not trusted_keys(_keys(key), node=NodeId("H28"), trust=pki.trust(), now=NOW)
    assert not trusted_keys(_keys(stranger), node=NodeId("H28.31"), trust=pki.trust(), now=NOW)


def test_a_key_beside_a_strange_certificate_is_not_trusted(key: SealKey, pki: PKI) -> None:
    stranger = PKI.new().node(NodeId("H28.31")).seal_key()
    entry = public_keys(stranger)["keys"][0] | {"x5c": public_keys(key)["keys"][0]["x5c"]}

    assert not trusted_keys(json.dumps({"keys": [entry]}).encode(), node=NodeId("H28.31"), trust=pki.trust(), now=NOW)


@pytest.mark.parametrize("jwks", [b"", b"{}", b"[]", b'{"keys": 1}', b'{"keys": [{}]}', b"[" * 100_000])
def test_what_is_no_key_set_is_refused(jwks: bytes) -> None:
    with pytest.raises(WebhookInvalid):
        published_keys(jwks)
