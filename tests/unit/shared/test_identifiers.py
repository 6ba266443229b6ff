"""The two generations of identity codes."""

import pytest

from lienthong.shared.identifiers import CodeForm, code_form, is_sha256, new_form_of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.00.G22", "G22"),
        ("000.00.31.H28", "H28.31"),
        ("000.05.31.H28", "H28.31.05"),
        ("000.00.01.H27", "H27.01"),
        ("001.05.31.H28", "H28.31.05.001"),
    ],
)
def test_an_old_code_names_its_new_form(old: str, new: str) -> None:
    assert code_form(old) is CodeForm.QCVN_102_2016
    assert new_form_of(old) == new


@pytest.mark.parametrize("code", ["G22", "H28.31.05", "H01.151.01", "H37.DN.001", "A80"])
def test_new_codes_are_recognised(code: str) -> None:
    assert code_form(code) is CodeForm.DECISION_20_2020
    assert new_form_of(code) is None


@pytest.mark.parametrize("code", ["28.22.H17", "01.02.G22", "vxp.saas.03", "", "Z28", "H28." + "1" * 40, "H28\n"])
def test_codes_of_neither_form_are_other(code: str) -> None:
    assert code_form(code) is CodeForm.OTHER


def test_digests_have_one_form() -> None:
    assert is_sha256("0" * 64)
    assert not is_sha256("0" * 63)
    assert not is_sha256("A" * 64)
    assert not is_sha256("0" * 64 + "\n")
