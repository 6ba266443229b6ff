"""The directory as the SDK lists it. All of it at once, since its operations know no pages: written in pieces."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Final

from fastapi.responses import StreamingResponse

from lienthong.exchange.api.vxp.calling import Answer, Call
from lienthong.exchange.domain.vxp.answers import succeeded
from lienthong.exchange.domain.vxp.operations import OperationNotServed, ParameterInvalid
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.directory import Directory

AGENCIES_PER_PIECE: Final = 500
MAX_LEVEL: Final = 9
"""Of a code: how many groups it has. Source: Decision 20/2020/QĐ-TTg, which knows four."""


async def get_agencies_list(call: Call) -> Answer:
    """Every agency."""
    return _listed(call.caller.directory, _line)


async def get_agencies_list_qd20(call: Call) -> Answer:
    """Every agency with its code of Decision 20/2020, or those of one level."""
    wanted = call.parameter("level").strip()
    if wanted and wanted not in map(str, range(1, MAX_LEVEL + 1)):
        raise ParameterInvalid(f"level is a number from 1 to {MAX_LEVEL}.", facts={"parameter": "level"})
    return _listed(call.caller.directory, _line_qd20, level=int(wanted or 0))


async def change_directory(_call: Call) -> Answer:
    """Refuses ``registerAgency`` and ``deleteAgency``. Raises :class:`OperationNotServed`, always."""
    raise OperationNotServed("Agencies are registered and closed at the registry, by its operators. Ask them.")


async def get_synchronize_unit(call: Call) -> Answer:
    """Every agency, as systems that keep a copy of the directory ask for it."""
    directory = call.caller.directory
    version = str(directory.version)

    def line(entry: AgencyEntry) -> dict[str, str]:
        centre = entry.node or ""
        unit = {"version": version, "centerCode": centre, "deleted": "false", "modifyDate": "", "isAgency": "true"}
        return {key: value for key, value in _line(entry).items() if key != "oldCode"} | unit

    return _listed(directory, line)


def _line(entry: AgencyEntry) -> dict[str, str]:
    return {
        "id": entry.code,
        "pid": entry.parent or "",
        "code": entry.code,
        "name": entry.name,
        "mail": entry.email,
        "oldCode": entry.old_code or "",
    }


def _line_qd20(entry: AgencyEntry) -> dict[str, str]:
    return {
        "id": entry.code,
        "code": entry.code,
        "name": entry.name,
        "mail": entry.email,
        "code102": entry.old_code or "",
    }


def _listed(
    directory: Directory, line: Callable[[AgencyEntry], dict[str, str]], *, level: int = 0
) -> StreamingResponse:
    return StreamingResponse(_pieces(directory, line, level), media_type="application/json")


async def _pieces(
    directory: Directory, line: Callable[[AgencyEntry], dict[str, str]], level: int
) -> AsyncIterator[bytes]:
    """The envelope, its last member the list, some hundred agencies at a time."""
    yield _written(succeeded())[:-1] + b',"data":['
    wanted = [one for one in directory.snapshot.agencies if level in (0, one.code.count(".") + 1)]
    for start in range(0, len(wanted), AGENCIES_PER_PIECE):
        piece = _written([line(entry) for entry in wanted[start : start + AGENCIES_PER_PIECE]])[1:-1]
        yield piece if start == 0 else b"," + piece
    yield b"]}"


def _written(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
