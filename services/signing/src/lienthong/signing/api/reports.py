"""A report in the form and the language that the client asks for."""

import asyncio
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from lienthong.shared.edxml.media_types import PDF
from lienthong.shared.negotiation import preferred
from lienthong.shared.signatures.report import Report
from lienthong.shared.signatures.report_html import POLICY, report_html
from lienthong.shared.signatures.report_page import page_of
from lienthong.shared.signatures.report_pdf import report_pdf
from lienthong.shared.signatures.report_words import Language

JSON: Final = "application/json"
HTML: Final = "text/html"
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": (
            "The report: JSON, or a page to read by `Accept: text/html` or `Accept: application/pdf`, in Vietnamese or"
            " by `Accept-Language: en` in English"
        ),
        "content": {
            HTML: {"schema": {"type": "string"}},
            PDF: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


async def answer(report: Report, request: Request) -> Response:
    """The report as JSON, HTML or PDF, by ``Accept``; pages by ``Accept-Language``."""
    form = preferred(request.headers.get("accept"), (JSON, HTML, PDF))
    if form == JSON:
        return Response(report.model_dump_json(), media_type=JSON)
    language = Language(preferred(request.headers.get("accept-language"), list(Language)))
    page = page_of(report, language=language)
    headers = {"Content-Language": language.value, "Vary": "Accept, Accept-Language"}
    if form == HTML:
        return HTMLResponse(report_html(page), headers={**headers, "Content-Security-Policy": POLICY})
    content = await asyncio.to_thread(report_pdf, page, at=report.checked_at)
    return Response(content, media_type=PDF, headers=headers)
