"""A made-up national directory with the real one's size and proportions, and the act of 1 July 2025 over it.

Deterministic: the same seed gives the same agencies. The provinces are the real ones; below them all is invented.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from lienthong.shared.contracts.directory import AgencyEntry, Level, NodeEntry
from lienthong.shared.identifiers import AgencyCode, NodeId

PROVINCES: Final = Path(__file__).parents[1] / "data" / "directory" / "provinces-2025.csv"
AGENCIES: Final = 111_339
"""Of the national directory in 2025."""
DISTRICTS: Final = 696
COMMUNES: Final = 10_035
COMMUNES_AFTER: Final = 3_321
DEPARTMENTS: Final = 35
"""Beside its districts: one province has given out 46 codes at level 2, 638 at level 3 and 955 at level 4."""
DEPARTMENT_UNITS: Final = 8
DISTRICT_OFFICES: Final = 18
FIRST_DISTRICT: Final = DEPARTMENTS + 1
CENTRAL: Final = 22

FIELDS: Final = (
    *("Nội vụ", "Xây dựng", "Tài chính", "Tư pháp", "Y tế", "Công Thương", "Khoa học và Công nghệ"),
    *("Giáo dục và Đào tạo", "Nông nghiệp và Môi trường", "Văn hóa, Thể thao và Du lịch", "Dân tộc và Tôn giáo"),
)
UNITS: Final = (
    "Văn phòng",
    "Thanh tra",
    "Chi cục",
    "Trung tâm",
    "Ban Quản lý dự án",
    "Phòng Kế hoạch",
    "Phòng Tổ chức",
)
COMMUNE_UNITS: Final = (
    "Trường Tiểu học",
    "Trường THCS",
    "Trường Mầm non",
    "Trạm Y tế",
    "Công an",
    "Ban Chỉ huy quân sự",
)
SYLLABLES: Final = (
    *("An", "Bình", "Cao", "Châu", "Đà", "Đông", "Đức", "Giang", "Hà", "Hải", "Hang", "Hòa", "Hồng", "Hưng", "Kia"),
    *("Kim", "Lạc", "Lâm", "Liên", "Long", "Lộc", "Mai", "Minh", "Mỹ", "Nam", "Nghĩa", "Ngọc", "Ninh", "Phong", "Phú"),
    *("Phúc", "Phước", "Quang", "Quế", "Quỳnh", "Sơn", "Tam", "Tân", "Tây", "Thạch", "Thái", "Thanh", "Thịnh", "Thủy"),
    *(
        "Thượng",
        "Tiến",
        "Trung",
        "Trường",
        "Tú",
        "Vân",
        "Văn",
        "Việt",
        "Vĩnh",
        "Xuân",
        "Yên",
        "Bản",
        "Pà",
        "Cò",
        "Mường",
    ),
    *("Chiềng", "Nậm", "Tà", "Khao", "Sủng", "Lùng", "Phìn", "Ea", "Kông", "Ia", "Đắk", "Krông", "Buôn", "Hồ", "Thới"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Province:
    """A province of before, and the one that it is part of afterwards."""

    code: str
    name: str
    became: str


@dataclass(slots=True, kw_only=True)
class District:
    """A district, its communes (codes), and how many are left of them afterwards."""

    code: str
    province: Province
    communes: list[str] = field(default_factory=list)
    left: int = 1


@dataclass(slots=True, kw_only=True)
class Nation:
    """The directory before the act, parents before children; and what the act needs to know of it."""

    agencies: list[AgencyEntry]
    nodes: list[NodeEntry]
    provinces: Sequence[Province]
    districts: Sequence[District]
    units: Mapping[str, Sequence[str]]
    """Codes below each department, district and commune."""


def provinces() -> list[Province]:
    """The 63, by code. Source: Decision 09/2025 for what became of them."""
    with PROVINCES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [Province(code=row["code"], name=row["name"], became=row["became_code"]) for row in rows]


def make_nation(seed: int = 2025) -> Nation:
    """111,339 agencies of four levels, both generations of codes, on a node for each province and a central one."""
    maker = _Maker(random=Random(seed))  # noqa: S311 — the same seed, the same nation
    maker.make()
    return Nation(
        agencies=maker.agencies,
        nodes=maker.nodes,
        provinces=maker.provinces,
        districts=maker.districts,
        units=maker.units,
    )


@dataclass(slots=True, kw_only=True)
class _Maker:
    random: Random
    provinces: list[Province] = field(default_factory=provinces)
    agencies: list[AgencyEntry] = field(default_factory=list)
    nodes: list[NodeEntry] = field(default_factory=list)
    districts: list[District] = field(default_factory=list)
    units: dict[str, list[str]] = field(default_factory=dict)

    def make(self) -> None:
        self._node("G22", None, "Văn phòng Chính phủ", Level.CENTRAL)
        for number in range(1, CENTRAL + 1):
            name = "Văn phòng Chính phủ" if number == 22 else f"Bộ {FIELDS[number % len(FIELDS)]} {number}"
            self._add((f"G{number:02d}",), name, Level.CENTRAL, node="G22")
        for province in self.provinces:
            self._node(province.code, "G22", f"Nút tỉnh {province.name}", Level.PROVINCE)
            self._province(province)
        left = shares(COMMUNES_AFTER, [len(district.communes) for district in self.districts])
        for district, count in zip(self.districts, left, strict=True):
            district.left = count
        self._communes_units()

    def _province(self, province: Province) -> None:
        self._add((province.code,), f"UBND tỉnh {province.name}", Level.PROVINCE, node=province.code)
        for number in range(1, DEPARTMENTS + 1):
            name = f"{FIELDS[number % len(FIELDS)]} {number // len(FIELDS) or ''}".strip()
            department = self._add(
                (province.code, f"{number:02d}"), f"Sở {name} tỉnh {province.name}", Level.PROVINCE, node=province.code
            )
            for unit in range(1, DEPARTMENT_UNITS + 1):
                title = f"{UNITS[unit % len(UNITS)]} Sở {name} {province.name}"
                self._unit(department, (province.code, f"{number:02d}", f"{unit:02d}"), title, Level.PROVINCE)
        count = shares(DISTRICTS, [1] * len(self.provinces))[self.provinces.index(province)]
        for number in range(FIRST_DISTRICT, FIRST_DISTRICT + count):
            self._district(province, number)

    def _district(self, province: Province, number: int) -> None:
        parts, name = (province.code, f"{number:02d}"), self._place()
        code = self._add(parts, f"UBND huyện {name}", Level.DISTRICT, node=province.code)
        district = District(code=code, province=province)
        communes = shares(COMMUNES, [1] * DISTRICTS)[len(self.districts)]
        for commune in range(1, communes + 1):
            made = self._add((*parts, f"{commune:02d}"), f"UBND xã {self._place()}", Level.COMMUNE, node=province.code)
            district.communes.append(made)
        for office in range(communes + 1, communes + 1 + DISTRICT_OFFICES):
            title = f"Phòng {FIELDS[office % len(FIELDS)]} huyện {name}"
            self._unit(code, (*parts, f"{office:02d}"), title, Level.DISTRICT)
        self.districts.append(district)

    def _communes_units(self) -> None:
        """What is left of the number stands below communes: schools, health stations, police."""
        communes = [(district, commune) for district in self.districts for commune in district.communes]
        names = {entry.code: entry.name.removeprefix("UBND ") for entry in self.agencies}
        counts = shares(AGENCIES - len(self.agencies), [1] * len(communes))
        for (_, commune), count in zip(communes, counts, strict=True):
            for unit in range(1, count + 1):
                title = f"{COMMUNE_UNITS[unit % len(COMMUNE_UNITS)]} {names[AgencyCode(commune)]}"
                self._unit(commune, (*commune.split("."), f"{unit:03d}"), title, Level.COMMUNE)

    def _unit(self, above: str, parts: tuple[str, ...], name: str, level: Level) -> None:
        self.units.setdefault(above, []).append(self._add(parts, name, level, node=parts[0]))

    def _place(self) -> str:
        return " ".join(self.random.sample(SYLLABLES, self.random.choice((2, 2, 2, 3))))

    def _add(self, parts: tuple[str, ...], name: str, level: Level, *, node: str) -> str:
        code = ".".join(parts)
        old_parts = [*parts, "00", "00", "000"][: max(4, len(parts))]
        old_parts[3] = old_parts[3].zfill(3)[-3:]
        parent = ".".join(parts[:-1]) or (None if code.startswith("G") else "G22")
        self.agencies.append(
            AgencyEntry(
                code=AgencyCode(code),
                old_code=AgencyCode(".".join(reversed(old_parts))),
                name=name,
                parent=AgencyCode(parent) if parent else None,
                level=level,
                node=NodeId(node),
            )
        )
        return code

    def _node(self, code: str, parent: str | None, name: str, level: Level) -> None:
        url, above = f"https://{code.lower()}.example.vn", NodeId(parent) if parent else None
        self.nodes.append(
            NodeEntry(id=NodeId(code), parent=above, name=name, level=level, broker=code.lower(), url=url)
        )


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in whole parts that are as the weights; they add up."""
    whole, given, before, parts = sum(weights), 0, 0, []
    for weight in weights:
        before += weight
        parts.append(before * total // whole - given)
        given += parts[-1]
    return parts


def act_of_2025(nation: Nation, *, effective: str = "2025-07-01") -> dict[str, Any]:
    """63 provinces become 34, districts vanish, 10,035 communes become 3,321: an act as it is uploaded in JSON."""
    return {
        "title": "Sắp xếp đơn vị hành chính các cấp năm 2025",
        "effective": effective,
        "decision": {"number": "202/2025/QH15", "date": "2025-06-12"},
        "operations": list(_operations(nation)),
    }


def act_file_of_2025(nation: Nation, *, effective: str = "2025-07-01") -> bytes:
    """The same as a file."""
    return json.dumps(act_of_2025(nation, effective=effective), ensure_ascii=False, separators=(",", ":")).encode()


def _operations(nation: Nation) -> Iterator[dict[str, Any]]:
    for province in nation.provinces:
        if province.became != province.code:
            yield {"do": "merge", "code": province.code, "into": [province.became]}
            yield from _departments(nation, province)
    made: dict[str, int] = {}
    for district in nation.districts:
        yield from _dissolved(nation, district, made)


def _departments(nation: Nation, province: Province) -> Iterator[dict[str, Any]]:
    for number in range(1, DEPARTMENTS + 1):
        department, into = f"{province.code}.{number:02d}", f"{province.became}.{number:02d}"
        yield {"do": "merge", "code": department, "into": [into]}
        for unit in nation.units[department]:
            tail = unit.removeprefix(f"{department}.")
            yield {"do": "recode", "code": unit, "new_code": f"{into}.{province.code[1:]}{tail}"}


def _dissolved(nation: Nation, district: District, made: dict[str, int]) -> Iterator[dict[str, Any]]:
    """A district: its communes merge into fewer, below the province; the one at its seat takes over the files."""
    province, number = (
        district.province.became,
        1676 + [one.code for one in nation.provinces].index(district.province.code),
    )
    decision = {"number": f"{number}/NQ-UBTVQH15", "date": "2025-06-16"}
    new: list[str] = []
    names = SYLLABLES
    for members in _groups(district.communes, district.left):
        made[province] = made.get(province, 0) + 1
        code = f"{province}.{made[province]:03d}"
        new.append(code)
        name = f"UBND xã {names[made[province] % len(names)]} {names[made[province] * 7 % len(names)]}"
        establish = {"do": "establish", "code": code, "name": name, "parent": province, "level": "commune"}
        yield {**establish, "node": province, "decision": decision}
        serial = 0
        for commune in members:
            yield {"do": "merge", "code": commune, "into": [code], "decision": decision}
            for unit in nation.units.get(commune, ()):
                serial += 1
                yield {"do": "recode", "code": unit, "new_code": f"{code}.{serial:02d}", "decision": decision}
    yield {"do": "dissolve", "code": district.code, "into": new, **({"rule": "first"} if len(new) > 1 else {})}
    for office in nation.units[district.code]:
        yield {"do": "merge", "code": office, "into": [new[0]], "decision": decision}


def _groups(communes: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    start = 0
    for size in shares(len(communes), [1] * count):
        yield communes[start : start + size]
        start += size
