"""``/v1/agencies.csv``: all agencies out, or a file of them in with a report per line."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from lienthong.registry.api.dependencies import DirectoryWriter, FactoryDependency
from lienthong.registry.domain.agencies import Outcome, Verdict
from lienthong.registry.domain.agency_csv import COLUMNS, MAX_CSV_BYTES
from lienthong.registry.errors import ActDue, CSVTooLarge, CSVUnreadable
from lienthong.registry.usecases.place_agencies import import_agencies
from lienthong.registry.usecases.read_directory import export_csv
from lienthong.shared.problems import problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing

_EXAMPLE = (
    ",".join(COLUMNS) + "\nH28.31.05,000.05.31.H28,UBND xã Hang Kia,H28.31,commune,H28.31.05,hangkia@example.vn\n"
)
_REPORT: JsonDict = {
    "lines": 2,
    "created": 1,
    "updated": 0,
    "unchanged": 0,
    "refused": 1,
    "report": [
        {"line": 2, "code": "H28.31.05", "outcome": "created", "detail": "", "warnings": []},
        {
            "line": 3,
            "code": "H28.31.06",
            "outcome": "refused",
            "detail": "there is no agency H28.99 to be its parent",
            "warnings": [],
        },
    ],
}

router = APIRouter(prefix="/v1", tags=["agencies"])


class LineReport(BaseModel):
    """What became of one line. Line 1 is the heading."""

    line: int
    code: str
    outcome: Outcome
    detail: str
    warnings: tuple[str, ...]


class ImportReport(BaseModel):
    """What became of a file. Refused lines left the others alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REPORT]})
    lines: int
    created: int
    updated: int
    unchanged: int
    refused: int
    report: list[LineReport]


async def csv_body(request: Request) -> bytes:
    """The body, up to the limit. Raises :class:`CSVTooLarge`."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_CSV_BYTES:
            raise CSVTooLarge(
                f"The file may have {MAX_CSV_BYTES} bytes; split it.", facts={"limit_bytes": MAX_CSV_BYTES}
            )
    return bytes(content)


@router.get(
    "/agencies.csv",
    summary="All agencies as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"example": _EXAMPLE}}, "description": "UTF-8 with byte order mark"}},
)
async def export_agencies(factory: FactoryDependency) -> StreamingResponse:
    """By code; the byte order mark lets spreadsheets show Vietnamese."""
    return StreamingResponse(
        export_csv(factory.database),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="agencies.csv"'},
    )


@router.post(
    "/agencies.csv",
    summary="Import agencies from CSV",
    responses=problem_responses(TokenMissing, TokenInvalid, ScopeMissing, ActDue, CSVUnreadable, CSVTooLarge),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
async def import_csv(
    factory: FactoryDependency, caller: DirectoryWriter, content: Annotated[bytes, Depends(csv_body)]
) -> ImportReport:
    """Lines in any order. What can be stored is stored, as one version of the directory; the report says the rest."""
    verdicts = await import_agencies(factory.database, content, by=caller.client_id, now=factory.clock())
    return report_of(verdicts)


def report_of(verdicts: list[Verdict]) -> ImportReport:
    """The verdicts as they are shown."""
    counts = {outcome.value: sum(verdict.outcome is outcome for verdict in verdicts) for outcome in Outcome}
    report = [
        LineReport(
            line=verdict.line,
            code=verdict.code,
            outcome=verdict.outcome,
            detail=verdict.detail,
            warnings=verdict.warnings,
        )
        for verdict in verdicts
    ]
    return ImportReport(lines=len(verdicts), report=report, **counts)
