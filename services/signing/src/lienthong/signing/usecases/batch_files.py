"""The files of a batch: staged before their certificates count, in their place afterwards."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lienthong.signing.domain.batches import BatchLine
from lienthong.signing.domain.records import Authority, CertificateRecord
from lienthong.signing.errors import BatchInvalid
from lienthong.signing.keys.files import write_atomically
from lienthong.signing.keys.handles import KeyHandle
from lienthong.signing.keys.store import on_disk

PASSWORD_BYTES = 15
"""Random bytes of a generated password: 20 characters."""
STAGED = ".staged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate that came of a line; ``handle`` None: the key is its holder's."""

    line: BatchLine
    record: CertificateRecord
    handle: KeyHandle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFolder:
    """Where the certificates of a batch go: ``NNNNN-CODE.pem``, or ``.p12`` with its ``.password``. Mode 0600."""

    path: Path

    def stage(self, issued: Sequence[Issued], issuer: Authority) -> None:
        """Writes everything aside, durable on return. Raises :class:`KeyStoreUnavailable`."""
        for one in issued:
            if one.handle is not None:
                password = secrets.token_urlsafe(PASSWORD_BYTES)
                chain = (one.record.certificate, issuer.certificate)
                self._write_aside(one, "password", f"{password}\n".encode())
                self._write_aside(one, "p12", one.handle.export(chain, password))

    def place(self, line: BatchLine, record: CertificateRecord, issuer_pem: str) -> Path:
        """Puts what was issued for ``line`` in its place, unless it is there. Repeating it is harmless.

        Raises:
            BatchInvalid: The key was made here, and its file is gone.
            KeyStoreUnavailable: The disk refused.
        """
        if line.csr is not None:
            place = self._place(line, "pem")
            if not place.exists():
                on_disk(lambda: write_atomically(place, (record.pem + issuer_pem).encode(), replace=True))
            return place
        place = self._place(line, "p12")
        if not place.exists():
            for kind in ("password", "p12"):  # in this order: a key file is never without its password
                self._move(line, record, kind)
        return place

    def _move(self, line: BatchLine, record: CertificateRecord, kind: str) -> None:
        aside, place = self._aside(line, record, kind), self._place(line, kind)
        if aside.exists():
            on_disk(lambda: aside.replace(place))
        elif not place.exists():
            raise BatchInvalid(f"It was issued as {record.serial}, but its key file is gone: revoke it and ask anew.")

    def _write_aside(self, one: Issued, kind: str, content: bytes) -> None:
        on_disk(lambda: write_atomically(self._aside(one.line, one.record, kind), content, replace=True))

    def _aside(self, line: BatchLine, record: CertificateRecord, kind: str) -> Path:
        return self.path / STAGED / f"{line.file_name}.{record.serial}.{kind}"

    def _place(self, line: BatchLine, kind: str) -> Path:
        return self.path / f"{line.file_name}.{kind}"
