"""The one font that our PDFs are written in: it has every Vietnamese letter, and its used letters are embedded.

Source Serif Pro (SIL Open Font Licence 1.1) from the wheel ``font-source-serif-pro``: ``make install`` brings it, no
package of the machine is needed, and every reader shows the same.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

import font_source_serif_pro
from fontTools.ttLib import TTFont
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.writer import BasePdfFileWriter


def embedded_font(writer: BasePdfFileWriter) -> GlyphAccumulator:
    """The font for texts in one PDF, at a size of 1: a text matrix makes it larger.

    ``shape`` gives a text's operators and width; ``as_resource`` what ``/Font`` names. What was shaped is embedded when
    ``writer`` writes.
    """
    return GlyphAccumulator(writer, BytesIO(_font_file()), font_size=1, bcp47_lang_code="vi")


def font_path(weight: str) -> Path:
    """The font's file, TrueType, in a weight such as ``Regular`` or ``Semibold``."""
    return Path(font_source_serif_pro.__file__).parent / "files" / f"SourceSerifPro-{weight}.ttf"


@cache
def _font_file() -> bytes:
    """TrueType, without its layout tables, which take most of the time to read; Vietnamese letters need none."""
    font, out = TTFont(font_path("Semibold")), BytesIO()
    for table in {"GDEF", "GPOS", "GSUB"} & set(font.keys()):
        del font[table]
    font.save(out)
    return out.getvalue()
