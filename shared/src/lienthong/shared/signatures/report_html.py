"""A report's page as one HTML file: nothing is loaded, nothing runs, every text is escaped."""

from html import escape
from typing import Final

from lienthong.shared.signatures.report import Indication
from lienthong.shared.signatures.report_page import CheckRow, Fact, ReportPage, SignaturePart

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Content-Security-Policy of the page, in the page too: a file from the disk has no headers."""
_STYLE: Final = """
body{font:16px/1.5 system-ui,"Segoe UI",Roboto,sans-serif;color:#1d2430;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 1rem}
h2{font-size:1.2rem;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:1px solid #ccd2da}
.verdict{border-left:.5rem solid;padding:.7rem 1rem;margin:1rem 0;background:#f6f7f9}
.verdict strong{display:block;font-size:1.15rem}
.good{color:#125c3b}.open{color:#7a4a00}.bad{color:#8c1d18}
dl{display:grid;grid-template-columns:minmax(9rem,16rem) 1fr;gap:.3rem 1rem;margin:1rem 0}
dt{color:#5a6472}dd{margin:0;overflow-wrap:anywhere}ul{margin:0;padding-left:1.1rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;
border-bottom:1px solid #e2e6eb;overflow-wrap:anywhere}th{color:#5a6472;font-weight:600;white-space:nowrap}
td.good,td.open,td.bad{font-weight:600;white-space:nowrap}footer{margin-top:2rem;color:#5a6472;font-size:.85rem}
@media print{body{margin:0;font-size:11pt}h2{break-after:avoid}tr{break-inside:avoid}}
@media (max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
""".strip().replace("\n", "")
_CLASSES: Final = {Indication.TOTAL_PASSED: "good", Indication.INDETERMINATE: "open", Indication.TOTAL_FAILED: "bad"}


def report_html(page: ReportPage) -> str:
    """The whole page, HTML 5 in UTF-8."""
    signatures = "".join(_signature(one, page.labels) for one in page.signatures)
    return (
        f'<!DOCTYPE html><html lang="{page.language.value}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(page.title)}</h1>"
        f"{_verdict(page.verdict, page.verdict_words, page.sentence)}{_facts(page.facts)}{signatures}</main>"
        f"<footer>{escape(page.labels['about'])}</footer></body></html>"
    )


def _verdict(verdict: Indication | None, words: str, sentence: str = "") -> str:
    kind = _CLASSES[verdict] if verdict else "open"
    return f'<p class="verdict {kind}"><strong>{escape(words)}</strong>{escape(sentence)}</p>'


def _facts(facts: tuple[Fact, ...], *, lists: str = "") -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts)
    return f"<dl>{rows}{lists}</dl>"


def _signature(part: SignaturePart, labels: dict[str, str]) -> str:
    lists = _list(labels["covered"], part.covered or (labels["nothing"],))
    lists += _list(labels["not covered"], part.not_covered)
    head = "".join(f"<th>{escape(labels[one])}</th>" for one in ("check", "result", "clause", "detail"))
    rows = "".join(map(_row, part.checks))
    return (
        f"<section><h2>{escape(part.heading)}</h2>{_verdict(part.verdict, part.verdict_words)}"
        f"{_facts(part.facts, lists=lists)}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _list(label: str, names: tuple[str, ...]) -> str:
    items = "".join(f"<li>{escape(one)}</li>" for one in names)
    return f"<dt>{escape(label)}</dt><dd><ul>{items}</ul></dd>"


def _row(row: CheckRow) -> str:
    kind = {True: "good", False: "bad", None: "open"}[row.passed]
    cells = f'<td>{escape(row.name)}</td><td class="{kind}">{escape(row.result)}</td>'
    return f"<tr>{cells}<td>{escape(row.clause)}</td><td>{escape(row.detail)}</td></tr>"
