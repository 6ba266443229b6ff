"""Submits a header with files: a package is made of them and signed, once.

Every package that is made has identifiers, a time and a signature of its own, so that a repeat is told by what was
asked for, and answered before anything is made: also when the signing service is away, or the key is gone.
"""

from dataclasses import dataclass
from datetime import datetime

from lienthong.exchange.domain.submission import Sender, idempotency_key
from lienthong.exchange.usecases.amended_documents import NamedOriginal
from lienthong.exchange.usecases.build_package import Draft, build_package
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.submit_document import (
    Submission,
    Submitted,
    asked_sha256,
    earlier_submission,
    submit_document,
)
from lienthong.shared.edxml.media_types import EDXML


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOrder:
    """What to make a package of, and for whom. ``key``: the client's own, if any."""

    draft: Draft
    sender: Sender
    sign: bool
    key: str | None
    expires_at: datetime | None = None
    amends: NamedOriginal | None = None


async def submit_draft(order: DraftOrder, process: Process) -> Submitted:
    """Takes the package that is made over, or answers as before.

    Raises:
        LienthongError: What :func:`~.build_package.build_package` and :func:`~.submit_document.submit_document` raise.
    """
    request_sha256 = order.draft.request_sha256(sign=order.sign)
    asked = asked_sha256(request_sha256, order.expires_at)
    key = idempotency_key(order.key, request_sha256)
    earlier = await earlier_submission(order.sender.client_id, key, process, asked=asked)
    if earlier is not None:
        return earlier
    async with build_package(order.draft, process, sender=order.sender, sign=order.sign) as spooled:
        submission = Submission(
            spooled=spooled,
            media_type=EDXML,
            sender=order.sender,
            key=order.key,
            request_sha256=request_sha256,
            expires_at=order.expires_at,
            amends=order.amends,
        )
        return await submit_document(submission, process)
