"""What the two signatures of a document look like. Source: Decree 30/2020/NĐ-CP annex I."""

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

from lienthong.shared.signatures.pades import (
    AgencySeal,
    Appearance,
    Box,
    OfficerSignature,
    SignatureImageInvalid,
    sign_pdf,
    validate_pdf,
)
from lienthong.shared.signatures.pades_appearances import OFFICER_BOX, seal_beside
from lienthong.shared.signatures.pades_drawing import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from lienthong.shared.signatures.report import Indication
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pki import NOW, PKI

OFFICER = OfficerSignature(name="Nguyễn Thị Thử Nghiệm")
SEAL = AgencySeal(name="Ủy ban nhân dân xã Hang Kia", document_code="181/KH-UBND")
DPI = 72
"""One pixel is one point."""


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


def signed(pki: PKI, *appearances: Appearance) -> bytes:
    pdf = minimal_pdf()
    for appearance in appearances:
        credential = pki.officer("H28") if isinstance(appearance, OfficerSignature) else pki.agency("H28")
        out = BytesIO()
        sign_pdf(BytesIO(pdf), out, key=local_key(credential), at=NOW, appearance=appearance)
        pdf = out.getvalue()
    return pdf


def rendered(pdf: bytes, folder: Path) -> Image.Image:
    path = folder / "signed.pdf"
    path.write_bytes(pdf)
    subprocess.run(["pdftoppm", "-png", "-r", str(DPI), "-singlefile", path, folder / "page"], check=True)
    return Image.open(folder / "page.png").convert("RGB")


def inked(page: Image.Image, colour: str) -> Box:
    """The bounds of what is drawn in one colour, as a box of the PDF."""
    strong = {"red": (0, 1, 2), "blue": (2, 0, 1)}[colour]
    bands = page.split()
    first, *others = (list(bands[n].tobytes()) for n in strong)
    found = [
        (x, y)
        for x in range(page.width)
        for y in range(page.height)
        if all(first[y * page.width + x] > other[y * page.width + x] + 60 for other in others)
    ]
    assert found, f"nothing is {colour}"
    xs, ys = [x for x, _ in found], [y for _, y in found]
    return Box(min(xs), page.height - max(ys), max(xs), page.height - min(ys))


def texts(pdf: bytes, folder: Path) -> list[str]:
    path = folder / "signed.pdf"
    path.write_bytes(pdf)
    shown = subprocess.run(["pdftotext", path, "-"], check=True, capture_output=True, text=True)
    return [line for line in shown.stdout.splitlines() if line]


def test_red_seal_covers_a_third_of_the_blue_signature_on_its_left(pki: PKI, tmp_path: Path) -> None:
    page = rendered(signed(pki, OFFICER, SEAL), tmp_path)

    seal, signature = inked(page, "red"), inked(page, "blue")
    covered = (seal.right - OFFICER_BOX.left) / (OFFICER_BOX.right - OFFICER_BOX.left)

    assert 0.28 < covered < 0.38
    assert seal.left < signature.left < seal.right < signature.right
    assert abs((seal.right - seal.left) / DPI * 25.4 - 36) < 1.5


def test_text_has_every_diacritic_and_the_time_of_vietnam(pki: PKI, tmp_path: Path) -> None:
    lines = texts(signed(pki, OFFICER, SEAL), tmp_path)

    assert "Nguyễn Thị Thử Nghiệm" in lines
    assert "Số: 181/KH-UBND" in lines
    assert "2026-03-02T15:00:00+07:00" in lines


def test_font_is_embedded(pki: PKI, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed(pki, OFFICER))

    fonts = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True).stdout

    (ours,) = [line.split() for line in fonts.splitlines() if "SourceSerifPro" in line]
    assert ours[-5:-3] == ["yes", "yes"]  # embedded, a subset


def test_both_visible_signatures_pass(pki: PKI) -> None:
    reports = validate_pdf(BytesIO(signed(pki, OFFICER, SEAL)), where="x", trust=pki.trust(), at=NOW)

    assert [one.indication for one in reports] == [Indication.TOTAL_PASSED] * 2


def png(colour: tuple[int, int, int, int], size: tuple[int, int] = (60, 40)) -> bytes:
    out = BytesIO()
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    image.paste(colour, (size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4))
    image.save(out, "PNG")
    return out.getvalue()


def test_images_that_the_caller_gives_are_shown_and_are_transparent(pki: PKI, tmp_path: Path) -> None:
    own = OfficerSignature(name="", image=png((0, 0, 200, 255)), box=Box(60, 690, 200, 730))

    plain = rendered(minimal_pdf(), tmp_path)
    page = rendered(signed(pki, own), tmp_path)
    blue, beside = inked(page, "blue"), (60, 842 - 730, 90, 842 - 690)

    assert blue.left > 60 + 30
    assert blue.right < 200 - 30
    assert page.crop(beside).tobytes() == plain.crop(beside).tobytes()
    assert len(set(plain.crop(beside).tobytes())) > 1


def test_seal_stands_beside_the_last_signature_that_can_be_seen(pki: PKI) -> None:
    own = Box(300, 400, 420, 460)
    pdf = signed(pki, OfficerSignature(name="A", box=own), SEAL)

    *_, (_, _, field) = enumerate_sig_fields(PdfFileReader(BytesIO(pdf)))

    assert tuple(field.get_object()["/Rect"]) == seal_beside(own, diameter_mm=36)


def test_seal_never_leaves_the_page() -> None:
    assert seal_beside(Box(0, 0, 90, 30), diameter_mm=36)[:2] == (0, 0)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GIF89a", id="another format"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"x" * MAX_IMAGE_BYTES, id="too many bytes"),
        pytest.param(png((0, 0, 1, 9), (MAX_IMAGE_PIXELS // 1000 + 1, 1000)), id="too many pixels"),
        pytest.param(png((0, 0, 1, 9))[:60], id="cut off"),
    ],
)
def test_unusable_image_is_refused(pki: PKI, image: bytes) -> None:
    with pytest.raises(SignatureImageInvalid):
        signed(pki, OfficerSignature(name="", image=image))
