"""Each broken sample has a code of its own with a sentence that helps, and leaves nothing behind."""

from typing import Final

import pytest

from tests.integration.acceptance.whole_network import DATA, WholeNetwork, assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODES: Final = {
    "attachment-missing": ("edxml-attachment-missing", "Reference"),
    "bad-base64": ("edxml-bad-base64", "base64"),
    "doctype-entity": ("edxml-doctype", "<!DOCTYPE"),
    "garbage-prolog": ("edxml-not-xml", "XML declaration"),
    "pdf-damaged-by-text-conversion": ("edxml-pdf-damaged", "text"),
    "unbound-prefix": ("edxml-unbound-prefix", "xlink"),
    "unclosed-duplicate-from": ("edxml-element-unclosed", "From"),
    "wrong-namespace": ("edxml-wrong-namespace", "QCVN_102_2016"),
    "wrong-root": ("edxml-wrong-root", "edXML"),
    "zip-bomb": ("edxml-zip-bomb", "inflate"),
    "zip-path-traversal": ("edxml-zip-path", "name"),
}
"""File to code, and a word without which the sentence would not tell an integrator what to change."""


async def test_every_broken_sample_has_a_code_of_its_own() -> None:
    assert {path.stem for path in (DATA / "broken").iterdir()} == set(CODES)
    assert len({code for code, _ in CODES.values()}) == len(CODES)


@pytest.mark.parametrize("name", CODES)
async def test_a_broken_sample_is_refused_and_leaves_nothing(network: WholeNetwork, name: str) -> None:
    code, helpful = CODES[name]
    before = await network.quiet("H28")

    answer = await network.submit("H28", (DATA / "broken" / f"{name}.edxml").read_bytes())

    problem = assert_problem(answer, 413 if code.startswith("edxml-limit") else 400, code, hop="H28")
    assert helpful in problem["detail"], problem
    assert await network.holdings("H28") == before
