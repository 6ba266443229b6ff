"""Batches: many certificates asked for in one CSV file, read whole before the first one is issued.

Source: RFC 4180 for the file, in UTF-8.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import SERVICE_PROFILES, Profile
from lienthong.signing.domain.requests import requested_key
from lienthong.signing.domain.subjects import Subject, subject_name, subject_uri
from lienthong.signing.errors import BatchInvalid, SubjectInvalid

COLUMNS: Final = ("profile", "name", "organisation", "agency", "node", "csr")
"""``organisation``, ``node`` and ``csr`` may be left out, or empty. ``csr`` is a path; empty: a key is made."""
REQUIRED: Final = frozenset({"profile", "name", "agency"})
MAX_LINES: Final = 20_000
"""Certificates of one batch."""
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024
"""Bytes of the CSV file."""
MAX_REPORTED: Final = 100
"""Errors that are told at once."""

CSRSource = Callable[[str], bytes]
"""The request at a path, PEM. Raises :class:`BatchInvalid`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One certificate that is asked for. ``line`` is its line in the file, the heading is 1. ``csr`` None: no CSR."""

    line: int
    profile: Profile
    subject: Subject
    csr: str | None

    @property
    def file_name(self) -> str:
        """The name of what comes of it, without what stands after the dot."""
        return f"{self.line:05d}-{self.subject.agency or self.subject.node or self.profile.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A file whose every line is good. ``digest`` covers it and every request that it names."""

    digest: str
    lines: tuple[BatchLine, ...]


def read_batch(content: bytes, csr_at: CSRSource) -> Batch:
    """The batch, if all of it can be issued: nothing is half done because of a mistake in line 6,000.

    The digest is the SHA-256 (hexadecimal) of a text: the SHA-256 of the file, then that of each request in the order
    of the lines, each in hexadecimal on a line of its own.

    Raises:
        BatchInvalid: With every line that is wrong, and why.
    """
    if len(content) > MAX_BATCH_BYTES:
        raise BatchInvalid(f"A batch has at most {MAX_BATCH_BYTES} bytes.")
    digests = [hashlib.sha256(content).hexdigest()]
    good: list[BatchLine] = []
    wrong: list[dict[str, object]] = []
    for number, row in _rows(content):
        try:
            line, csr = _line(number, row, csr_at)
        except LienthongError as error:
            wrong.append({"line": number, "code": error.code, "detail": error.detail})
            continue
        good.append(line)
        if csr:
            digests.append(hashlib.sha256(csr).hexdigest())
    if wrong:
        told = [f"line {one['line']}: {one['code']}: {one['detail']}" for one in wrong[:MAX_REPORTED]]
        raise BatchInvalid(
            f"{len(wrong)} lines are wrong; nothing was issued.\n" + "\n".join(told), facts={"errors": wrong}
        )
    if not good:
        raise BatchInvalid("The batch is empty.")
    digest = hashlib.sha256("".join(f"{one}\n" for one in digests).encode()).hexdigest()
    return Batch(digest=digest, lines=tuple(good))


def missing(lines: Sequence[BatchLine], issued: Mapping[int, object]) -> list[BatchLine]:
    """Those that no certificate came of yet."""
    return [line for line in lines if line.line not in issued]


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True, restval="")
        columns = set(reader.fieldnames or ())
        if not columns.issuperset(REQUIRED) or not columns.issubset(COLUMNS):
            raise BatchInvalid(f"The first line names the columns: {','.join(COLUMNS)}.")
        for count, row in enumerate(reader):
            if count >= MAX_LINES:
                raise BatchInvalid(f"A batch has at most {MAX_LINES} certificates.")
            yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise BatchInvalid("The batch is a CSV file in UTF-8, with commas.") from error


def _line(number: int, row: Mapping[str, str], csr_at: CSRSource) -> tuple[BatchLine, bytes]:
    if None in row:
        raise BatchInvalid("It has more fields than the heading.")
    fields = {name: value.strip() for name, value in row.items()}
    try:
        profile = Profile(fields["profile"])
    except ValueError as error:
        raise BatchInvalid(f"There is no profile '{fields['profile'][:40]}'.") from error
    if profile.rules.is_ca or profile in SERVICE_PROFILES:
        raise SubjectInvalid("The authority and the signing service make their own certificates.")
    subject = Subject(
        name=fields["name"],
        organisation=fields.get("organisation", ""),
        agency=AgencyCode(fields["agency"]) if fields["agency"] else None,
        node=NodeId(fields["node"]) if fields.get("node") else None,
    )
    subject_name(profile, subject)
    subject_uri(profile, subject)
    path = fields.get("csr", "")
    csr = csr_at(path) if path else b""
    text = csr.decode("ascii", "replace")
    if csr:
        requested_key(text, profile)
    return BatchLine(line=number, profile=profile, subject=subject, csr=text or None), csr
