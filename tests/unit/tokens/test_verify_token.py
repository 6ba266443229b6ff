import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.tokens import Principal, ScopeMissing, SigningKeyUnknown, TokenInvalid, verify_token
from tests.support.pki import NOW

AUDIENCE = "urn:lienthong:node:H28.31"
ISSUER = "https://danhba.example.vn"
KEY = ECKey.generate_key("P-256", auto_kid=True)
FOREIGN_KEY = ECKey.generate_key("P-256", auto_kid=True)
GOOD_HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": ISSUER,
        "sub": "eoffice.H28.31.05",
        "client_id": "eoffice.H28.31.05",
        "aud": AUDIENCE,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=15)).timestamp()),
        "jti": "1",
        "scope": "inbox documents.write",
        "agency": "H28.31.05",
    }
    return {**good, **changes}


def signed(header: dict[str, Any] | None = None, *, key: ECKey = KEY, **changes: Any) -> str:
    return jwt.encode({**GOOD_HEADER, **(header or {})}, claims(**changes), key, algorithms=["ES256"])


def forged(header: dict[str, Any], signature: bytes) -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims()).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def verify(token: str, *, later: timedelta = timedelta()) -> Principal:
    return verify_token(token, keys=KeySet([KEY]), audience=AUDIENCE, now=NOW + later, issuer=ISSUER)


def test_a_good_token_tells_who_calls() -> None:
    caller = verify(signed())

    assert caller.client_id == "eoffice.H28.31.05"
    assert caller.agency == "H28.31.05"
    assert caller.scopes == {Scope.INBOX, Scope.DOCUMENTS_WRITE}


def test_attack_alg_none() -> None:
    with pytest.raises(TokenInvalid):
        verify(forged({**GOOD_HEADER, "alg": "none"}, b""))


def test_attack_hs256_with_the_public_key() -> None:
    header = {**GOOD_HEADER, "alg": "HS256"}
    pem = KEY.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = forged(header, b"").removesuffix(".")
    mac = hmac.digest(pem, unsigned.encode(), "sha256")

    with pytest.raises(TokenInvalid, match="ES256"):
        verify(forged(header, mac))


def test_attack_foreign_kid() -> None:
    with pytest.raises(SigningKeyUnknown):
        verify(signed({"kid": FOREIGN_KEY.kid}, key=FOREIGN_KEY))


def test_attack_foreign_key_under_our_kid() -> None:
    with pytest.raises(TokenInvalid, match="signature"):
        verify(signed(key=FOREIGN_KEY))


def test_attack_no_kid() -> None:
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims(), KEY, algorithms=["ES256"])

    with pytest.raises(SigningKeyUnknown):
        verify(token)


def test_attack_wrong_audience() -> None:
    with pytest.raises(TokenInvalid, match="not for"):
        verify(signed(aud="urn:lienthong:node:G22"))


def test_attack_wrong_issuer() -> None:
    with pytest.raises(TokenInvalid, match="issuer"):
        verify(signed(iss="https://danhba.example.com"))


def test_attack_expired() -> None:
    verify(signed(), later=timedelta(minutes=15, seconds=29))

    with pytest.raises(TokenInvalid, match="expired"):
        verify(signed(), later=timedelta(minutes=15, seconds=30))


def test_attack_from_the_future() -> None:
    with pytest.raises(TokenInvalid, match="future"):
        verify(signed(), later=timedelta(seconds=-31))


def test_attack_another_type_of_token() -> None:
    with pytest.raises(TokenInvalid, match="type"):
        verify(signed({"typ": "JWT"}))


@pytest.mark.parametrize("missing", ["exp", "iat", "jti", "client_id", "aud", "iss"])
def test_a_token_without_a_needed_claim_is_refused(missing: str) -> None:
    without = {name: value for name, value in claims().items() if name != missing}

    with pytest.raises(TokenInvalid, match="lacks"):
        verify(jwt.encode(GOOD_HEADER, without, KEY, algorithms=["ES256"]))


@pytest.mark.parametrize("garbage", ["", "a", "a.b", "a.b.c", "é", ".." * 3000, "e30.e30.e30", "bnVsbA.e30.e30"])
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(TokenInvalid):
        verify(garbage)


def test_scopes_that_this_version_does_not_know_give_nothing() -> None:
    assert verify(signed(scope="inbox root")).scopes == {Scope.INBOX}


def test_a_missing_scope_is_named() -> None:
    with pytest.raises(ScopeMissing, match=r"directory\.write"):
        verify(signed()).require(Scope.DIRECTORY_WRITE)
