"""Makes an evidence file: members, a seal over all of them, a time stamp over the seal. Bounded memory."""

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.edxml.media_types import ASICE
from lienthong.shared.evidence_file.contents import SEAL, SEAL_MANIFEST, TIME_MANIFEST, TIME_STAMP
from lienthong.shared.evidence_file.manifests import Manifest, write_manifest
from lienthong.shared.identifiers import Sha256

_SEAL_TYPE = "application/pkcs7-signature"
_TIME_STAMP_TYPE = "application/vnd.etsi.timestamp-token"
_COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """The package on disk, and the member that it becomes."""

    member: str
    path: Path
    reference: PackageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedMembers:
    """All members but the time stamp. ``to_stamp``: what the time stamp is over, itself a member."""

    package: PackageFile
    members: Mapping[str, bytes]
    to_stamp: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of ``to_stamp``: what goes to the time-stamping authority."""
        return hashlib.sha256(self.to_stamp).digest()


def seal_members(
    package: PackageFile, members: Mapping[str, bytes], *, seal: Callable[[bytes], bytes]
) -> SealedMembers:
    """Manifests and seal over ``package`` and ``members``.

    Args:
        package: The package, whose digest is believed.
        members: The others by name.
        seal: Signs bytes, detached: CAdES in DER.
    """
    digests = {package.member: package.reference.sha256} | {name: _sha256(data) for name, data in members.items()}
    sealed = write_manifest(
        Manifest(signature=SEAL, digests=digests),
        signature_type=_SEAL_TYPE,
        media_types={package.member: package.reference.media_type},
    )
    value = seal(sealed)
    stamped = write_manifest(
        Manifest(signature=TIME_STAMP, digests={SEAL_MANIFEST: _sha256(sealed), SEAL: _sha256(value)}),
        signature_type=_TIME_STAMP_TYPE,
        media_types={SEAL_MANIFEST: "text/xml", SEAL: _SEAL_TYPE},
    )
    return SealedMembers(
        package=package,
        members={**members, SEAL_MANIFEST: sealed, SEAL: value, TIME_MANIFEST: stamped},
        to_stamp=stamped,
    )


def write_evidence_file(sealed: SealedMembers, time_stamp: bytes | None, out: BinaryIO, *, at: datetime) -> None:
    """Writes the container to ``out``, which is seekable; ``time_stamp`` None: the authority is away.

    The package is stored as it is: what compresses beyond measure would look like a bomb to whoever opens the file.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr(_entry("mimetype", at, method=zipfile.ZIP_STORED), ASICE)
        info = _entry(sealed.package.member, at, method=zipfile.ZIP_STORED)
        info.file_size = sealed.package.reference.size
        with sealed.package.path.open("rb") as source, container.open(info, "w") as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)
        for name, data in sealed.members.items():
            container.writestr(_entry(name, at), data)
        if time_stamp is not None:
            container.writestr(_entry(TIME_STAMP, at), time_stamp)


def _sha256(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).hexdigest())


def _entry(name: str, at: datetime, *, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=at.timetuple()[:6])
    info.compress_type = method
    return info
