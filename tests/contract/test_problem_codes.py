"""The published catalogue of problem codes says what the code does."""

from collections import Counter
from pathlib import Path

from deploy.problems import catalogue, leaves

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"


def test_the_catalogue_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue(), (
        "run: .venv/bin/python -m deploy.problems > docs/problems.md"
    )


def test_no_two_errors_share_a_code() -> None:
    codes = Counter(kind.code for kind in leaves())

    assert [code for code, count in codes.items() if count > 1] == []


def test_codes_are_lower_case_words() -> None:
    assert [
        kind.code for kind in leaves() if not kind.code.replace("-", "").isalnum() or kind.code != kind.code.lower()
    ] == []
