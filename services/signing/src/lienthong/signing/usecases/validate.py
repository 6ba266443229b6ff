"""Validate the signatures of a PDF or of a package with the trust that this service publishes."""

import asyncio
from datetime import datetime
from pathlib import Path

from lienthong.shared.edxml.media_types import ASICE, EDXML, PDF
from lienthong.shared.edxml.package import read_package
from lienthong.shared.signatures.pades import validate_pdf
from lienthong.shared.signatures.report import PackageSignature, Report, worst
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.validation import validate_package
from lienthong.signing.errors import UnsupportedMediaType
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.trust_list import current_trust_list

MEDIA_TYPES = (PDF, EDXML, ASICE)


def require_supported(media_type: str) -> str:
    """``media_type``, if it can be validated. Raises :class:`UnsupportedMediaType`."""
    if media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"Send one of {', '.join(MEDIA_TYPES)}.")
    return media_type


async def validate(resources: Resources, path: Path, *, media_type: str, at: datetime | None) -> Report:
    """What is to be said about the signatures of a file, as of ``at`` (None: now).

    Roots are those of the configured file, foreign ones included; the rest is what this service publishes.

    Raises:
        NotInitialised: There is no authority yet, and so no trust.
        InvalidInput: The file is no package, or no PDF.
    """
    trust_list = await current_trust_list(resources)
    roots = await asyncio.to_thread(resources.settings.root_path.read_bytes)
    trust = TrustStore.from_list(trust_list, roots=roots)
    moment = at or resources.clock()
    return await asyncio.to_thread(_report, path, media_type, trust=trust, at=moment)


def _report(path: Path, media_type: str, *, trust: TrustStore, at: datetime) -> Report:
    if media_type == PDF:
        return _report_on_pdf(path, trust=trust, at=at)
    reading = read_package(path, media_type)
    return validate_package(path, reading, media_type=media_type, trust=trust, at=at)


def _report_on_pdf(path: Path, *, trust: TrustStore, at: datetime) -> Report:
    with path.open("rb") as pdf:
        signatures = validate_pdf(pdf, where="document", trust=trust, at=at)
    poorest = worst(signatures)
    return Report(
        package=PackageSignature.ABSENT,
        indication=poorest.indication if poorest else None,
        sub_indication=poorest.sub_indication if poorest else None,
        signatures=signatures,
        checked_at=at,
    )
