"""Our reading of hexadecimal strings is pyHanko's, but for what does not end."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.misc import PdfStreamError

from lienthong.shared.signatures.pades_hexadecimal import read_hexadecimal


@given(data=st.binary(max_size=200), white=st.sampled_from([b"", b" ", b"\r\n", b"\0\t\f"]))
def test_bytes_come_back_whatever_white_space_stands_between_the_digits(data: bytes, white: bytes) -> None:
    stream = BytesIO(b"<" + white.join(b"%02x" % byte for byte in data) + white + b"> next")

    assert read_hexadecimal(stream).original_bytes == data
    assert stream.read() == b" next"


def test_string_longer_than_one_read_is_read_to_its_end() -> None:
    stream = BytesIO(b"<" + b"4A" * 10_000 + b">>>")

    assert read_hexadecimal(stream).original_bytes == b"J" * 10_000
    assert stream.read() == b">>"


def test_last_digit_of_an_odd_number_counts_as_if_zero_followed() -> None:
    assert read_hexadecimal(BytesIO(b"<417>")).original_bytes == b"Ap"


@pytest.mark.parametrize("text", [b"<41", b"<", b"<4G>", b"<41%\n>", b"<4\xff>", b"<+1>", b"<4_1>"])
def test_what_is_no_hexadecimal_string_is_refused(text: bytes) -> None:
    with pytest.raises(PdfStreamError):
        read_hexadecimal(BytesIO(text))
