"""What a package may cost."""

import base64
import io
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.model import DocumentHeader
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reader import read_message
from lienthong.shared.errors import TooLarge

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"
NEW = (SAMPLES / "java/new.edxml").read_bytes()
PLAIN = (SAMPLES / "dotnet/new.edxml").read_bytes()
RELAYED = (SAMPLES / "java/relayed.edxml").read_bytes()
ENCODED = re.compile(rb"(?<=<ContentTransferEncoded>)[^<]*(?=<)")
HEADER_END = b"</edXML:MessageHeader>"
LONG_COMMENT = b"<!--" + b"x" * 2_000_000 + b"-->" + HEADER_END
NESTED = b"<edXML:x>" * 40 + b"</edXML:x>" * 40 + HEADER_END
LIMITED = {
    "depth": (NEW.replace(HEADER_END, NESTED), Limits(), "edxml-limit-depth"),
    "elements": (NEW, Limits(elements=50), "edxml-limit-elements"),
    "attributes": (NEW, Limits(attributes_per_element=0), "edxml-limit-elements"),
    "text": (NEW, Limits(text=20), "edxml-limit-text"),
    "content": (NEW, Limits(content_text=20), "edxml-limit-text"),
    "document-id": (NEW, Limits(document_id=20), "edxml-limit-text"),
    "all-text": (NEW, Limits(header_text=500), "edxml-limit-text"),
    "recipients": (NEW, Limits(recipients=1), "edxml-limit-recipients"),
    "attachments": (NEW, Limits(attachments=0), "edxml-limit-attachments"),
    "name": (NEW, Limits(name=10), "edxml-limit-name"),
    "signatures": (NEW, Limits(signatures=0), "edxml-limit-signature"),
    "signature-size": (NEW, Limits(signature_bytes=500), "edxml-limit-signature"),
    "parts": (NEW.replace(b"<Attachment>", b'<Attachment Id="a">'), Limits(signed_parts=0), "edxml-limit-parts"),
    "unwrapped": (NEW, Limits(unwrapped_bytes=500), "edxml-limit-unwrapped"),
    "comment": (NEW.replace(HEADER_END, LONG_COMMENT), Limits(), "edxml-limit-token"),
    "tag": (NEW.replace(HEADER_END, b"<ContentTransferEncoded" + b" " * 2_000_000), Limits(), "edxml-limit-token"),
}  # fmt: skip


@pytest.mark.parametrize(("package", "limits", "code"), LIMITED.values(), ids=LIMITED)
def test_a_limit_is_kept(package: bytes, limits: Limits, code: str) -> None:
    with pytest.raises(TooLarge) as refused:
        read_message(io.BytesIO(package), limits=limits)

    assert refused.value.code == code
    assert "limit" in refused.value.facts


def big_package(megabytes: int) -> Iterator[bytes]:
    start, end = ENCODED.split(PLAIN)
    yield start.replace(b"<Attachment>", b'<Attachment Id="a">')
    piece = base64.b64encode(b"%PDF-1.7\n" + bytes(range(256)) * 3 * 1024)
    for _ in range(megabytes * 1_000_000 // len(piece)):
        yield piece
    yield end


def test_memory_does_not_grow_with_the_package(tmp_path: Path) -> None:
    path = tmp_path / "big.edxml"
    with path.open("wb") as file:
        file.writelines(big_package(64))

    tracemalloc.start()
    try:
        reading = read_package(path, "application/edxml+xml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert reading.content.attachments[0].size > 45_000_000
    assert peak < 16 * 1024 * 1024


def test_many_recipients_are_read() -> None:
    to = b"<edXML:To><edXML:OrganId>H28.31</edXML:OrganId></edXML:To>"
    start, end = RELAYED.index(b"<edXML:To>"), RELAYED.rindex(b"</edXML:To>") + len(b"</edXML:To>")

    header = read_message(io.BytesIO(RELAYED[:start] + to * 5_000 + RELAYED[end:])).content.header

    assert isinstance(header, DocumentHeader)
    assert len(header.to) == 5_000
