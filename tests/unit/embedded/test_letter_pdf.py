import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from lienthong.embedded.letter_pdf import letter_pdf


def test_letter_is_a_valid_pdf_with_its_vietnamese_title() -> None:
    title = "Báo cáo kết quả chuyển đổi số tỉnh Hòa Bình"

    reader = PdfFileReader(io.BytesIO(letter_pdf(title, ["Kính gửi: Văn phòng Chính phủ"])))

    assert reader.trailer["/Info"]["/Title"] == title
    assert reader.root["/Pages"]["/Count"] == 1


def test_more_characters_than_the_font_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="223"):
        letter_pdf("".join(map(chr, range(0x100, 0x200))), [])
