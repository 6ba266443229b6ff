"""Judges the signatures of a package: with the trust that is at hand, and, where that is stale, with OCSP answers."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lienthong.exchange.domain.marks import is_revocation_open
from lienthong.exchange.usecases.process import Process
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.signatures.report import Report
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.validation import validate_package


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPackage:
    """A package in a local file. ``at``: when the node received it. ``sender``: as the directory knows it."""

    path: Path
    reading: PackageReading
    media_type: str
    sender: str
    at: datetime

    def report(self, trust: TrustStore) -> Report:
        """The report; CPU-bound."""
        return validate_package(
            self.path, self.reading, media_type=self.media_type, trust=trust, at=self.at, sender=self.sender
        )


async def judge_signatures(package: JudgedPackage, process: Process) -> Report:
    """The report on all signatures; responders are asked only where no fresh list speaks, for a short while.

    Raises:
        TrustListMissing: There is nothing to judge with.
    """
    trust = process.trust.current().noting()
    report = await asyncio.to_thread(package.report, trust)
    if not is_revocation_open(report) or not trust.unanswered:
        return report
    answers = await process.responders.ask(trust.unanswered.values())
    if not answers:
        return report
    return await asyncio.to_thread(package.report, trust.with_further(ocsp=answers))
