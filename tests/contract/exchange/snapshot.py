"""The agreed OpenAPI document; ``python -m tests.contract.exchange.snapshot`` writes it anew."""

import json
import tempfile
from pathlib import Path
from typing import Any

from lienthong.exchange.main import create_api
from tests.integration.exchange.receive.receiving_node import settings_for
from tests.support.pki import PKI

SNAPSHOT = Path(__file__).parent / "openapi.json"


def current(folder: Path) -> dict[str, Any]:
    """The document as a node publishes it."""
    return create_api(settings_for(folder, f"sqlite:///{folder}/node.db", PKI.new())).openapi()


def agreed() -> dict[str, Any]:
    """The document as it was agreed."""
    document: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        text = json.dumps(current(Path(scratch)), ensure_ascii=False, indent=1)
    SNAPSHOT.write_text(text + "\n", encoding="utf-8")
