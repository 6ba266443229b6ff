import pytest

from lienthong.registry.domain.agencies import AgencyDraft
from lienthong.registry.domain.agency_csv import read_csv, write_csv
from lienthong.registry.errors import CSVUnreadable
from lienthong.shared.contracts.directory import Level

HANG_KIA = AgencyDraft(
    name='UBND xã Hang Kia, "vùng cao"',
    level=Level.COMMUNE,
    parent="H28.31",
    old_code="000.05.31.H28",
    node="H28.31.05",
    email="hangkia@example.vn",
).entry("H28.31.05")


def test_what_is_exported_can_be_imported() -> None:
    reading = read_csv(write_csv([HANG_KIA], heading=True))

    assert reading.entries == [(2, HANG_KIA)]
    assert reading.refused == []


def test_the_export_begins_with_a_byte_order_mark() -> None:
    assert write_csv([], heading=True).startswith(b"\xef\xbb\xbfcode,")


def test_columns_may_come_in_any_order_with_others_between() -> None:
    reading = read_csv("level,ghi chú,name,code\nprovince,x,UBND tỉnh Hòa Bình,H28\n".encode())

    [(line, entry)] = reading.entries
    assert (line, entry.code, entry.level, entry.parent) == (2, "H28", Level.PROVINCE, None)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("H28,,province", "name"),
        ("H28,UBND tỉnh,ward", "level"),
        ("H28 31,UBND,province", "code"),
        (",UBND,province", "code"),
        ("H28", "name"),
    ],
)
def test_a_faulty_line_is_reported_with_its_column(row: str, fault: str) -> None:
    reading = read_csv(f"code,name,level\n{row}\nG22,Văn phòng Chính phủ,central\n".encode())

    [verdict] = reading.refused
    assert verdict.line == 2
    assert fault in verdict.detail
    assert [line for line, _ in reading.entries] == [3]


@pytest.mark.parametrize(
    "content",
    [b"", b"code,name\nH28,x\n", b"\xff\xfe", "code,name,level\nH28,Hòa Bình".encode("utf-16"), b'code,name,level\n"x'],
)
def test_a_file_that_is_no_csv_of_agencies_is_refused(content: bytes) -> None:
    with pytest.raises(CSVUnreadable):
        read_csv(content)
