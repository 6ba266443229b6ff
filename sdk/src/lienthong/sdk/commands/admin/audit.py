"""``lienthong admin audit``."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Annotated, Final
from urllib.parse import urlencode

import typer
from pydantic import BaseModel

from lienthong.sdk.arguments import JSONOption
from lienthong.sdk.auditing import Views, compare, merged
from lienthong.sdk.commands.admin.opening import operator_of
from lienthong.sdk.console import print_json, print_table, table
from lienthong.sdk.operator_client import OperatorClient
from lienthong.sdk.operator_models import AuditBatch, Finding, StandingDelivery, StandingPage

HELP = """Check what nodes promise against what they have, while they work; nothing is changed.

Every document has its receipt and its deliveries, none twice; every delivery ends by evidence or is on its way; every
package is there; evidence and log agree. Several nodes are compared with each other too.
The exit status is 1 if something is broken, or something could not be checked.

Examples: [bold]lienthong admin audit --profile operator --node H28 --node G22[/bold] ·
[bold]lienthong admin audit --profile H28 --profile G22 --deep --json[/bold]
"""
PAGE: Final = 500
ASKED_AT_ONCE: Final = 50
"""Deliveries that look wrong and are asked for again together."""
SHOWN: Final = 200
"""Findings that are shown of each kind; all are counted."""

ProfilesOption = Annotated[
    list[str] | None,
    typer.Option("--profile", help="Profile file or name; several: several nodes. Without it as everywhere."),
]
NodesOption = Annotated[
    list[str] | None,
    typer.Option("--node", help="Other nodes than the profile's, with its credentials; may be repeated."),
]


class Report(BaseModel):
    """What an audit of nodes found, by node, and between them."""

    nodes: list[str]
    checked: dict[str, dict[str, int]]
    found: dict[str, int]
    findings: dict[str, list[Finding]]

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.found.get("broken")


@dataclass(slots=True, kw_only=True)
class _Tally:
    checked: dict[str, Counter[str]] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)
    findings: dict[str, list[Finding]] = field(default_factory=dict)

    def take(self, place: str, checked: Mapping[str, int], findings: Sequence[Finding]) -> None:
        self.checked.setdefault(place, Counter()).update(checked)
        self.found.update(one.severity for one in findings)
        shown = self.findings.setdefault(place, [])
        shown += findings[: max(SHOWN - len(shown), 0)]


BETWEEN: Final = "between nodes"


def audit(
    *,
    profile: ProfilesOption = None,
    node: NodesOption = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every package and compare its digest.")] = False,
    as_json: JSONOption = False,
) -> None:
    """Audits."""
    report = asyncio.run(audited(profile or [], node or [], deep=deep, quiet=as_json))
    if as_json:
        print_json(report)
    else:
        _show(report)
    raise typer.Exit(0 if report.holds else 1)


async def audited(profiles: Sequence[str], nodes: Sequence[str], *, deep: bool, quiet: bool) -> Report:
    """Audits each node, then the nodes with each other."""
    named: Sequence[str | None] = profiles or [None]
    others: Sequence[str | None] = nodes or [None]
    tally = _Tally()
    async with AsyncExitStack() as stack:
        clients: dict[str, OperatorClient] = {}
        for profile, node in product(named, others):
            client = await stack.enter_async_context(operator_of(profile, node))
            clients[await client.node()] = client
        for name, client in clients.items():
            async for batch in _batches(client, deep=deep):
                tally.take(name, batch.checked, batch.findings)
                if not quiet:
                    _progress(name, tally.checked[name])
        if len(clients) > 1:
            await _compare(clients, tally)
    return Report(
        nodes=sorted(clients),
        checked={place: dict(counts) for place, counts in tally.checked.items()},
        found=dict(tally.found),
        findings=tally.findings,
    )


async def _batches(client: OperatorClient, *, deep: bool) -> AsyncIterator[AuditBatch]:
    cursor: str | None = None
    while True:
        batch = await client.read_one("/v1/admin/audit", AuditBatch, cursor=cursor, deep="true" if deep else None)
        yield batch
        if (cursor := batch.next) is None:
            return


async def _compare(clients: Mapping[str, OperatorClient], tally: _Tally) -> None:
    streams = {name: _standing(client) for name, client in clients.items()}
    doubtful: list[str] = []
    async for views in merged(streams):
        tally.take(BETWEEN, {"deliveries": 1}, ())
        if any(True for _ in compare(views, nodes=list(clients), now=datetime.now(UTC))):
            doubtful.append(views.id)
        if len(doubtful) == ASKED_AT_ONCE:
            await _ask_again(clients, doubtful, tally)
            doubtful = []
    await _ask_again(clients, doubtful, tally)


async def _ask_again(clients: Mapping[str, OperatorClient], doubtful: Sequence[str], tally: _Tally) -> None:
    """Origins are asked before recipients: what an origin says then was so at its recipient's before."""
    seen: dict[str, dict[str, StandingDelivery]] = {one: {} for one in doubtful}
    for _ in range(2 if doubtful else 0):  # the second answers of all nodes are later than the first of each
        for name, client in clients.items():
            for one in await _chosen(client, doubtful):
                if name != one.origin or name not in seen[one.id]:
                    seen[one.id][name] = one
    for id_, by_node in seen.items():
        if by_node:
            views = Views(id=id_, by_node=by_node)
            tally.take(BETWEEN, {}, list(compare(views, nodes=list(clients), now=datetime.now(UTC))))


async def _chosen(client: OperatorClient, ids: Sequence[str]) -> Sequence[StandingDelivery]:
    query = urlencode([("delivery", one) for one in ids])
    return (await client.read_one(f"/v1/admin/audit/deliveries?{query}", StandingPage)).items


def _standing(client: OperatorClient) -> AsyncIterator[StandingDelivery]:
    return client.each("/v1/admin/audit/deliveries", StandingDelivery, limit=PAGE)


def _progress(name: str, checked: Counter[str]) -> None:
    typer.echo(f"\r{name}: {sum(checked.values())} things checked", nl=False, err=True)


def _show(report: Report) -> None:
    typer.echo("", err=True)
    counted = table("Where", "Checked", "Number")
    for place, counts in report.checked.items():
        for kind, number in counts.items():
            counted.add_row(place, kind, str(number))
    print_table(counted)
    made = table("Where", "How bad", "Check", "About", "What", "What to do")
    for place, findings in report.findings.items():
        for one in findings:
            made.add_row(place, one.severity, one.check, one.subject, one.detail, one.advice)
    if made.row_count:
        print_table(made)
    numbers = [f"{report.found.get(kind, 0)} {kind}" for kind in ("broken", "stuck", "left-over")]
    typer.echo(f"audit of {', '.join(report.nodes)}: {', '.join(numbers)}")
