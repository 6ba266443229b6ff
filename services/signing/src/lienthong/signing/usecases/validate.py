"""Validate the signatures of a file with the trust that this service publishes."""

import asyncio
from datetime import datetime
from pathlib import Path

from lienthong.shared.signatures.cades import known_digest
from lienthong.shared.signatures.file_validation import MEDIA_TYPES, validate_file
from lienthong.shared.signatures.report import Report
from lienthong.signing.errors import UnsupportedMediaType
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.trust_list import current_trust


def require_supported(media_type: str) -> str:
    """``media_type``, if it can be validated. Raises :class:`UnsupportedMediaType`."""
    if media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"Send one of {', '.join(MEDIA_TYPES)}.")
    return media_type


async def validate(
    resources: Resources, path: Path, *, media_type: str, at: datetime | None, digest: bytes | None = None
) -> Report:
    """What is to be said about the signatures of a file, as of ``at`` (None: now).

    ``digest`` is that of the content of a detached CMS signature.

    Raises:
        NotInitialised: There is no authority yet, and so no trust.
    """
    trust = await current_trust(resources)
    return await asyncio.to_thread(
        validate_file,
        path,
        media_type=media_type,
        trust=trust,
        at=at or resources.clock(),
        content=known_digest(digest) if digest else None,
    )
