"""The nodes' own audit, as an operator runs it at the end: what they hold must be what they promise."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults.place import NODES, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What ``lienthong admin audit --deep`` said of all nodes."""

    checked: int
    """Things that were looked at, over all checks and nodes."""
    broken: tuple[str, ...]


async def audited(place: Place) -> Audit:
    """Runs the command."""
    nodes = [part for node in NODES for part in ("--node", node)]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("lienthong")),
        *("admin", "audit", "--deep", "--json", "--profile", str(place.site.operator_profile_path)),
        *nodes,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    try:
        report = json.loads(out)
    except ValueError:
        return Audit(checked=0, broken=(f"the audit ended with {process.returncode}: {errors.decode()[-500:]}",))
    broken = tuple(
        f"{where}: {one['check']} {one['subject']}: {one['detail']}"
        for where, findings in report["findings"].items()
        for one in findings
        if one["severity"] == "broken"
    )
    return Audit(checked=sum(sum(counts.values()) for counts in report["checked"].values()), broken=broken)
