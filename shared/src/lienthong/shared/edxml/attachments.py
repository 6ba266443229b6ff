"""Reads one attachment out of a stored package: decoded and unwrapped, as a stream."""

import zlib
from collections.abc import AsyncIterator, Callable

from lienthong.shared.edxml.base64_stream import Base64Decoder, NotBase64
from lienthong.shared.edxml.errors import BadBase64, ZipDamaged
from lienthong.shared.edxml.limits import LIMITS
from lienthong.shared.edxml.model import AttachmentIndex, Encoding
from lienthong.shared.edxml.zip_entry import FirstEntry

ReadRange = Callable[[int, int], AsyncIterator[bytes]]
"""The bytes of the package from the first offset (inclusive) to the second (exclusive), in pieces."""

_PIECE_BYTES = 256 * 1024


async def read_attachment(read_range: ReadRange, index: AttachmentIndex) -> AsyncIterator[bytes]:
    """The bytes of the attachment that ``index`` describes, in pieces of at most 256 KiB or one read's worth.

    The package was checked when it was read; limits are not applied again, but the size that was found then is.

    Raises:
        BadBase64: The bytes at that place are not the ones that were indexed.
        ZipDamaged: Likewise.
    """
    encoded = read_range(index.offset, index.offset + index.encoded_size)
    match index.encoding:
        case Encoding.BASE64:
            pieces = _decoded(encoded)
        case Encoding.BASE64_ZIP:
            pieces = _unwrapped(_decoded(encoded))
        case Encoding.STORED:
            pieces = encoded
        case Encoding.DEFLATED:
            pieces = _inflated(encoded)
    left = index.size
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise ZipDamaged("The attachment is not the one that was indexed.", facts={"attachment": index.n})


async def _decoded(encoded: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    decoder = Base64Decoder()
    try:
        async for piece in encoded:
            if decoded := decoder.feed(piece):
                yield decoded
        decoder.finish()
    except NotBase64 as error:
        raise BadBase64("The attachment is not the one that was indexed.") from error


async def _unwrapped(wrapped: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    entry = FirstEntry(name_limit=LIMITS.name)
    async for piece in wrapped:
        for inflated in entry.feed(piece):
            yield inflated
        entry.rest = b""


async def _inflated(deflated: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    async for piece in deflated:
        data = piece
        while data:
            try:
                inflated = inflater.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise ZipDamaged("The attachment is not the one that was indexed.") from error
            data = inflater.unconsumed_tail
            if inflated:
                yield inflated
    if rest := inflater.flush():
        yield rest
