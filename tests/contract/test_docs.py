"""The pages name files that are there: a reader who follows a document through the code finds each of them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT,
    ROOT / "tests",
    *(path.parent for path in ROOT.glob("*/src/lienthong")),
    *(path for path in ROOT.glob("**/src/lienthong/*") if ".venv" not in path.parts),
    *(path for path in ROOT.glob("services/*/src/lienthong")),
]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_modules_exist(page: Path) -> None:
    named = set(re.findall(r"`([\w./-]+/[\w-]+\.py)(?:: ?\w+)?`", page.read_text(encoding="utf-8")))

    assert {name for name in named if not _exists(name)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_tree_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [one for one in targets if not (page.parent / one).exists()] == []


def test_every_attack_has_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)(?:\[([^\]`]+)\])?`", page)

    assert [one for one in named if not _is_test(*one)] == []
    assert page.count("| `") == len(named) + page.count(".py` |") > 70, "a row without a test"


def _is_test(file: str, function: str, row: str) -> bool:
    """Rows of tables are literals of the test's own file, or of the table that it reads."""
    path = ROOT / "tests" / file
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    if path.name == "test_path_validation.py":
        text += (ROOT / "tests" / "data" / "path_validation" / "cases.toml").read_text(encoding="utf-8")
    return re.search(rf"^(async )?def {function}\(", text, re.MULTILINE) is not None and (not row or row in text)


def _exists(name: str) -> bool:
    below = name.removeprefix("shared/")
    return any((source / name).is_file() or (source / below).is_file() for source in SOURCES)
