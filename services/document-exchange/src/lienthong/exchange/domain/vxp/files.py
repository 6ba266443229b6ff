"""The file of a ``sendEdoc``: where it ends, and whether it is the one that was signed for."""

import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import Sha256

LINE_END: Final = b"\r\n"
"""What the SDK appends to the file; no part of it."""
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]{32,64}")


class FileHashMismatch(InvalidInput):
    """The file is not the one whose hash the caller signed: it was cut short or changed on its way."""

    code = "vxp-file-hash-mismatch"
    title = "The file is not the one that was signed for"


def unpadded(sha256: Sha256) -> str:
    """The digest as the SDK prints it: each byte in hexadecimal without a leading zero, 32 to 64 characters."""
    return "".join(f"{byte:x}" for byte in bytes.fromhex(sha256))


def check_file_hash(claimed: str, sha256: Sha256) -> None:
    """That ``claimed``, the signed ``hash-file``, stands for the file with this SHA-256.

    An unpadded form may stand for several digests, at most the ways to choose 16 of 32 bytes, fewer than 2^30: another
    file that passes takes some 2^226 tries.

    Raises:
        FileHashMismatch: Step 1 or 2.
    """
    # 1. It has the form of either way to print a digest.
    if not _HEXADECIMAL.fullmatch(claimed):
        raise FileHashMismatch("XroadVnpt-hash-file must be the SHA-256 of the file in hexadecimal.")
    # 2. It is what either way gives for the file that arrived.
    lowered = claimed.lower()
    if not any(hmac.compare_digest(lowered, form) for form in (sha256, unpadded(sha256))):
        raise FileHashMismatch(
            "The file that arrived has another SHA-256 than XroadVnpt-hash-file says. Send it again.",
            facts={"sha256": sha256},
        )


@dataclass(slots=True)
class LineEndCutter:
    """Passes a body on without the line end that the SDK appends: holds the last two bytes back until it knows."""

    has_cut: bool = field(default=False, init=False)
    """Whether a line end stood there."""
    _held: bytes = field(default=b"", init=False)

    def feed(self, piece: bytes) -> bytes:
        """What is surely part of the file."""
        joined = self._held + piece
        cut = max(len(joined) - len(LINE_END), 0)
        self._held = joined[cut:]
        return joined[:cut]

    def finish(self) -> bytes:
        """The rest of the file."""
        self.has_cut = self._held == LINE_END
        return b"" if self.has_cut else self._held
