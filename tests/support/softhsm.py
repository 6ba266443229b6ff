"""Tokens of SoftHSM2: a module that behaves like a hardware token, on the disk of the test."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "482916"


@dataclass(frozen=True, kw_only=True)
class SoftToken:
    """One token; ``folder`` holds all tokens of the session."""

    label: str
    folder: Path

    @contextmanager
    def taken_out(self) -> Iterator[None]:
        """The tokens are away for as long as the block runs."""
        aside = self.folder.with_name("taken-out")
        self.folder.rename(aside)
        try:
            yield
        finally:
            aside.rename(self.folder)


def configure(folder: Path) -> Path:
    """Says where this process keeps tokens; the module reads it once. Returns the folder of the tokens."""
    tokens = folder / "tokens"
    tokens.mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return tokens


def new_token(tokens: Path) -> SoftToken:
    """A fresh, initialised token."""
    label = f"test-{secrets.token_hex(4)}"
    pins = ("--pin", PIN, "--so-pin", "719345")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, *pins], check=True, capture_output=True
    )
    return SoftToken(label=label, folder=tokens)


@pytest.fixture(scope="session")
def token_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's tokens are."""
    return configure(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def soft_token(token_folder: Path) -> SoftToken:
    """A fresh token."""
    return new_token(token_folder)
