import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.exchange.domain.byte_ranges import RangeNotSatisfiable, is_unchanged, requested_range

ETAG = '"abc"'


def asked(header: str | None, *, size: int = 10, if_range: str | None = None) -> tuple[int, int] | None:
    found = requested_range(header, if_range=if_range, etag=ETAG, size=size)
    return None if found is None else (found.start, found.end)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=3-", (3, 10)),
        ("bytes=3-99", (3, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES= 2-4 ", (2, 5)),
        (None, None),
        ("bytes=4-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("pages=1-2", None),
        ("bytes=" + "1" * 5000 + "-", None),
        ("bytes=²-", None),
    ],
)
def test_one_range_is_served_and_what_is_not_understood_is_ignored(
    header: str | None, expected: tuple[int, int] | None
) -> None:
    assert asked(header) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)])
def test_a_range_beyond_the_end_is_not_satisfiable(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        asked(header, size=size)

    assert refused.value.facts == {"size": size}


@pytest.mark.parametrize(("if_range", "counts"), [(ETAG, True), ('"other"', False), ('W/"abc"', False)])
def test_a_range_counts_only_for_the_bytes_that_the_client_began_with(if_range: str, *, counts: bool) -> None:
    assert (asked("bytes=5-", if_range=if_range) is not None) is counts


def test_the_content_range_names_the_last_byte_and_the_size() -> None:
    found = requested_range("bytes=2-4", if_range=None, etag=ETAG, size=10)

    assert found is not None
    assert found.content_range == "bytes 2-4/10"
    assert found.length == 3


@given(st.text(max_size=30), st.integers(min_value=0, max_value=50))
def test_no_header_leads_outside_the_bytes(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        try:
            found = asked(header, size=size)
        except RangeNotSatisfiable:
            continue
        assert found is None or 0 <= found[0] < found[1] <= size


@pytest.mark.parametrize(
    ("header", "unchanged"),
    [(None, False), (ETAG, True), (f'W/{ETAG}, "x"', True), ("*", True), ('"x"', False)],
)
def test_bytes_that_the_client_has_are_not_sent_again(header: str | None, *, unchanged: bool) -> None:
    assert is_unchanged(header, etag=ETAG) is unchanged
