"""Opens an evidence file: a container that reads in one way, whose members are the ones its manifests name."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from pydantic import ValidationError

from lienthong.shared.edxml.container import MIMETYPE, Container
from lienthong.shared.edxml.limits import GIB, Limits
from lienthong.shared.errors import InvalidInput, LienthongError
from lienthong.shared.evidence_file.contents import (
    CONTENTS,
    MAX_MEMBERS,
    MAX_SMALL_BYTES,
    SEAL,
    SEAL_MANIFEST,
    TIME_MANIFEST,
    TIME_STAMP,
    Contents,
)
from lienthong.shared.evidence_file.manifests import Manifest, read_manifest
from lienthong.shared.identifiers import Sha256

LIMITS: Final = Limits(container_entries=MAX_MEMBERS, container_bytes=4 * GIB)
"""What an evidence file may cost to open."""
_OUTSIDE = {MIMETYPE, SEAL_MANIFEST, SEAL, TIME_MANIFEST, TIME_STAMP}
"""Members that the seal does not name; the time stamp names those that matter."""


class EvidenceFileInvalid(InvalidInput):
    """The file is no evidence file, or its members are not those that its manifests name."""

    code = "evidence-file-invalid"
    title = "The evidence file is damaged or was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """An open evidence file. Digests of all members hold against the manifests; who made those is not judged yet."""

    path: Path
    contents: Contents
    small: Mapping[str, bytes]
    """Every member but the package."""
    digests: Mapping[str, Sha256]

    @contextmanager
    def package(self) -> Iterator[Path]:
        """The package as a file of its own while the block runs."""
        with NamedTemporaryFile(prefix="evidence-") as out, self.path.open("rb") as stream:
            container = Container(stream, limits=LIMITS)
            entry = next(one for one in container.entries if one.name == self.contents.package_member)
            with container.open(entry) as source:
                shutil.copyfileobj(source, out)
            out.flush()
            yield Path(out.name)


def open_evidence_file(path: Path) -> EvidenceFile:
    """The members of the file, each whole and named by its manifest.

    1. It is a container that reads in one way: no double names, paths, gaps, bombs.
    2. The seal's manifest names every member but ``META-INF`` and ``mimetype``, with the digest that it has.
    3. The time stamp's manifest names the seal's manifest and the seal, likewise.
    4. Its contents read, and the package is the one that they name.

    Raises:
        EvidenceFileInvalid: With the member that is missing, added or changed.
    """
    try:
        with path.open("rb") as stream:
            container = Container(stream, limits=LIMITS)  # 1
            digests = {entry.name: entry.facts.sha256 for entry in container.entries}
            small = {
                entry.name: _read(container, entry.name)
                for entry in container.entries
                if entry.facts.size <= MAX_SMALL_BYTES and not entry.name.startswith("package")
            }
    except LienthongError as error:
        raise EvidenceFileInvalid(f"The container does not read: {error.detail}") from error
    except OSError as error:
        raise EvidenceFileInvalid(f"The file {path} cannot be read.") from error
    sealed = {name: sha256 for name, sha256 in digests.items() if name not in _OUTSIDE}
    _require_covered(_manifest(small, SEAL_MANIFEST, SEAL), sealed)  # 2
    stamped = {name: sha256 for name, sha256 in digests.items() if name in {SEAL_MANIFEST, SEAL}}
    _require_covered(_manifest(small, TIME_MANIFEST, TIME_STAMP), stamped)  # 3
    contents = _contents(small)  # 4
    if digests.get(contents.package_member) != contents.package.sha256:
        raise EvidenceFileInvalid("The package is not the one that the contents name.")
    return EvidenceFile(path=path, contents=contents, small=small, digests=digests)


def is_evidence_file(path: Path) -> bool:
    """Whether the file says of itself that it is one; nothing is checked."""
    try:
        with path.open("rb") as stream:
            return any(entry.name == CONTENTS for entry in Container(stream, limits=LIMITS).entries)
    except (LienthongError, OSError):
        return False


def _read(container: Container, name: str) -> bytes:
    entry = next(one for one in container.entries if one.name == name)
    with container.open(entry) as file:
        return file.read(MAX_SMALL_BYTES)


def _manifest(small: Mapping[str, bytes], member: str, signature: str) -> Manifest:
    if member not in small:
        raise EvidenceFileInvalid(f"The member {member} is missing.")
    try:
        manifest = read_manifest(small[member])
    except LienthongError as error:
        raise EvidenceFileInvalid(f"{member}: {error.detail}") from error
    if manifest.signature != signature:
        raise EvidenceFileInvalid(f"{member} is covered by another member than {signature}.")
    return manifest


def _require_covered(manifest: Manifest, present: Mapping[str, Sha256]) -> None:
    named = set(manifest.digests)
    for what, members in (("missing", named - set(present)), ("not named by the manifest", set(present) - named)):
        if members:
            raise EvidenceFileInvalid(f"{min(members)} is {what}.")
    for name, sha256 in manifest.digests.items():
        if present[name] != sha256:
            raise EvidenceFileInvalid(f"{name} was changed.")


def _contents(small: Mapping[str, bytes]) -> Contents:
    try:
        return Contents.model_validate_json(small.get(CONTENTS, b""))
    except ValidationError as error:
        raise EvidenceFileInvalid(f"{CONTENTS} does not read.") from error
