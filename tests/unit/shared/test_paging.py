"""Cursors come back as they went, or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.shared.paging import CursorInvalid, decode_cursor, encode_cursor


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), st.integers())
def test_a_cursor_comes_back(name: str, number: int) -> None:
    assert decode_cursor(encode_cursor(name, number), str, int) == (name, number)


@pytest.mark.parametrize(
    "forged",
    ["", "é", "!!!", "bm8", encode_cursor(1), encode_cursor("a", "b"), encode_cursor("\x00", 1), "WyJcdWQ4MDAiLDFd"],
)
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(forged, str, int)
