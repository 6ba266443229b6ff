"""The evidence file that ends the story: fetched when every log is time-stamped and witnessed, then judged twice."""

import asyncio
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from lienthong.sdk import LienthongClient
from lienthong.sdk.verifying import Verdict, verify_evidence
from lienthong.shared.errors import Unavailable
from lienthong.shared.evidence_file.contents import (
    CERTIFICATES,
    SEAL,
    SEAL_MANIFEST,
    TIME_MANIFEST,
    TIME_STAMP,
)
from lienthong.shared.signatures.report import Indication

EVIDENCE_LIMIT: Final = timedelta(seconds=60)
"""In which the logs of all nodes must be time-stamped and witnessed; it takes a few seconds."""
OPENSSL_LIMIT: Final = timedelta(seconds=20)
"""For one command of ``openssl``."""
_LOOK_S = 0.5
_ARRIVED = "ContentHandover"


class EvidenceIncomplete(Unavailable):
    """Some log was not time-stamped and witnessed in time."""

    code = "demo-evidence-incomplete"
    title = "The evidence is not complete"


async def fetch_evidence(client: LienthongClient, document_id: str, *, out: Path, root: Path) -> Verdict:
    """The evidence file in ``out``, and what it proves; waits until nothing is missing from it.

    Raises:
        EvidenceIncomplete: Something still is.
        ProblemError: The node refused.
    """
    roots = await asyncio.to_thread(root.read_bytes)
    try:
        async with asyncio.timeout(EVIDENCE_LIMIT.total_seconds()):
            while True:
                await client.download_evidence(document_id, out)
                verdict = await asyncio.to_thread(verify_evidence, out, roots=roots, at=datetime.now(UTC))
                arrived = all(one.event == _ARRIVED for one in verdict.recipients)
                if arrived and all(one.indication is not Indication.INDETERMINATE for one in verdict.judged):
                    return verdict
                await asyncio.sleep(_LOOK_S)
    except TimeoutError as error:
        raise EvidenceIncomplete("The logs of the nodes were not time-stamped and witnessed in time.") from error


def ask_openssl(evidence: Path, root: Path, *, folder: Path) -> list[tuple[str, bool]] | None:
    """What ``openssl`` says of the time stamp and of the seal; None: it is not installed. Blocks.

    ``folder``: where the members that it reads are put.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    with zipfile.ZipFile(evidence) as container:
        for member in (SEAL_MANIFEST, SEAL, TIME_MANIFEST, TIME_STAMP, CERTIFICATES):
            container.extract(member, folder)
    return [(name, _accepts([openssl, *arguments], folder=folder)) for name, arguments in _questions(root.resolve())]


def _questions(root: Path) -> Iterator[tuple[str, list[str]]]:
    trust = ["-CAfile", str(root)]
    stamp = ["-in", TIME_STAMP, "-token_in", "-data", TIME_MANIFEST, "-untrusted", CERTIFICATES]
    yield "openssl ts -verify", ["ts", "-verify", *stamp, *trust]
    seal = ["-in", SEAL, "-content", SEAL_MANIFEST, "-certfile", CERTIFICATES]
    options = ["-binary", "-inform", "DER", "-purpose", "any", "-out", "seal.out"]
    yield "openssl cms -verify", ["cms", "-verify", *seal, *options, *trust]


def _accepts(command: list[str], *, folder: Path) -> bool:
    limit_s = OPENSSL_LIMIT.total_seconds()
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=limit_s)  # noqa: S603 — ours
    return done.returncode == 0
