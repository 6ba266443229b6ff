from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from lienthong.sdk.bodies import Body, multipart
from lienthong.sdk.errors import FileUnreadable


async def _bytes_of(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.stream()])


async def test_multipart_length_is_exact_and_parts_are_readable(tmp_path: Path) -> None:
    file = tmp_path / 'Kế "hoạch".pdf'
    file.write_bytes(b"%PDF-\r\n--x" * 100_000)
    body = multipart({"subject": "Kế hoạch"}, [file])

    sent = await _bytes_of(body)

    assert len(sent) == body.length
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    _, header, attached = message_from_bytes(head + sent, policy=default).walk()
    assert header.get_content_type() == "application/json"
    assert attached.get_payload(decode=True) == file.read_bytes()


async def test_body_can_be_sent_again_from_the_beginning(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    body = Body.of([b"<", file, b">"], content_type="text/plain")

    assert await _bytes_of(body) == await _bytes_of(body) == b"<abc>"


def test_missing_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        Body.of([tmp_path / "nowhere"], content_type="text/plain")
