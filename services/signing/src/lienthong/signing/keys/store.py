"""Where keys are kept: what every store does, and the folder of PKCS#12 files, one a key."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography import x509

from lienthong.signing.errors import KeyOffline, KeyStoreUnavailable
from lienthong.signing.keys.files import write_atomically
from lienthong.signing.keys.handles import KeyHandle, KeyKind, import_pkcs12

MAX_OPEN_KEYS = 1024
"""Keys held open; opening one costs about 4 ms of key derivation."""

Result = TypeVar("Result")
Chain = tuple[x509.Certificate, ...]


class KeyStore(Protocol):
    """Keys by name, such as ``root``, ``issuing-1`` or ``remote/<serial>``. Blocking; safe to use from threads."""

    def has(self, name: str) -> bool:
        """Whether the key is here."""

    def generate(self, kind: KeyKind = KeyKind.P256) -> KeyHandle:
        """A fresh key, where keys of this store are made; :meth:`add` keeps it.

        Raises:
            KeyStoreUnavailable: The store is away.
        """

    def add(self, name: str, handle: KeyHandle, chain: Chain) -> bool:
        """Keeps a new key; durable on return. Returns False, keeping what is there, when the name is taken.

        Raises:
            KeyStoreUnavailable: The store is away.
        """

    def remove(self, name: str) -> None:
        """Destroys a key that is not needed (any more)."""

    def load(self, name: str) -> tuple[KeyHandle, Chain]:
        """The key and its chain, leaf first.

        Raises:
            KeyOffline: The key is not here.
            KeyStoreUnavailable: It cannot be read.
        """

    def close(self) -> None:
        """Lets go of what is open."""


class FileKeyStore:
    """A folder of encrypted PKCS#12 files, opened once and then held by this process.

    A file that is taken away (the root key goes offline) is gone for the next call, too.
    """

    def __init__(self, folder: Path, password: str) -> None:
        self._folder = folder
        self._password = password
        self._open: OrderedDict[str, tuple[KeyHandle, Chain]] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Whether the key is here."""
        return self._path(name).exists()

    def generate(self, kind: KeyKind = KeyKind.P256) -> KeyHandle:
        """A fresh key, in memory until it is added."""
        return KeyHandle.generate(kind)

    def add(self, name: str, handle: KeyHandle, chain: Chain) -> bool:
        """As :meth:`KeyStore.add`.

        Raises:
            KeyStoreUnavailable: The disk refused.
        """
        content = handle.export(chain, self._password)
        return on_disk(lambda: write_atomically(self._path(name), content, replace=False))

    def remove(self, name: str) -> None:
        """Forgets a key that was never used."""
        with self._lock:
            self._open.pop(name, None)
        on_disk(lambda: self._path(name).unlink(missing_ok=True))

    def load(self, name: str) -> tuple[KeyHandle, Chain]:
        """The key and its chain, leaf first.

        Raises:
            KeyOffline: The file is not here.
            KeyStoreUnavailable: It cannot be read.
        """
        if not self.has(name):
            with self._lock:
                self._open.pop(name, None)
            raise KeyOffline(f"The key '{name}' is not on this machine. Bring it online and try again.")
        with self._lock:
            held = self._open.get(name)
            if held is not None:
                self._open.move_to_end(name)
                return held
        opened = import_pkcs12(on_disk(self._path(name).read_bytes), self._password)
        with self._lock:
            self._open[name] = opened
            while len(self._open) > MAX_OPEN_KEYS:
                self._open.popitem(last=False)
        return opened

    def close(self) -> None:
        """Forgets what is open."""
        with self._lock:
            self._open.clear()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.p12"


def export_to(path: Path, handle: KeyHandle, chain: Chain, *, password: str) -> None:
    """Writes a PKCS#12 file for somebody else's service: mode 0600, replacing what is there.

    Raises:
        KeyStoreUnavailable: The disk refused.
    """
    content = handle.export(chain, password)
    on_disk(lambda: write_atomically(path, content, replace=True))


def on_disk(work: Callable[[], Result]) -> Result:
    """What ``work`` gives; a disk that refuses is a store that is away."""
    try:
        return work()
    except OSError as error:
        raise KeyStoreUnavailable("The folder of keys cannot be read or written.") from error
