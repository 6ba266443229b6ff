"""Opens an evidence file: a container that reads in one way, whose members are the ones its manifests name."""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from pydantic import ValidationError

from lienthong.shared.edxml.container import FOREIGN, MIMETYPE, Container, check_directory_size
from lienthong.shared.edxml.limits import GIB, READ_CHUNK_BYTES, Limits
from lienthong.shared.errors import InvalidInput, LienthongError
from lienthong.shared.evidence_file.contents import (
    CONTENTS,
    MAX_ALL_SMALL_BYTES,
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

LIMITS: Final = Limits(
    container_entries=MAX_MEMBERS, unwrapped_bytes=8 * GIB, container_bytes=8 * GIB + MAX_ALL_SMALL_BYTES
)
"""What an evidence file may cost to open: a package of any size that nodes take, and the other members."""
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
        """The package as a file of its own while the block runs. Raises :class:`EvidenceFileInvalid`."""
        digest = hashlib.sha256()
        with NamedTemporaryFile(prefix="evidence-") as out:
            try:
                with zipfile.ZipFile(self.path) as container, container.open(self.contents.package_member) as source:
                    while piece := source.read(READ_CHUNK_BYTES):
                        digest.update(piece)
                        out.write(piece)
            except (OSError, *FOREIGN) as error:
                raise EvidenceFileInvalid("The package cannot be read out of the file.") from error
            if digest.hexdigest() != self.contents.package.sha256:
                raise EvidenceFileInvalid("The file was changed while it was read.")
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
            small = _small(container)
    except EvidenceFileInvalid:
        raise
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
    """Whether the file says of itself that it is one, be it damaged or not; nothing is checked."""
    try:
        with path.open("rb") as stream:
            check_directory_size(stream, LIMITS)
            return CONTENTS in zipfile.ZipFile(stream).NameToInfo
    except (LienthongError, OSError, *FOREIGN):
        return False


def _small(container: Container) -> dict[str, bytes]:
    entries = [one for one in container.entries if not one.name.startswith("package")]
    too_long = [one.name for one in entries if one.facts.size > MAX_SMALL_BYTES]
    if too_long or sum(one.facts.size for one in entries) > MAX_ALL_SMALL_BYTES:
        raise EvidenceFileInvalid(f"The member {too_long[0]} is too long." if too_long else "The members are too long.")
    small = {}
    for entry in entries:
        with container.open(entry) as file:
            small[entry.name] = file.read(MAX_SMALL_BYTES)
    return small


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
