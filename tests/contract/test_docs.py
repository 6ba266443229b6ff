"""The pages name files that are there: a reader who follows a document through the code finds each of them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT,
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


def _exists(name: str) -> bool:
    below = name.removeprefix("shared/")
    return any((source / name).is_file() or (source / below).is_file() for source in SOURCES)
