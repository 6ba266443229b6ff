import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from lienthong.registry.domain.clients import (
    ASSERTION_TYPE,
    Client,
    Credentials,
    SpentAssertion,
    authenticate,
    hash_secret,
    public_jwk,
    read_credentials,
)
from lienthong.registry.errors import ClientKeyInvalid, ClientRefused, OAuthRequestInvalid
from lienthong.shared.contracts.tokens import Scope
from tests.support.pki import NOW

ENDPOINT = "https://danhba.example.vn/oauth2/token"
ISSUER = "https://danhba.example.vn"
KEY = ECKey.generate_key("P-256", auto_kid=True)
RSA = RSAKey.generate_key(2048, auto_kid=True)
FOREIGN = ECKey.generate_key("P-256", auto_kid=True)
SECRET = "bí-mật-của-phép-thử-0123456789"


def client(**changes: Any) -> Client:
    given: dict[str, Any] = {
        "client_id": "node.H28",
        "name": "H28",
        "agency": None,
        "scopes": frozenset({Scope.INBOX}),
        "secret_hash": None,
        "jwk": public_jwk(KEY.as_dict(private=False)),
        "active": True,
        "created_at": NOW,
    }
    return Client(**{**given, **changes})


def claims(**changes: Any) -> dict[str, Any]:
    exp = int((NOW + timedelta(minutes=5)).timestamp())
    return {"iss": "node.H28", "sub": "node.H28", "aud": ENDPOINT, "exp": exp, "jti": "jti-1", **changes}


def assertion(header: dict[str, Any] | None = None, *, key: ECKey | RSAKey = KEY, **changes: Any) -> str:
    header = {"alg": "ES256", **(header or {})}
    return jwt.encode(header, claims(**{"jti": "jti-1", **changes}), key, algorithms=[header["alg"]])


def forged(header: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims(jti="jti-1"))]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def prove(proof: str, who: Client | None = None) -> SpentAssertion | None:
    credentials = Credentials(claimed_client_id="node.H28", assertion=proof)
    return authenticate(credentials, who or client(), audiences=frozenset({ENDPOINT, ISSUER}), now=NOW)


@pytest.mark.parametrize("audience", [ENDPOINT, ISSUER, [ISSUER, "https://other.example.vn"]])
def test_an_assertion_of_the_clients_key_proves_it(audience: str | list[str]) -> None:
    spent = prove(assertion(aud=audience))

    assert spent is not None
    assert spent.jti == "jti-1"
    assert spent.expires_at >= NOW + timedelta(minutes=5)


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_an_rsa_key_may_sign_in_both_ways(algorithm: str) -> None:
    who = client(jwk=public_jwk(RSA.as_dict(private=False)))

    assert prove(assertion({"alg": algorithm}, key=RSA), who) is not None


def test_attack_alg_none() -> None:
    with pytest.raises(ClientRefused):
        prove(forged({"alg": "none"}) + ".")


def test_attack_hs256_with_the_public_key() -> None:
    pem = KEY.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = forged({"alg": "HS256"})
    mac = base64.urlsafe_b64encode(hmac.digest(pem, unsigned.encode(), "sha256")).decode().rstrip("=")

    with pytest.raises(ClientRefused, match="ES256"):
        prove(f"{unsigned}.{mac}")


def test_attack_foreign_key() -> None:
    with pytest.raises(ClientRefused, match="signature"):
        prove(assertion(key=FOREIGN))


def test_attack_foreign_kid() -> None:
    with pytest.raises(ClientRefused, match="names a key"):
        prove(assertion({"kid": FOREIGN.kid}, key=FOREIGN))


def test_attack_key_inside_the_assertion() -> None:
    with pytest.raises(ClientRefused):
        prove(assertion({"jwk": FOREIGN.as_dict(private=False)}, key=FOREIGN))


def test_attack_wrong_audience() -> None:
    with pytest.raises(ClientRefused, match="aud"):
        prove(assertion(aud="https://danhba.example.com/oauth2/token"))


