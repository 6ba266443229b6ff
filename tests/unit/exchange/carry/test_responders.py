"""Responders are asked where lists are stale: in time, not again and again, and only where an authority says so."""

import asyncio
import time
from datetime import datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID

from lienthong.exchange.usecases import ask_responders
from lienthong.exchange.usecases.ask_responders import SILENCE, Responders, responder_of
from lienthong.shared.signatures.trust import Unanswered
from tests.support.pki import NOW, PKI, name, new_key

URL = "http://ocsp.example/ocsp"


class Responder(httpx.AsyncBaseTransport):
    """Counts what it is asked. ``hangs``: it never answers; otherwise it is away."""

    def __init__(self) -> None:
        self.hangs = False
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(3600)
        raise httpx.ConnectError("away", request=request)


class Now:
    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def named(pki: PKI, url: str, serial: int = 7) -> Unanswered:
    """A certificate whose issuer says that ``url`` answers questions about it."""
    place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Văn thư"))
        .issuer_name(pki.issuing.certificate.subject)
        .public_key(new_key().public_key())
        .serial_number(serial)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    )
    return builder.sign(pki.issuing.key, SHA256()), pki.issuing.certificate


async def test_a_responder_that_hangs_holds_a_document_up_once_and_not_for_long(
    pki: PKI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_responders, "PATIENCE", timedelta(milliseconds=50))
    responder, now = Responder(), Now()
    responder.hangs = True
    async with httpx.AsyncClient(transport=responder, timeout=60) as http:
        responders, began = Responders(http, now), time.monotonic()

        answers = [await responders.ask([named(pki, URL)]) for _ in range(5)]
        took, asked = time.monotonic() - began, responder.asked
        now.moment += SILENCE
        await responders.ask([named(pki, URL)])

    assert answers == [()] * 5
    assert took < 1
    assert (asked, responder.asked) == (1, 2)


async def test_a_responder_that_is_away_is_not_asked_for_every_document(pki: PKI) -> None:
    responder = Responder()
    async with httpx.AsyncClient(transport=responder) as http:
        responders = Responders(http, Now())

        answers = [await responders.ask([named(pki, URL, serial)]) for serial in range(1, 6)]

    assert answers == [()] * 5
    assert responder.asked == 1


async def test_questions_of_one_document_are_bounded(pki: PKI) -> None:
    responder = Responder()
    async with httpx.AsyncClient(transport=responder) as http:
        wanted = [named(pki, f"http://{n}.example", n) for n in range(1, 100)]

        await Responders(http, Now()).ask(wanted)

    assert responder.asked == ask_responders.MAX_QUESTIONS


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://ocsp.example/", "//ocsp.example/", ""])
async def test_a_certificate_that_names_a_file_is_not_followed(pki: PKI, url: str) -> None:
    assert responder_of(named(pki, url)[0]) is None
    assert responder_of(pki.agency("H28").certificate) is None
