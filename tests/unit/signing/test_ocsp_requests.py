"""Requests for certificate status: what is refused, and how."""

from contextlib import suppress
from typing import Any

import pytest
from asn1crypto import core, ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.signing.domain.ocsp import MAX_CERTIFICATES, Refusal, RequestRefused, read_request


def named(serial: int = 7) -> dict[str, Any]:
    hashes = {"issuer_name_hash": b"n" * 20, "issuer_key_hash": b"k" * 20}
    return {"req_cert": {"hash_algorithm": {"algorithm": "sha1"}, **hashes, "serial_number": serial}}


def request(*certificates: dict[str, Any], extensions: list[dict[str, Any]] | None = None) -> bytes:
    told: dict[str, Any] = {"request_list": list(certificates)}
    if extensions:
        told["request_extensions"] = extensions
    der: bytes = ocsp.OCSPRequest({"tbs_request": told}).dump()
    return der


def nonce(length: int) -> dict[str, Any]:
    return {"extn_id": "nonce", "extn_value": core.OctetString(b"0" * length)}


CRITICAL = {"extn_id": "1.2.3", "critical": True, "extn_value": core.ParsableOctetString(b"")}
GOOD = request(named(), named(8), extensions=[nonce(32)])
BAD = {
    "no certificate": request(),
    "too many certificates": request(*(named(number) for number in range(MAX_CERTIFICATES + 1))),
    "a serial number that cannot be": request(named(1 << 160)),
    "a negative serial number": request(named(-1)),
    "an empty nonce": request(named(), extensions=[nonce(0)]),
    "a nonce of 129 bytes": request(named(), extensions=[nonce(129)]),
    "two nonces": request(named(), extensions=[nonce(8), nonce(8)]),
    "an unknown critical extension": request(named(), extensions=[CRITICAL]),
    "nothing": b"",
    "something behind": GOOD + b"\x00",
}


def test_a_request_is_read() -> None:
    read = read_request(GOOD)

    assert ([one.serial for one in read.certificates], read.nonce) == ([7, 8], b"0" * 32)


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_a_rule_is_a_malformed_request(name: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        read_request(BAD[name])

    assert refused.value.refusal is Refusal.MALFORMED_REQUEST


@settings(max_examples=300, deadline=None, database=None)
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(GOOD)))
def test_damaged_requests_are_refused_and_break_nothing(place: int, byte: int, cut: int) -> None:
    damaged = bytearray(GOOD)
    damaged[place] = byte

    for der in (bytes(damaged), bytes(damaged[:cut]), b"\x30\x80" * 1000):
        with suppress(RequestRefused):
            assert read_request(der).certificates
