"""Every broken sample is refused with a code of its own."""

from pathlib import Path

import pytest

from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import LienthongError

BROKEN = Path(__file__).parents[2] / "data" / "edxml" / "broken"
CODES = {
    "attachment-missing": "edxml-attachment-missing",
    "bad-base64": "edxml-bad-base64",
    "doctype-entity": "edxml-doctype",
    "garbage-prolog": "edxml-not-xml",
    "pdf-damaged-by-text-conversion": "edxml-pdf-damaged",
    "unbound-prefix": "edxml-unbound-prefix",
    "unclosed-duplicate-from": "edxml-element-unclosed",
    "wrong-namespace": "edxml-wrong-namespace",
    "wrong-root": "edxml-wrong-root",
    "zip-bomb": "edxml-zip-bomb",
    "zip-path-traversal": "edxml-zip-path",
}


def test_every_broken_sample_has_a_code_of_its_own() -> None:
    assert sorted(CODES) == sorted(path.stem for path in BROKEN.glob("*.edxml"))
    assert len(set(CODES.values())) == len(CODES)


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_a_broken_sample_is_refused_and_the_place_named(name: str, code: str) -> None:
    with pytest.raises(LienthongError) as refused:
        read_package(BROKEN / f"{name}.edxml", EDXML)

    assert refused.value.code == code
    assert refused.value.facts


def test_the_foreign_byte_of_bad_base64_is_named() -> None:
    package = BROKEN / "bad-base64.edxml"

    with pytest.raises(LienthongError) as refused:
        read_package(package, EDXML)

    offset = refused.value.facts["offset"]
    assert isinstance(offset, int)
    assert package.read_bytes()[offset : offset + 4] == b"!!!*"
