"""How long a node keeps packages, and what must be over before one goes; pure.

A package belongs to every document with the same bytes. It goes in two steps: it is *marked*, and after
:data:`GRACE` it is judged again and *removed*. Between the two nothing new begins to read it, and whoever adopts the
same bytes takes the mark away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from lienthong.shared.errors import Gone
from lienthong.shared.identifiers import Sha256

GRACE: Final = timedelta(hours=24)
"""Between mark and removal. Longer than any download, export or pull takes, and than any adoption awaits its commit."""
ORPHAN_AGE: Final = timedelta(hours=24)
"""A package that no document names is an orphan once it is so old; until then its document may be on its way."""


class PackageExpired(Gone):
    """The node kept the package as long as its operator decided; the document's record and evidence stay."""

    code = "package-expired"
    title = "The package is not kept any more"


class RemovalReason(StrEnum):
    """Why a package goes."""

    EXPIRED = "expired"
    """The policy's time is over for every document that has it."""
    ORPHAN = "orphan"
    """No document has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long packages stay; None: for good.

    Args:
        own: Of documents that an agency of this node sent or received, after their last delivery here has ended.
        relayed: Of documents that only passed through, after the next hop has taken them over.
    """

    own: timedelta | None
    relayed: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageUse:
    """What all documents with one package have to do with it here."""

    sha256: Sha256
    documents: int
    is_own: bool
    """An agency of this node sent or received one of them."""
    unfinished: int
    """Deliveries that were sent from here, or lie in an inbox here, and are neither done nor failed."""
    last_stored_at: datetime | None
    last_moved_at: datetime | None
    is_awaited: bool
    """An outbox row, or a signature that is to be judged again, still needs the bytes."""


def may_go(use: PackageUse, policy: RetentionPolicy, *, now: datetime) -> bool:
    """Whether the package may go at ``now``. The age of one that no document names is the caller's to check."""
    # 1. Nobody needs the bytes to send or to judge them.
    if use.is_awaited:
        return False
    # 2. No document has it.
    if not use.documents:
        return True
    # 3. Every delivery that is this node's business has ended.
    if use.unfinished:
        return False
    # 4. The policy's time is over since the last thing that happened.
    kept = policy.own if use.is_own else policy.relayed
    last = max((at for at in (use.last_stored_at, use.last_moved_at) if at is not None), default=None)
    return kept is not None and last is not None and last + kept <= now


def reason_of(use: PackageUse) -> RemovalReason:
    """Why a package that may go goes."""
    return RemovalReason.EXPIRED if use.documents else RemovalReason.ORPHAN
