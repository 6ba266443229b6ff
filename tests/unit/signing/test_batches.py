"""A batch is read whole: every line that is wrong is named, and what the digest covers cannot be swapped."""

import hashlib

import pytest

from lienthong.signing.domain.batches import read_batch
from lienthong.signing.errors import BatchInvalid, CSRInvalid
from tests.integration.signing.test_certificates import csr

HEAD = "profile,name,organisation,agency,node,csr\n"
GOOD = "officer,Nguyễn Thị Thử Ở,Ủy ban nhân dân xã Hang Kia,H28.31.05,,\n"


def none_at(_path: str) -> bytes:
    raise BatchInvalid("There is none.")


def test_names_keep_their_diacritics() -> None:
    batch = read_batch(("\ufeff" + HEAD + GOOD).encode(), none_at)

    (line,) = batch.lines
    assert (line.line, line.subject.name, line.file_name) == (2, "Nguyễn Thị Thử Ở", "00002-H28.31.05")
    assert line.subject.organisation == "Ủy ban nhân dân xã Hang Kia"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("officer,,,H28.31.05,,", "subject-invalid"),
        ("officer,A,,,,", "subject-invalid"),
        ("officer,A,,H28,H28,", "subject-invalid"),
        ("root,A,,,,", "subject-invalid"),
        ("time-stamping,A,,,,", "subject-invalid"),
        ("king,A,,H28,,", "batch-invalid"),
        ("officer,A,,H28,,missing.csr", "batch-invalid"),
        ("officer,A,,H28,,,,", "batch-invalid"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_issued(row: str, code: str) -> None:
    with pytest.raises(BatchInvalid) as refused:
        read_batch((HEAD + GOOD + row + "\n" + GOOD).encode(), none_at)

    errors = refused.value.facts["errors"]
    assert isinstance(errors, list)
    assert [(one["line"], one["code"]) for one in errors] == [(3, code)]


def test_a_request_in_a_batch_must_prove_its_key() -> None:
    with pytest.raises(BatchInvalid, match=CSRInvalid.code):
        read_batch((HEAD + "officer,A,,H28,,a.csr\n").encode(), lambda _path: b"nonsense")


@pytest.mark.parametrize("content", ["", "name\nA\n", HEAD, HEAD + '"', "profile,name,agency,is_ca\n"])
def test_what_is_no_batch_is_refused(content: str) -> None:
    with pytest.raises(BatchInvalid):
        read_batch(content.encode(), none_at)


def test_the_digest_covers_the_file_and_every_request_and_can_be_had_with_sha256sum() -> None:
    content = (HEAD + "officer,A,,H28,,a.csr\n").encode()
    one, other = csr().encode(), csr().encode()
    said = "".join(f"{hashlib.sha256(part).hexdigest()}\n" for part in (content, one))

    digest = read_batch(content, lambda _path: one).digest

    assert digest == hashlib.sha256(said.encode()).hexdigest()
    assert digest != read_batch(content, lambda _path: other).digest
    assert digest != read_batch(content.replace(b"A", b"B"), lambda _path: one).digest
