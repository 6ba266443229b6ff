"""Queries for time stamps: what is refused, and how."""

from contextlib import suppress
from typing import Any

import pytest
from asn1crypto import tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.signing.domain.time_stamps import Failure, QueryRefused, read_query

POLICY = "1.2.3.4"


def query(**changes: Any) -> dict[str, Any]:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"0" * 32}
    return {"version": "v1", "message_imprint": imprint, **changes}


def imprint(algorithm: str, length: int) -> dict[str, Any]:
    return {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": b"0" * length}


GOOD = tsp.TimeStampReq(query(nonce=7, req_policy=POLICY, cert_req=True)).dump()
BAD = {
    "another version": (query(version="v2"), Failure.BAD_REQUEST),
    "a broken digest": (query(message_imprint=imprint("sha1", 20)), Failure.BAD_ALG),
    "a digest of another length": (query(message_imprint=imprint("sha512", 32)), Failure.BAD_DATA_FORMAT),
    "another policy": (query(req_policy="1.2.3.5"), Failure.UNACCEPTED_POLICY),
    "an extension": (query(extensions=[{"extn_id": "1.2.3", "extn_value": b""}]), Failure.UNACCEPTED_EXTENSION),
    "a nonce without end": (query(nonce=1 << 512), Failure.BAD_REQUEST),
}


def test_a_query_is_read() -> None:
    read = read_query(GOOD, policy=POLICY)

    assert (read.algorithm, read.digest, read.nonce, read.with_certificates) == ("sha256", b"0" * 32, 7, True)


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_a_rule_is_refused_with_the_failure_that_names_it(name: str) -> None:
    told, failure = BAD[name]

    with pytest.raises(QueryRefused) as refused:
        read_query(tsp.TimeStampReq(told).dump(), policy=POLICY)

    assert refused.value.failure is failure


@settings(max_examples=300, deadline=None, database=None)
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(GOOD)))
def test_damaged_queries_are_refused_and_break_nothing(place: int, byte: int, cut: int) -> None:
    damaged = bytearray(GOOD)
    damaged[place] = byte

    for der in (bytes(damaged), bytes(damaged[:cut]), bytes(damaged) + b"\x00", b"\x30\x80" * 1000):
        with suppress(QueryRefused):
            assert len(read_query(der, policy=POLICY).digest) in (32, 48, 64)
