"""Reads a package of either media type."""

from pathlib import Path

from lienthong.shared.edxml import media_types
from lienthong.shared.edxml.asice import read_container
from lienthong.shared.edxml.errors import MediaTypeUnknown
from lienthong.shared.edxml.limits import LIMITS, Limits
from lienthong.shared.edxml.reader import read_message
from lienthong.shared.edxml.reading import PackageReading


def read_package(path: Path, media_type: str, *, limits: Limits = LIMITS) -> PackageReading:
    """The reading of the package in the file ``path``: form checked, attachments indexed, nothing verified.

    Runs for some 7 ms per MiB and blocks: call it in a thread. Memory is bounded by ``limits``, not by the package.

    Raises:
        EdXMLInvalid: The package breaks the form; leaves say how and where.
        LimitExceeded: It exceeds a limit.
        MediaTypeUnknown: ``media_type``, without its parameters, is none of :mod:`.media_types` for packages.
    """
    match media_type.partition(";")[0].strip().lower():
        case media_types.EDXML:
            with path.open("rb", buffering=0) as stream:
                return read_message(stream, limits=limits)
        case media_types.ASICE:
            return read_container(path, limits=limits)
        case _:
            raise MediaTypeUnknown(
                f"Send the package as {media_types.EDXML} or {media_types.ASICE}.",
                facts={"media_type": media_type[:100]},
            )
