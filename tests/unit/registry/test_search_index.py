"""Search without diacritics and with typing errors, in an index that follows changes one by one."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.registry.domain.agencies import search_text
from lienthong.registry.domain.dated import Status
from lienthong.registry.domain.search_index import Indexed, Search, SearchIndex
from lienthong.shared.contracts.directory import Level

NAMES = {
    "G22": "Văn phòng Chính phủ",
    "H28": "UBND tỉnh Hòa Bình",
    "H28.31": "UBND huyện Mai Châu",
    "H28.31.05": "UBND xã Hang Kia",
    "H28.31.06": "UBND xã Pà Cò",
    "H28.31.07": "UBND xã Đồng Tân",
    "H36.12": "UBND phường 12",
}


def row(code: str, name: str, *, closed: bool = False) -> Indexed:
    level = [Level.PROVINCE, Level.DISTRICT, Level.COMMUNE][code.count(".")]
    old = f"000.{code[7:] or '00'}.{code[4:6] or '00'}.{code[:3]}"
    status = Status.CLOSED if closed else Status.ACTIVE
    return Indexed(code=code, old_code=old, name=search_text(name), level=level, status=status)


INDEX = SearchIndex.of(row(code, name) for code, name in NAMES.items())


def found(text: str, index: SearchIndex = INDEX, **more: object) -> list[str]:
    return index.find(Search(text=text, **{"limit": 50, **more}))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ubnd xa hang kia", ["H28.31.05"]),
        ("HANG KIA", ["H28.31.05"]),
        ("Hằng kìa", ["H28.31.05"]),
        ("hagn kia", ["H28.31.05"]),
        ("hang kja", ["H28.31.05"]),
        ("hng kia", ["H28.31.05"]),
        ("hang kiaa", ["H28.31.05"]),
        ("ubdn xa hnag kai", ["H28.31.05"]),
        ("dong tan", ["H28.31.07"]),
        ("mai ch", ["H28.31"]),
        ("phuong 12", ["H36.12"]),
        ("phuong 13", []),
        ("xq", []),
        ("khong co ai", []),
        ("h28.31", ["H28.31", "H28.31.05", "H28.31.06", "H28.31.07"]),
        ("000.05.31", ["H28.31.05"]),
        ("H28.31.99", []),
        ("%", []),
        ("\x00", []),
        ("💥", []),
    ],
)
def test_words_are_found_without_diacritics_and_with_errors(text: str, codes: list[str]) -> None:
    assert found(text) == codes


def test_what_matches_goes_before_what_nearly_matches() -> None:
    index = SearchIndex.of([row("H10", "Hang Kia"), row("H11", "Hang Kim"), row("H12", "Hang Kin")])

    assert found("hang kim", index) == ["H11"]
    assert found("hang kio", index) == ["H10", "H11", "H12"]


def test_four_errors_are_too_many() -> None:
    index = SearchIndex.of([row("H10", "Tuyên Quang Thượng Hạnh")])

    assert found("tuyem quamg thuomg hanh", index) == ["H10"]
    assert found("tuyem quamg thuomg hamh", index) == []


def test_level_status_and_place_narrow_the_find() -> None:
    index = SearchIndex.of([*INDEX.rows, row("H28.31.08", "UBND xã Hang Kia Cũ", closed=True)])

    assert found("hang kia", index) == ["H28.31.05"]
    assert found("hang kia", index, status=None) == ["H28.31.05", "H28.31.08"]
    assert found("hang kia", index, status=Status.CLOSED) == ["H28.31.08"]
    assert found("ubnd", level=Level.DISTRICT) == ["H28.31", "H36.12"]
    assert found("ubnd", among=["H28.31.05", "H28.31.06", "gone"]) == ["H28.31.05", "H28.31.06"]


def test_a_narrowed_find_forgives_errors_where_the_exact_one_is_elsewhere() -> None:
    assert found("hang kia", among=["H28.31.06"]) == []
    assert found("pa ko", among=["H28.31.06"]) == []
    assert found("dog tan", among=["H28.31.07"]) == ["H28.31.07"]


def test_pages_follow_one_another() -> None:
    pages, after = [], ""
    while page := found("ubnd", after=after, limit=2):
        pages += page
        after = page[-1]

    assert pages == found("ubnd")


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_an_index_that_followed_changes_finds_what_a_new_one_finds(seed: int) -> None:
    random = Random(seed)  # noqa: S311 — the same seed, the same changes
    syllables = ["hang", "kia", "mai", "chau", "pa", "co", "dong"]
    rows: dict[str, Indexed] = {}
    index = SearchIndex.of([])
    for _ in range(random.randint(1, 40)):
        code = f"H{random.randint(10, 40)}"
        made = row(code, " ".join(random.sample(syllables, 2)), closed=random.random() < 0.3)
        rows[code] = made
        index.put(made)

    new = SearchIndex.of(rows.values())
    for text in (*syllables, "hag kia", "H1", "000.00.00.H2"):
        for status in (None, *Status):
            assert found(text, index, status=status) == found(text, new, status=status)
