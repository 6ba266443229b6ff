"""``lienthong verify``."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from lienthong.sdk.arguments import JSONOption, ProfileOption
from lienthong.sdk.console import print_json, print_table, table
from lienthong.sdk.errors import ProfileIncomplete
from lienthong.sdk.profile import load_profile
from lienthong.sdk.verifying import Judged, Verdict, load_trust, verify_file
from lienthong.shared.errors import LienthongError
from lienthong.shared.signatures.report import Indication
from lienthong.shared.signatures.trust import TrustStore

HELP = """Verify packages, signed PDFs and receipts offline. Exit status 0: everything passed; 1: not.

Example: [bold]lienthong verify in/*/package.edxml receipt.jws --trust root.pem --trust-list trust-list.jws[/bold]
"""
STYLES = {Indication.TOTAL_PASSED: "green", Indication.INDETERMINATE: "yellow", Indication.TOTAL_FAILED: "red"}


def verify(
    files: Annotated[list[Path], typer.Argument(help="Package, signed PDF, or receipt (JWS or kept JSON answer).")],
    *,
    trust: Annotated[
        Path | None, typer.Option(envvar="LIENTHONG_TRUST_ROOT", help="Root certificate, PEM; the profile's without.")
    ] = None,
    trust_list: Annotated[
        Path | None,
        typer.Option(envvar="LIENTHONG_TRUST_LIST", help="Published trust list: revocation is known with it."),
    ] = None,
    profile: ProfileOption = None,
    as_json: JSONOption = False,
) -> None:
    """Verifies files."""
    if trust is None and profile is not None:
        settings = load_profile(profile)
        trust, trust_list = settings.trust_root, trust_list or settings.trust_list
    if trust is None:
        raise ProfileIncomplete("Name the root certificate with --trust, or a profile that names it.")
    now = datetime.now(UTC)
    store = load_trust(trust, trust_list, now=now)
    verdicts = [_verdict(file, trust=store, at=now) for file in files]
    if as_json:
        print_json({"passed": all(v.passed for v in verdicts), "files": [v.model_dump(mode="json") for v in verdicts]})
    else:
        print_table(verdict_table(verdicts))
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(1)


def _verdict(file: Path, *, trust: TrustStore, at: datetime) -> Verdict:
    """What is found about one file; one that cannot be read keeps nobody from knowing about the others."""
    try:
        return verify_file(file, trust=trust, at=at)
    except LienthongError as error:
        failed = Judged(what="file", signer="", indication=Indication.TOTAL_FAILED, detail=f"{error} ({error.code})")
        return Verdict(file=file, kind="unknown", judged=(failed,))


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
