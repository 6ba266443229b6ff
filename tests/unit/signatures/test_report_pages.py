"""Reports as pages: complete, in both languages, and nothing in them that a signer could make a browser do."""

from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from lienthong.shared.signatures.findings import Rule
from lienthong.shared.signatures.report import (
    Check,
    Indication,
    PackageSignature,
    Proof,
    Report,
    SignatureKind,
    SignatureReport,
    SubIndication,
)
from lienthong.shared.signatures.report_html import report_html
from lienthong.shared.signatures.report_page import MAX_SHOWN, page_of
from lienthong.shared.signatures.report_pdf import report_pdf
from lienthong.shared.signatures.report_words import LABELS, REASONS, RULES, Language
from tests.support.pki import NOW

HOSTILE = "CN=<script>alert(1)</script>\" onload='x"
PASSED = SignatureReport(
    kind=SignatureKind.XADES,
    where="package",
    level="XAdES-B-T",
    claimed_signer="CN=UBND tỉnh Hòa Bình",
    signing_time=NOW,
    best_signature_time=NOW + timedelta(seconds=3),
    proof=Proof.TIME_STAMP,
    proof_source="CN=Dấu thời gian",
    indication=Indication.TOTAL_PASSED,
    checks=(Check(name="format", clause="EN 319 102-1 5.2.2", passed=True),),
    covered=("edXML/edXMLEnvelope/edXMLHeader/MessageHeader", "edXML/AttachmentEncoded/Attachment[1]"),
)
FAILED = SignatureReport(
    kind=SignatureKind.PADES,
    where="attachment 1",
    claimed_signer=HOSTILE,
    indication=Indication.TOTAL_FAILED,
    sub_indication=SubIndication.FORMAT_FAILURE,
    checks=(Check(name="coverage", clause="EN 319 102-1 5.2.8", passed=False, detail="<img src=x onerror=alert(2)>"),),
    not_covered=("revision 2 of 3",),
)


def report(*signatures: SignatureReport) -> Report:
    return Report(
        package=PackageSignature.VALID,
        indication=Indication.TOTAL_FAILED,
        signatures=signatures,
        checked_at=NOW,
        policy="lienthong-2020",
        document_type="new",
    )


class Seen(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def test_page_says_who_signed_what_and_when_and_what_proves_it() -> None:
    seen = Seen(report_html(page_of(report(PASSED, FAILED), language=Language.VI, file="van-ban.edxml")))

    for words in (
        "van-ban.edxml",
        "Không hợp lệ (TOTAL-FAILED)",
        "CN=UBND tỉnh Hòa Bình",
        "02/03/2026 15:00:03 (+07:00)",
        "dấu thời gian của CN=Dấu thời gian",
        "phần đầu: nơi gửi, nơi nhận, số, ký hiệu, trích yếu",
        "tệp đính kèm 1",
        "các phiên bản 2/3",
        "EN 319 102-1 5.2.8",
    ):
        assert words in seen.text


def test_page_in_english_says_what_was_not_signed() -> None:
    seen = Seen(report_html(page_of(report(PASSED), language=Language.EN)))

    assert "NOT signed\nthe trail that relays add (TraceHeaderList)" in seen.text


def test_signer_that_is_not_proven_is_called_claimed() -> None:
    (part,) = page_of(report(FAILED), language=Language.EN).signatures

    assert ("Signer (claimed, not proven)", HOSTILE) in part.facts


def test_markup_in_a_signers_name_or_in_a_detail_stays_text() -> None:
    hostile = report_html(page_of(report(FAILED), language=Language.VI, file="</title><script>x</script>"))
    harmless = report_html(page_of(report(PASSED), language=Language.VI, file="x"))

    assert HOSTILE in Seen(hostile).text
    assert Seen(hostile).tags == Seen(harmless).tags
    assert not Seen(hostile).attributes & {"src", "href", "onerror", "onload"}


def test_page_loads_and_runs_nothing() -> None:
    seen = Seen(report_html(page_of(report(PASSED, FAILED), language=Language.EN)))

    assert not seen.tags & {"script", "img", "link", "iframe", "object", "a", "form"}
    assert "default-src 'none'" in report_html(page_of(report(), language=Language.EN)).replace("&#x27;", "'")


def test_ten_thousand_signatures_make_a_page_of_the_worst() -> None:
    page = page_of(report(*[PASSED] * 10_000, FAILED), language=Language.EN)

    assert len(page.signatures) == MAX_SHOWN
    assert page.signatures[0].verdict is Indication.TOTAL_FAILED
    assert ("Signatures not shown here", str(10_001 - MAX_SHOWN)) in page.facts


@pytest.mark.parametrize("language", list(Language))
def test_every_rule_and_reason_has_words(language: Language) -> None:
    assert {rule.value[0] for rule in Rule} == set(RULES)
    assert set(SubIndication) == set(REASONS)
    assert all(words[language] for words in (*RULES.values(), *REASONS.values(), *LABELS.values()))


@pytest.mark.parametrize("language", list(Language))
def test_pdf_has_the_same_page_and_is_the_same_each_time(language: Language) -> None:
    page = page_of(report(PASSED, FAILED), language=language, file="văn bản.edxml")

    content = report_pdf(page, at=NOW)

    assert report_pdf(page, at=NOW) == content
    assert PdfFileReader(BytesIO(content)).root["/Lang"] == language.value
