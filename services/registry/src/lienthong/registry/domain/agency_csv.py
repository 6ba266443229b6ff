"""Agencies as CSV: UTF-8 with a byte order mark, so that spreadsheets show Vietnamese. Source: RFC 4180."""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter, ValidationError

from lienthong.registry.domain.agencies import AgencyDraft, Code, Outcome, Verdict
from lienthong.registry.errors import CSVUnreadable
from lienthong.shared.contracts.directory import AgencyEntry

COLUMNS: Final = ("code", "old_code", "name", "parent", "level", "node", "email")
"""In the order of the export; an import may have them in any order, and others besides."""
REQUIRED: Final = frozenset({"code", "name", "level"})
MAX_CSV_BYTES: Final = 32 * 1024 * 1024
"""About twice the national directory of 2025 (111,339 agencies)."""
BYTE_ORDER_MARK: Final = codecs.BOM_UTF8

_code = TypeAdapter(Code)


@dataclass(frozen=True, slots=True, kw_only=True)
class CSVReading:
    """The lines that are records by their form, and verdicts on those that are none. Line 1 is the heading."""

    entries: list[tuple[int, AgencyEntry]] = field(default_factory=list)
    refused: list[Verdict] = field(default_factory=list)


def read_csv(content: bytes) -> CSVReading:
    """Reads a whole file.

    Args:
        content: UTF-8, with or without a byte order mark; at most ``MAX_CSV_BYTES``, which the caller checks.

    Raises:
        CSVUnreadable: Not UTF-8, no heading, or a needed column is missing.
    """
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        raise CSVUnreadable("Save the file as UTF-8.", facts={"offset": error.start}) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restval="", restkey="")
    reading = CSVReading()
    try:
        _check_heading(reader.fieldnames or ())
        for row in reader:
            _read_row(reader.line_num, row, reading)
    except csv.Error as error:
        raise CSVUnreadable(f"Line {reader.line_num} is not CSV.", facts={"line": reader.line_num}) from error
    return reading


def write_csv(entries: Iterable[AgencyEntry], *, heading: bool) -> bytes:
    """Lines in UTF-8; with ``heading``, the byte order mark and the heading come first."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if heading:
        writer.writerow(COLUMNS)
    for entry in entries:
        values = entry.model_dump(mode="json")
        writer.writerow("" if values[column] is None else values[column] for column in COLUMNS)
    return (BYTE_ORDER_MARK if heading else b"") + out.getvalue().encode()


def _check_heading(names: Iterable[str]) -> None:
    missing = REQUIRED - set(names)
    if missing:
        raise CSVUnreadable(
            f"The first line must name the columns {', '.join(COLUMNS)}; missing: {', '.join(sorted(missing))}.",
            facts={"missing_columns": sorted(missing)},
        )


def _read_row(line: int, row: Mapping[str, str | list[str]], reading: CSVReading) -> None:
    values = {column: str(row.get(column, "")).strip() for column in COLUMNS}
    code = values.pop("code")
    given = {column: value for column, value in values.items() if value}
    try:
        entry = AgencyDraft.model_validate(given).entry(_code.validate_python(code))
    except ValidationError as error:
        verdict = Verdict(line=line, code=code, outcome=Outcome.REFUSED, detail=_fault(error))
        reading.refused.append(verdict)
    else:
        reading.entries.append((line, entry))


def _fault(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, found['loc'])) or 'code'}: {found['msg']}" for found in error.errors(include_url=False)
    )
