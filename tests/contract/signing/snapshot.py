"""The agreed OpenAPI document; ``python -m tests.contract.signing.snapshot`` writes it anew."""

import json
import tempfile
from pathlib import Path
from typing import Any

from lienthong.signing.main import create_app
from tests.integration.signing.harness import settings_for

SNAPSHOT = Path(__file__).parent / "openapi.json"


def current(folder: Path) -> dict[str, Any]:
    """The document as the service publishes it."""
    return create_app(settings_for(folder, f"sqlite:///{folder}/signing.sqlite")).openapi()


def agreed() -> dict[str, Any]:
    """The document as it was agreed."""
    document: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        text = json.dumps(current(Path(scratch)), ensure_ascii=False, indent=1)
    SNAPSHOT.write_text(text + "\n", encoding="utf-8")