@pytest.mark.parametrize("claim", ["iss", "sub"])
def test_attack_about_another_client(claim: str) -> None:
    about_another: dict[str, Any] = {claim: "node.G22"}

    with pytest.raises(ClientRefused, match="client id"):
        prove(assertion(**about_another))


def test_attack_expired() -> None:
    with pytest.raises(ClientRefused, match="expired"):
        prove(assertion(exp=int(NOW.timestamp()) - 30))


def test_attack_good_for_too_long() -> None:
    with pytest.raises(ClientRefused, match="5 minutes"):
        prove(assertion(exp=int(NOW.timestamp()) + 331))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_attack_from_the_future(claim: str) -> None:
    early: dict[str, Any] = {claim: int(NOW.timestamp()) + 31}

    with pytest.raises(ClientRefused, match="not good yet"):
        prove(assertion(**early))


@pytest.mark.parametrize("changes", [{"jti": ""}, {"jti": "a\x00"}, {"exp": "soon"}, {"exp": None}, {"aud": None}])
def test_an_assertion_without_a_needed_claim_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ClientRefused, match="lacks"):
        prove(assertion(**changes))


def test_an_inactive_client_is_refused() -> None:
    with pytest.raises(ClientRefused):
        prove(assertion(), client(active=False))


def secret_of(text: str, who: Client | None) -> None:
    authenticate(Credentials(claimed_client_id="node.H28", secret=text), who, audiences=frozenset(), now=NOW)


def test_the_right_secret_proves_the_client() -> None:
    secret_of(SECRET, client(secret_hash=hash_secret(SECRET, salt=b"s" * 16)))


def test_wrong_secret_unknown_client_and_no_secret_look_the_same() -> None:
    stored = hash_secret(SECRET, salt=b"s" * 16)
    cases = [(SECRET + "x", client(secret_hash=stored)), (SECRET, None), (SECRET, client()), ("", client())]

    sentences = set()
    for text, who in cases:
        with pytest.raises(ClientRefused) as refused:
            secret_of(text, who)
        sentences.add(refused.value.detail)

    assert len(sentences) == 1


def test_an_inactive_clients_secret_is_refused() -> None:
    with pytest.raises(ClientRefused):
        secret_of(SECRET, client(active=False, secret_hash=hash_secret(SECRET, salt=b"s" * 16)))


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_basic_credentials_are_form_encoded_inside() -> None:
    read = read_credentials(basic("node.H28:a%3Ab+c"), {})

    assert (read.claimed_client_id, read.secret) == ("node.H28", "a:b c")


def test_two_ways_of_authentication_are_refused() -> None:
    with pytest.raises(OAuthRequestInvalid):
        read_credentials(basic("node.H28:x"), {"client_secret": "x", "client_id": "node.H28"})


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic YWJj", "Bearer YTpi", ""])
def test_a_header_that_is_not_basic_is_refused(header: str) -> None:
    with pytest.raises(ClientRefused):
        read_credentials(header, {})


def test_an_assertion_names_its_client_when_the_form_does_not() -> None:
    form = {"client_assertion": assertion(), "client_assertion_type": ASSERTION_TYPE}

    assert read_credentials(None, form).claimed_client_id == "node.H28"


@pytest.mark.parametrize("client_id", ["a\x00b", "'; drop", "x" * 101, "node.H28\n", ""])
def test_an_id_that_nobody_can_have_claims_nobody(client_id: str) -> None:
    assert read_credentials(None, {"client_id": client_id, "client_secret": "x"}).claimed_client_id == ""


@pytest.mark.parametrize(
    "jwk",
    [
        KEY.as_dict(private=True),
        ECKey.generate_key("P-384").as_dict(private=False),
        OctKey.generate_key(256).as_dict(private=True),
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        {"kty": ["EC"]},
        {},
    ],
)
def test_a_key_that_clients_may_not_use_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(ClientKeyInvalid):
        public_jwk(jwk)
