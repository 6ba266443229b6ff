"""The agreed OpenAPI document; ``python -m tests.contract.registry.snapshot`` writes it anew."""

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lienthong.registry.config import Settings
from lienthong.registry.main import create_app

SNAPSHOT = Path(__file__).parent / "openapi.json"
URL = "http://danhba.example.vn"


def settings_in(folder: Path) -> Settings:
    """Settings for a registry whose files are in ``folder``."""
    return Settings(
        database_url=f"sqlite:///{folder}/registry.sqlite",
        public_url=URL,
        token_key=folder / "token-key.pem",
        directory_seal=folder / "directory.p12",
        directory_seal_password=SecretStr("invented-password"),
        systems_key=SecretStr("invented-key-of-the-systems"),
    )


def current() -> dict[str, Any]:
    """The document as the service publishes it."""
    return create_app(settings_in(Path("nowhere"))).openapi()


def agreed() -> dict[str, Any]:
    """The document as it was agreed."""
    document: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(current(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
