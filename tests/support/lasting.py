"""PDFs whose signatures last: signed with time stamps and material of a PKI in memory."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO

from lienthong.shared.signatures.pades import Lasting, Level, sign_pdf
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.trust import TrustStore
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pki import NOW, PKI, Credential
from tests.support.time_stamping import TimeStamper


def signed_to_last(
    pki: PKI,
    signer: Credential,
    level: Level,
    *,
    stamp: Stamp | None = None,
    trust: TrustStore | None = None,
    pdf: bytes | None = None,
    at: datetime = NOW,
) -> bytes:
    """A PDF signed at ``at`` with the means for ``level``."""
    out = BytesIO()
    means = Lasting(level=level, stamp=stamp or TimeStamper.of(pki).stamp, trust=trust or pki.trust())
    sign_pdf(BytesIO(pdf or minimal_pdf()), out, key=local_key(signer), at=at, lasting=means)
    return out.getvalue()


def in_turn(*stamps: Stamp) -> Stamp:
    """Each stamp once, in this order: the signature's first, the document's next."""
    left = list(stamps)

    def stamp(digest: bytes) -> bytes:
        return left.pop(0)(digest)

    return stamp


def over_something_else(stamp: Stamp) -> Stamp:
    """A stamp over another digest than it is asked for."""
    return lambda digest: stamp(bytes(len(digest)))


def raising(error: Exception) -> Callable[[bytes], bytes]:
    """A stamp that fails."""

    def stamp(_digest: bytes) -> bytes:
        raise error

    return stamp
