import io

from pyhanko.pdf_utils.reader import PdfFileReader

from lienthong.embedded.letter_pdf import letter_pdf


def test_letter_is_a_valid_pdf_with_its_vietnamese_title() -> None:
    title = "Báo cáo kết quả chuyển đổi số tỉnh Hòa Bình"

    reader = PdfFileReader(io.BytesIO(letter_pdf(title, ["Kính gửi: Văn phòng Chính phủ"])))

    assert reader.trailer["/Info"]["/Title"] == title
    assert reader.root["/Pages"]["/Count"] == 1


def test_its_font_is_embedded_so_that_every_reader_shows_the_same() -> None:
    reader = PdfFileReader(io.BytesIO(letter_pdf("Kế hoạch", ["Ủy ban"], position="Chủ tịch", signer="Người Ký Thử")))

    font = reader.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"]["/F1"]

    assert "/FontFile2" in font["/DescendantFonts"][0]["/FontDescriptor"]
