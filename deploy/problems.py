"""Writes the catalogue of problem codes from the errors: ``python -m deploy.problems > docs/problems.md``."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator

import lienthong
from lienthong.shared.errors import LienthongError
from lienthong.shared.problems import status_of

HEADER = """# Problem codes

Every error is `application/problem+json` (RFC 9457): `type` is `urn:lienthong:problem:<code>`, `code` is stable,
`detail` says what to do, `hop` names the node or service that failed. The token endpoint answers as RFC 6749 asks
instead.

| code | HTTP | meaning |
| --- | --- | --- |
"""


def leaves() -> list[type[LienthongError]]:
    """Every error with a code of its own, in the order of status and code."""
    for module in pkgutil.walk_packages(lienthong.__path__, "lienthong."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    ours = (kind for kind in _descendants(LienthongError) if kind.__module__.startswith("lienthong."))
    found = {kind for kind in ours if "code" in vars(kind)}
    return sorted(found, key=lambda kind: (status_of(kind), kind.code))


def catalogue() -> str:
    """The page."""
    rows = (f"| `{kind.code}` | {int(status_of(kind))} | {_meaning(kind)} |" for kind in leaves())
    return HEADER + "\n".join(rows) + "\n"


def _meaning(kind: type[LienthongError]) -> str:
    return (kind.__doc__ or kind.title).strip().split("\n\n")[0].replace("\n", " ").replace("    ", "")


def _descendants(kind: type[LienthongError]) -> Iterator[type[LienthongError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


if __name__ == "__main__":
    sys.stdout.write(catalogue())
