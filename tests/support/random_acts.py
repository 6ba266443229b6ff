"""Random reorganisations, and a replay of them that is as simple as can be: what the registry is compared with."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Record = dict[str, Any]
"""An agency: code, old_code, name, parent, level, node."""
DECISION = {"number": "1676/NQ-UBTVQH15", "date": "2025-06-16"}


@dataclass
class World:
    """All that is true at one moment."""

    open: dict[str, Record] = field(default_factory=dict)
    closed: dict[str, list[str]] = field(default_factory=dict)
    last: dict[str, Record] = field(default_factory=dict)

    def answer(self, code: str) -> tuple[str, Record | None, list[str]]:
        """What is to be said of a code: its status, its record, its successors."""
        if code in self.open:
            return "active", self.open[code], []
        if code in self.closed:
            return "closed", self.last[code], self.closed[code]
        return "unknown", None, []

    def children(self, code: str) -> list[str]:
        """Codes directly below, sorted."""
        return sorted(one for one, record in self.open.items() if record["parent"] == code)

    def ends(self, code: str) -> list[str]:
        """Who answers for a code in the end."""
        if code in self.open:
            return [code]
        return list(dict.fromkeys(end for one in self.closed[code] for end in self.ends(one)))

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> None:
        """One operation after the other; those below closed ones follow last."""
        for one in operations:
            if one["do"] == "establish":
                self.open[one["code"]] = {
                    "code": one["code"],
                    "old_code": one.get("old_code"),
                    "name": one["name"],
                    "parent": one.get("parent"),
                    "level": one["level"],
                    "node": one.get("node"),
                }
        for one in operations:
            if one["do"] in {"rename", "place", "move"}:
                member = {"rename": "name", "place": "node", "move": "parent"}[one["do"]]
                self.open[one["code"]][member] = one[member]
        for one in operations:
            if one["do"] == "recode":
                self._close(one["code"], [one["new_code"]])
                record = {**self.last[one["code"]], "code": one["new_code"], "old_code": one.get("old_code")}
                self.open[one["new_code"]] = record
            elif one["do"] in {"merge", "split", "dissolve"}:
                self._close(one["code"], list(one.get("into", [])))
        self._follow()

    def _close(self, code: str, successors: list[str]) -> None:
        self.last[code] = self.open.pop(code)
        self.closed[code] = successors

    def _follow(self) -> None:
        for record in self.open.values():
            if record["parent"] in self.closed:
                [record["parent"]] = self.ends(record["parent"])


@dataclass
class RandomHistory:
    """A map that changes at random. ``worlds`` has each moment with what was true from then on."""

    random: Random
    begin: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    world: World = field(default_factory=World)
    worlds: list[tuple[datetime, World]] = field(default_factory=list)
    made: int = 0

    def start(self, count: int) -> list[Record]:
        """The first agencies: a random tree; parents come first."""
        codes: list[str] = []
        for _ in range(count):
            parent = self.random.choice(codes) if codes and self.random.random() < 0.95 else None
            if parent is not None and self._depth(parent) > 4:
                parent = codes[0]
            code = self._new_code()
            old = f"000.{len(codes) % 100:02d}.{len(codes) // 100:02d}.H99" if self.random.random() < 0.5 else None
            self.world.open[code] = _record(code, old, parent)
            codes.append(code)
        self.worlds.append((datetime.min.replace(tzinfo=UTC), deepcopy(self.world)))
        return [dict(record) for record in self.world.open.values()]

    def act(self, size: int) -> tuple[datetime, list[dict[str, Any]]]:
        """Random operations, not applied yet; some of them may be impossible."""
        self.made += 1
        moment = self.begin + timedelta(days=self.made, minutes=self.random.randrange(600))
        free = sorted(self.world.open)
        self.random.shuffle(free)
        return moment, [self._operation(free) for _ in range(min(size, len(free) // 4))]

    def applied(self, moment: datetime, operations: Sequence[Mapping[str, Any]]) -> None:
        """Remembers the act as done."""
        self.world.apply(operations)
        self.worlds.append((moment, deepcopy(self.world)))

    def at(self, moment: datetime) -> World:
        """What was true then."""
        return [world for begin, world in self.worlds if begin <= moment][-1]

    def codes(self) -> list[str]:
        """Every code that ever was."""
        return sorted({*self.world.open, *self.world.closed})

    def _operation(self, free: list[str]) -> dict[str, Any]:
        code, other, third = free.pop(), free[0], free[1]
        kind = self.random.choice(["establish", "merge", "split", "dissolve", "rename", "recode", "move", "place"])
        said: dict[str, dict[str, Any]] = {
            "establish": {},
            "merge": {"into": [other]},
            "split": {"into": [other, third], "rule": "all"},
            "dissolve": {"into": self.random.choice([[], [other]])},
            "rename": {"name": f"Mới {self.random.randrange(10**6)}"},
            "recode": {"new_code": self._new_code()},
            "move": {"parent": other},
            "place": {"node": self.random.choice(["H28", "G22"])},
        }
        if kind == "establish":
            record = _record(self._new_code(), None, code)
            return {"do": kind, **{name: value for name, value in record.items() if value is not None}}
        return {"do": kind, "code": code, **said[kind]}

    def _new_code(self) -> str:
        self.made += 1
        return f"H{self.random.randrange(10, 99)}.{self.made}"

    def _depth(self, code: str) -> int:
        parent = self.world.open[code]["parent"]
        return 0 if parent is None else 1 + self._depth(parent)


def act_file(moment: datetime, operations: Sequence[Mapping[str, Any]], title: str = "Sắp xếp") -> bytes:
    """An act as it is uploaded."""
    body = {"title": title, "effective": moment.isoformat(), "decision": DECISION, "operations": list(operations)}
    return json.dumps(body).encode()


def _record(code: str, old_code: str | None, parent: str | None) -> Record:
    name = f"UBND xã {code}"
    return {"code": code, "old_code": old_code, "name": name, "parent": parent, "level": "commune", "node": None}
