"""Base64 piece by piece; decoded strictly but for white space. Source: RFC 4648 section 4."""

import binascii
import io
import re
from typing import BinaryIO

from typing_extensions import Buffer

_WHITESPACE = b" \t\r\n"
_SPACES = (b"\n", b"\r", b" ", b"\t")
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/= \t\r\n]")


class NotBase64(ValueError):
    """The text is not base64; ``index`` is the first foreign byte of the piece, None if none is foreign."""

    def __init__(self, index: int | None = None) -> None:
        super().__init__("not base64")
        self.index = index


class Base64Decoder:
    """Decodes what it is fed: white space anywhere is skipped, padding is required and ends the text."""

    def __init__(self) -> None:
        self._carry = b""
        self._padded = False

    def feed(self, data: bytes) -> bytes:
        """The bytes that the text so far completes. Raises :class:`NotBase64`."""
        compact = data
        if any(space in data for space in _SPACES):
            compact = data.translate(None, _WHITESPACE)
        if not compact:
            return b""
        if self._padded:
            raise NotBase64(_foreign(data))
        if self._carry:
            compact = self._carry + compact
        whole = len(compact) & ~3
        self._carry = compact[whole:]
        if not whole:
            return b""
        return self._decoded(compact[:whole] if self._carry else compact, data)

    def finish(self) -> None:
        """Ends the text. Raises :class:`NotBase64` if it stops within a group of four."""
        if self._carry:
            raise NotBase64

    def _decoded(self, groups: bytes, data: bytes) -> bytes:
        try:
            decoded = binascii.a2b_base64(groups, strict_mode=True)
        except binascii.Error as error:
            raise NotBase64(_foreign(data)) from error
        self._padded = groups.endswith(b"=")
        return decoded


class Base64Writer(io.RawIOBase):
    """Encodes what is written to it, without line breaks; closing it ends the text and leaves ``out`` open."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._carry = b""

    def writable(self) -> bool:
        """It takes bytes; it cannot seek."""
        return True

    def write(self, data: Buffer) -> int:
        """Takes the next bytes. Gives how many: all."""
        taken = bytes(data)
        joined = self._carry + taken if self._carry else taken
        whole = len(joined) - len(joined) % 3
        self._carry = joined[whole:]
        self._out.write(binascii.b2a_base64(joined[:whole], newline=False))
        return len(taken)

    def close(self) -> None:
        """Writes what is left, with its padding."""
        if not self.closed:
            self._out.write(binascii.b2a_base64(self._carry, newline=False))
            self._carry = b""
        super().close()


def _foreign(data: bytes) -> int | None:
    found = _FOREIGN.search(data)
    return found.start() if found else None
