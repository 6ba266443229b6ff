import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.exchange.domain.vxp.files import FileHashMismatch, LineEndCutter, check_file_hash, unpadded
from lienthong.shared.identifiers import Sha256
from tests.support.vxp import captured, file_hash

SENT = ["sendEdoc-document", "sendEdoc-status", "same-client-1-sendEdoc-with-to"]


def digest(content: bytes) -> Sha256:
    return Sha256(hashlib.sha256(content).hexdigest())


def cut(body: bytes, piece_bytes: int) -> bytes:
    cutter = LineEndCutter()
    fed = [cutter.feed(body[at : at + piece_bytes]) for at in range(0, len(body), piece_bytes)]
    return b"".join(fed) + cutter.finish()


@pytest.mark.parametrize("name", SENT)
def test_the_signed_hash_is_that_of_the_file_without_the_line_end(name: str) -> None:
    request = captured(name)

    file = cut(request.body, 1000)

    check_file_hash(dict(request.headers)["XroadVnpt-hash-file"], digest(file))
    assert request.body.removeprefix(file) == b"\r\n"


def test_one_captured_hash_lacks_its_leading_zeros() -> None:
    claimed = dict(captured("sendEdoc-status").headers)["XroadVnpt-hash-file"]

    assert len(claimed) == 60
    assert claimed == file_hash(cut(captured("sendEdoc-status").body, 7))


@given(st.binary(max_size=200))
def test_both_forms_of_the_hash_are_taken(content: bytes) -> None:
    sha256 = digest(content)

    for form in (sha256, sha256.upper(), unpadded(sha256)):
        check_file_hash(form, sha256)


@pytest.mark.parametrize("claimed", ["", "0" * 64, "not hexadecimal", "ab" * 40, unpadded(digest(b"another"))])
def test_wrong_hash_of_the_file_is_refused(claimed: str) -> None:
    with pytest.raises(FileHashMismatch):
        check_file_hash(claimed, digest(b"file"))


@given(st.binary(max_size=40), st.integers(1, 7), st.sampled_from([b"", b"\r\n", b"\n", b"\r"]))
def test_only_one_line_end_is_cut_wherever_the_pieces_break(content: bytes, piece_bytes: int, end: bytes) -> None:
    whole = content + end

    assert cut(whole, piece_bytes) == whole.removesuffix(b"\r\n")
