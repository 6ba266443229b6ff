"""The client of acts of reorganisation; its credentials must hold ``directory.write`` or ``directory.approve``."""

import asyncio
import json
from pathlib import Path
from typing import Final

import httpx

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.models import Reorganisation, ReorganisationPreview
from lienthong.sdk.paging import items, parameters
from lienthong.sdk.transport import Call
from lienthong.shared.contracts.tokens import REGISTRY_AUDIENCE

_JSON: Final = "application/json"
_CSV: Final = "text/csv"


class RegistryOperator(LienthongClient):
    """Brings acts of reorganisation in, tries, approves and withdraws them.

    All methods raise :class:`.ProblemError` when the registry refuses, :class:`.ServiceUnreachable` when it is away.
    """

    async def upload(self, file: Path, *, title: str | None = None, effective: str | None = None) -> Reorganisation:
        """Uploads an act. A CSV (by its name) needs a title and the time at which it takes effect."""
        is_csv, content = file.suffix.lower() == ".csv", await asyncio.to_thread(file.read_bytes)
        call = Call(
            method="POST",
            url=f"{self._registry_url}/v1/reorganisations",
            audience=REGISTRY_AUDIENCE,
            headers={"Content-Type": _CSV if is_csv else _JSON},
            params=parameters(title=title, effective=effective) if is_csv else {},
            content=content,
        )
        return Reorganisation.model_validate_json((await self._transport.send(call)).content)

    async def acts(self, *, state: str | None = None) -> list[Reorganisation]:
        """Acts by the time at which they take effect."""
        call = Call(
            method="GET",
            url=f"{self._registry_url}/v1/reorganisations",
            audience=REGISTRY_AUDIENCE,
            params=parameters(state=state),
        )
        return [one async for one in items(self._transport, call, model=Reorganisation)]

    async def preview(self, act: str, *, limit: int) -> ReorganisationPreview:
        """What an act would do, with its first ``limit`` changes."""
        response = await self._on_act("GET", f"{act}/preview", params=parameters(limit=limit))
        return ReorganisationPreview.model_validate_json(response.content)

    async def decide(self, act: str, verb: str, *, reason: str) -> Reorganisation:
        """Approves (``approval``) or withdraws (``withdrawal``) an act. Repeating it changes nothing."""
        response = await self._on_act("POST", f"{act}/{verb}", content=json.dumps({"reason": reason}).encode())
        return Reorganisation.model_validate_json(response.content)

    async def _on_act(
        self, method: str, path: str, *, params: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        call = Call(
            method=method,
            url=f"{self._registry_url}/v1/reorganisations/{path}",
            audience=REGISTRY_AUDIENCE,
            headers={"Content-Type": _JSON} if content else {},
            params=params or {},
            content=content,
        )
        return await self._transport.send(call)
