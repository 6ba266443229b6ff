"""The cases of ``tests/data/path_validation/cases.toml``: what each describes is made when it is asked for.

A certificate is what its name says unless the case says otherwise: ``root…`` is self-signed, ``leaf…`` is issued by
``ca``, everything else is an authority issued by ``root``. Every authority publishes one list.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.support.made_certificates import Spec, certificate
from tests.support.made_lists import lists_of

CASES: Final = Path(__file__).parents[1] / "data" / "path_validation" / "cases.toml"
AT: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""The moment that is judged for, unless a case says otherwise."""
_NODE: Final[Spec] = {
    "policies": ["node"],
    "eku": ["node-purpose"],
    "san": ["URI:urn:lienthong:node:H28"],
}
"""What ``node = true`` gives to a leaf: all that the profile of node seals asks for."""
_RESERVED: Final = {"judged", "id", "is", "pkits", "expect", "at", "profile", "differs", "anchors", "offered", "crl"}


@dataclass(frozen=True, kw_only=True)
class PathCase:
    """One row: ``expect`` is ``PASSED`` or a sub-indication; ``differs`` says why OpenSSL decides otherwise."""

    id: str
    expect: str
    at: datetime
    profile: str | None
    differs: str
    row: Spec

    def __str__(self) -> str:
        return self.id

    @property
    def certificates(self) -> dict[str, Spec]:
        """What is to be made, by name, with defaults filled in."""
        given = {name: spec for name, spec in self.row.items() if name not in _RESERVED}
        return {name: _filled(name, given.get(name, {})) for name in dict.fromkeys(("root", "ca", "leaf", *given))}


@dataclass(frozen=True, kw_only=True)
class MadePath:
    """What a case gives to a judge: DER. ``offered`` come with the leaf, ``anchors`` are trusted."""

    leaf: bytes
    offered: tuple[bytes, ...]
    anchors: tuple[bytes, ...]
    lists: tuple[bytes, ...]


def all_cases() -> list[PathCase]:
    """The table."""
    return [_case(row) for row in tomllib.loads(CASES.read_text())["case"]]


def make(case: PathCase) -> MadePath:
    """Makes everything that a case describes."""
    specs = case.certificates
    made = {name: certificate(spec, specs) for name, spec in specs.items()}
    anchors = case.row.get("anchors", ["root"])
    offered = case.row.get("offered", [one for one in made if one != "leaf" and one not in anchors])
    return MadePath(
        leaf=made[case.row.get("judged", "leaf")],
        offered=tuple(made[one] for one in offered),
        anchors=tuple(made[one] for one in anchors),
        lists=tuple(lists_of(case.row.get("crl", {}), specs)),
    )


def _case(row: Spec) -> PathCase:
    at = datetime.fromisoformat(row["at"]) if "at" in row else AT
    return PathCase(
        id=row["id"],
        expect=row["expect"],
        at=at,
        profile=row.get("profile"),
        differs=row.get("differs", ""),
        row=row,
    )


def _filled(name: str, given: Spec) -> Spec:
    is_leaf, is_root = name.startswith("leaf"), name.startswith("root")
    issuer = name if is_root else ("ca" if is_leaf else "root")
    usage = ["digital_signature"] if is_leaf else ["key_cert_sign", "crl_sign"]
    filled = {"name": name, "key": name, "subject": f"CN={name}", "ca": not is_leaf, "usage": usage, "issuer": issuer}
    return {**filled, **(_NODE if given.get("node") else {}), **given}
