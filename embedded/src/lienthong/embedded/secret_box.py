"""The passwords and client secrets of a provisioned network: made once, kept in one file of mode 0600."""

import json
import os
import secrets
from pathlib import Path

SECRET_BYTES = 32
"""Of randomness in each secret."""


class SecretBox:
    """Secrets by name. Asking for a new name makes its secret; :meth:`keep` writes what was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secrets: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def __getitem__(self, name: str) -> str:
        if name not in self._secrets:
            self._secrets[name] = secrets.token_urlsafe(SECRET_BYTES)
            self.keep()
        return self._secrets[name]

    def keep(self) -> None:
        """Writes the file anew: a secret is on disk before anything is locked with it."""
        write_private(self._path, json.dumps(self._secrets, indent=2))


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 0600, whole or not at all, durable on return; makes its folder."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
