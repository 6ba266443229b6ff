"""A report's page as a PDF of A4 pages, with the house's one font embedded (:mod:`lienthong.shared.pdf_font`).

fpdf2 lays out text and tables; pyHanko, which writes our other PDFs, has neither line breaking nor pages.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

from lienthong.shared.pdf_font import font_path
from lienthong.shared.signatures.report import Indication
from lienthong.shared.signatures.report_page import CheckRow, Fact, ReportPage, SignaturePart

_FONT: Final = "serif"
_COLOURS: Final = {
    Indication.TOTAL_PASSED: (18, 92, 59),
    Indication.INDETERMINATE: (122, 74, 0),
    Indication.TOTAL_FAILED: (140, 29, 24),
}
_RESULTS: Final = {
    True: _COLOURS[Indication.TOTAL_PASSED],
    False: _COLOURS[Indication.TOTAL_FAILED],
    None: _COLOURS[Indication.INDETERMINATE],
}
_GREY: Final = (90, 100, 114)
_BLACK: Final = (29, 36, 48)
_FACT_WIDTHS: Final = (52, 118)
_WIDTHS: Final = (38, 24, 38, 70)
"""Columns of the checks, in mm of the 170 that A4 leaves."""


def report_pdf(page: ReportPage, *, at: datetime) -> bytes:
    """The whole page; the same page and time give the same bytes. Blocks for some 100 ms: call it in a thread.

    Args:
        page: What it says.
        at: When it was made, for the PDF's own data.
    """
    pdf = _Sheets(page, at)
    pdf.verdict(page.verdict, page.verdict_words, page.sentence)
    pdf.facts(page.facts)
    for part in page.signatures:
        pdf.signature(part, page.labels)
    pdf.line_of(page.labels["about"], size=9, colour=_GREY)
    return bytes(pdf.output())


class _Sheets(FPDF):
    def __init__(self, page: ReportPage, at: datetime) -> None:
        super().__init__(format="A4")
        self.set_creation_date(at)
        self.set_margins(20, 20)
        self.set_auto_page_break(auto=True, margin=20)
        for style, weight in (("", "Regular"), ("B", "Semibold")):
            self.add_font(_FONT, style, font_path(weight))
        self.set_title(page.title)
        self.set_lang(page.language.value)
        self.add_page()
        self.line_of(page.title, size=18, bold=True)

    def footer(self) -> None:
        """The page's number; called by the base class."""
        self.set_y(-15)
        self.set_font(_FONT, size=9)
        self.set_text_color(*_GREY)
        self.cell(0, 5, str(self.page_no()), align="R")

    def line_of(self, text: str, *, size: int = 10, bold: bool = False, colour: tuple[int, int, int] = _BLACK) -> None:
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)

    def verdict(self, verdict: Indication | None, words: str, sentence: str = "") -> None:
        colour = _COLOURS[verdict or Indication.INDETERMINATE]
        self.line_of(words, size=13, bold=True, colour=colour)
        if sentence:
            self.line_of(sentence, size=11, colour=colour)
        self.ln(1)

    def facts(self, facts: Iterable[Fact]) -> None:
        self.set_font(_FONT, size=10)
        with self.table(
            col_widths=_FACT_WIDTHS, text_align="LEFT", v_align="TOP", line_height=5, borders_layout="NONE",
            first_row_as_headings=False,
        ) as table:  # fmt: skip
            for label, text in facts:
                row = table.row()
                row.cell(label, style=FontFace(color=_GREY))
                row.cell(text, style=FontFace(color=_BLACK))
        self.ln(2)

    def signature(self, part: SignaturePart, labels: dict[str, str]) -> None:
        self.ln(3)
        self.line_of(part.heading, size=13, bold=True)
        self.verdict(part.verdict, part.verdict_words)
        covered = ("; ".join(part.covered) or labels["nothing"], "; ".join(part.not_covered))
        self.facts((*part.facts, (labels["covered"], covered[0]), (labels["not covered"], covered[1])))
        self._checks(part.checks, labels)

    def _checks(self, checks: tuple[CheckRow, ...], labels: dict[str, str]) -> None:
        self.set_font(_FONT, size=9)
        self.set_text_color(*_BLACK)
        headings = FontFace(emphasis="BOLD", color=_GREY)
        with self.table(
            col_widths=_WIDTHS, text_align="LEFT", v_align="TOP", line_height=4.5, borders_layout="HORIZONTAL_LINES",
            headings_style=headings,
        ) as table:  # fmt: skip
            head = table.row()
            for key in ("check", "result", "clause", "detail"):
                head.cell(labels[key])
            for check in checks:
                row = table.row()
                row.cell(check.name)
                row.cell(check.result, style=FontFace(color=_RESULTS[check.passed], emphasis="BOLD"))
                row.cell(check.clause)
                row.cell(check.detail)
