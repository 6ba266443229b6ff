"""A token that passed is not checked again as a whole; what may change about it is."""

from datetime import datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from lienthong.shared.tokens import SigningKeyUnknown, TokenInvalid, TokenVerifier
from tests.support.pki import NOW

AUDIENCE = "urn:lienthong:node:H28.31"
ISSUER = "https://danhba.example.vn"


class Issuer:
    """Keys and a clock that a test turns."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.now = NOW
        self.published = KeySet([self.key])

    async def keys(self, kid: str | None = None) -> KeySet:  # noqa: ARG002
        return self.published

    def clock(self) -> datetime:
        return self.now

    def token(self, client: str = "eoffice.H28.31.05") -> str:
        claims = {
            "iss": ISSUER,
            "sub": client,
            "client_id": client,
            "aud": AUDIENCE,
            "iat": int(NOW.timestamp()),
            "exp": int((NOW + timedelta(minutes=15)).timestamp()),
            "jti": "1",
            "scope": "inbox",
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=["ES256"])


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(audience=AUDIENCE, issuer=ISSUER, keys=issuer, clock=issuer.clock)


async def test_a_remembered_token_names_the_same_caller(issuer: Issuer, verifier: TokenVerifier) -> None:
    one, other = issuer.token(), issuer.token("eoffice.G22")

    callers = [(await verifier.verify(token)).client_id for token in (one, other, one, other)]

    assert callers == ["eoffice.H28.31.05", "eoffice.G22"] * 2


async def test_a_remembered_token_expires(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.token()
    await verifier.verify(token)
    issuer.now = NOW + timedelta(minutes=16)

    with pytest.raises(TokenInvalid, match="expired"):
        await verifier.verify(token)


async def test_a_remembered_token_ends_with_its_key(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.token()
    await verifier.verify(token)
    issuer.published = KeySet([ECKey.generate_key("P-256", auto_kid=True)])

    with pytest.raises(SigningKeyUnknown):
        await verifier.verify(token)


async def test_another_key_under_the_same_id_ends_a_remembered_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.token()
    await verifier.verify(token)
    issuer.published = KeySet([ECKey.generate_key("P-256", {"kid": str(issuer.key.kid)})])

    with pytest.raises(TokenInvalid, match="does not verify"):
        await verifier.verify(token)


async def test_a_changed_token_is_not_the_remembered_one(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.token()
    await verifier.verify(token)
    header, _, signature = token.split(".")
    _, foreign_claims, _ = issuer.token("eoffice.G22").split(".")

    with pytest.raises(TokenInvalid, match="does not verify"):
        await verifier.verify(f"{header}.{foreign_claims}.{signature}")


async def test_memory_of_tokens_is_bounded(issuer: Issuer) -> None:
    verifier = TokenVerifier(audience=AUDIENCE, issuer=ISSUER, keys=issuer, clock=issuer.clock, memory=2)

    for number in range(5):
        await verifier.verify(issuer.token(f"eoffice.{number}"))

    assert len(verifier._remembered) <= 2
