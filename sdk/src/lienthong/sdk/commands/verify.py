"""``lienthong verify``."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lienthong.sdk.arguments import JSONOption, ProfileOption, UTCOption
from lienthong.sdk.console import output, print_json, print_table, table, when, zone_name
from lienthong.sdk.errors import FileUnreadable, ProfileIncomplete
from lienthong.sdk.profile import load_profile
from lienthong.sdk.verifying import Judged, Verdict, load_trust, verify_evidence, verify_file
from lienthong.shared.errors import LienthongError
from lienthong.shared.evidence_file.reading import is_evidence_file
from lienthong.shared.signatures.report import Indication
from lienthong.shared.signatures.report_html import report_html
from lienthong.shared.signatures.report_page import page_of
from lienthong.shared.signatures.report_pdf import report_pdf
from lienthong.shared.signatures.report_words import Language

HELP = """Verify packages, signed PDFs, receipts and evidence files offline. Exit status 0: everything passed; 1: not.

An evidence file brings its own revocation data; the others need a trust list.

Examples: [bold]lienthong verify evidence.asice --trust root.pem[/bold] ·
[bold]lienthong verify in/*/package.edxml receipt.jws --trust root.pem --trust-list trust-list.jws[/bold]
"""
STYLES = {Indication.TOTAL_PASSED: "green", Indication.INDETERMINATE: "yellow", Indication.TOTAL_FAILED: "red"}


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(help="Package, signed PDF, receipt (JWS or kept JSON answer), or evidence file."),
    ],
    *,
    trust: Annotated[
        Path | None, typer.Option(envvar="LIENTHONG_TRUST_ROOT", help="Root certificate, PEM; the profile's without.")
    ] = None,
    trust_list: Annotated[
        Path | None,
        typer.Option(envvar="LIENTHONG_TRUST_LIST", help="Published trust list: revocation is known with it."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report on one file there: .html, or .pdf.")] = None,
    language: Annotated[Language, typer.Option(help="Of that report.")] = Language.VI,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
    utc: UTCOption = False,
) -> None:
    """Verifies files."""
    if trust is None and profile is not None:
        settings = load_profile(profile)
        trust, trust_list = settings.trust_root, trust_list or settings.trust_list
    if trust is None:
        raise ProfileIncomplete("Name the root certificate with --trust, or a profile that names it.")
    verdicts = _verdicts(files, root=trust, trust_list=trust_list)
    if html is not None:
        _write_page(verdicts, html, language)
    if as_json:
        print_json({"passed": all(v.passed for v in verdicts), "files": [v.model_dump(mode="json") for v in verdicts]})
    else:
        show_verdicts(verdicts, utc=utc)
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(1)


def _verdicts(files: Iterable[Path], *, root: Path, trust_list: Path | None) -> list[Verdict]:
    """In the order of ``files``; those that bring no trust of their own are judged by the list, in one go."""
    now = datetime.now(UTC)
    try:
        roots = root.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"The file {root} cannot be read.") from error
    evidence = {file for file in files if is_evidence_file(file)}
    verdicts = {file: verify_evidence(file, roots=roots, at=now) for file in evidence}
    if others := [file for file in files if file not in evidence]:
        store = load_trust(root, trust_list, now=now)
        for file in others:
            try:
                verdicts[file] = verify_file(file, trust=store, at=now)
            except LienthongError as error:  # one that cannot be read keeps nobody from knowing about the others
                verdicts[file] = _unreadable(file, error)
    return [verdicts[file] for file in files]


def _write_page(verdicts: Sequence[Verdict], out: Path, language: Language) -> None:
    report = verdicts[0].report if len(verdicts) == 1 else None
    if report is None:
        raise FileUnreadable("A report is written about one package, PDF or CMS signature.")
    page = page_of(report, language=language, file=verdicts[0].file.name)
    if out.suffix.lower() == ".pdf":
        out.write_bytes(report_pdf(page, at=report.checked_at))
    else:
        out.write_text(report_html(page), encoding="utf-8")


def _unreadable(file: Path, error: LienthongError) -> Verdict:
    failed = Judged(what="file", signer="", indication=Indication.TOTAL_FAILED, detail=f"{error} ({error.code})")
    return Verdict(file=file, kind="unknown", judged=(failed,))


def show_verdicts(verdicts: Iterable[Verdict], *, utc: bool) -> None:
    """Tables for people: what was found about each evidence file, then about the other files, then what failed."""
    verdicts = list(verdicts)
    others = [one for one in verdicts if one.kind != "evidence"]
    for verdict in verdicts:
        if verdict.kind == "evidence":
            show_evidence(output(), verdict, utc=utc)
    if others:
        print_table(verdict_table(others))


def show_evidence(console: Console, verdict: Verdict, *, utc: bool) -> None:
    """Every check of one evidence file, what it proves about each recipient, and one sentence at the end."""
    console.print(evidence_table(verdict, utc=utc))
    if verdict.recipients:
        console.print(recipient_table(verdict, utc=utc))
    failed = [one for one in verdict.judged if one.indication is not Indication.TOTAL_PASSED]
    if not failed:
        sentence = f"{verdict.file.name}: everything passed, {len(verdict.judged)} checks."
        console.print(Text(sentence, style="green"), soft_wrap=True)
        return
    sentence = f"{verdict.file.name}: {len(failed)} of {len(verdict.judged)} checks did not pass:"
    console.print(Text(sentence, style="red"), soft_wrap=True)
    for one in failed:
        line = f"  {one.indication.value}: {one.what}{f', {one.signer}' if one.signer else ''}: {one.detail}"
        console.print(Text(line, style=STYLES[one.indication]), soft_wrap=True)


def evidence_table(verdict: Verdict, *, utc: bool) -> Table:
    """One line per check of an evidence file."""
    about = verdict.contents
    title = verdict.file.name
    if about is not None:
        title += f": document {about.document} of {about.sender} ({about.sender_document_id})"
    made = table("What", "By", "Verdict", zone_name(utc=utc).replace("Time", "Proven"), "Detail", title=title)
    for one in verdict.judged:
        shown = Text(one.indication.value, style=STYLES[one.indication])
        proven = when(one.proven_at, utc=utc) if one.proven_at else ""
        made.add_row(one.what, one.signer_name, shown, proven, one.detail)
    return made


def recipient_table(verdict: Verdict, *, utc: bool) -> Table:
    """What an evidence file proves about each recipient."""
    made = table("Recipient", "Last proven event", "Stated by", zone_name(utc=utc))
    for one in verdict.recipients:
        code = one.agency or one.addressed_to
        shown = code if code == one.addressed_to else f"{code} (as {one.addressed_to})"
        made.add_row(shown, one.event, f"node {one.by}", when(one.time, utc=utc))
    return made


def verdict_table(verdicts: Iterable[Verdict], *, title: str | None = None) -> Table:
    """One line per signature, and one for a file without any."""
    made = table("File", "Kind", "What", "Signer", "Verdict", "Detail", title=title)
    for verdict in verdicts:
        name = verdict.file.name
        if not verdict.judged:
            made.add_row(name, verdict.kind, "–", "", Text("nothing is signed", style="yellow"), "")
        for one in verdict.judged:
            shown = Text(one.indication.value, style=STYLES[one.indication])
            made.add_row(name, verdict.kind, one.what, one.signer_name, shown, one.detail)
    return made
