"""Whoever has a node's database, but not its neighbours': what he changes is known after their next look.

Real databases, real HTTP, the nodes' own workers: nothing is called by the test but what an operator calls.
"""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.servers import create_database
from lienthong.embedded.register import OPERATOR_CLIENT
from lienthong.exchange.domain.evidence_log import evidence_leaf_hash
from lienthong.exchange.storage.log_schema import evidence_log_subtrees, witnessed_checkpoints
from lienthong.exchange.storage.schema import evidence, evidence_log
from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.identifiers import NodeId
from lienthong.shared.merkle import Subtree, grown
from tests.integration.acceptance.letters import package
from tests.integration.acceptance.whole_network import WholeNetwork, assert_problem, whole_network

WITNESSES: Final = {"H28.31.05": "H28.31", "H28.31": "H28", "H28": "G22", "G22": "H28"}
PATIENCE_S: Final = 40


class Databases:
    """The network's databases by name; each start finds those of the one before."""

    def __init__(self, server_url: str | None) -> None:
        self._server_url = server_url
        self._urls: dict[str, str] = {}

    @asynccontextmanager
    async def network(self, folder: Path) -> AsyncIterator[WholeNetwork]:
        async with whole_network(folder, database=self._url if self._server_url else None) as running:
            yield running

    def _url(self, name: str) -> str:
        assert self._server_url
        if name not in self._urls:
            self._urls[name] = create_database(self._server_url, f"{name}_{uuid.uuid4().hex}")
        return self._urls[name]

    async def copy(self, node: str, folder: Path) -> None:
        """What a back-up holds. Nothing uses the database."""
        await self._copied(node, folder, "{}", "{}_backup")

    async def restore(self, node: str, folder: Path) -> None:
        """Puts the back-up in the place of the database."""
        await self._copied(node, folder, "{}_backup", "{}")

    async def _copied(self, node: str, folder: Path, source: str, target: str) -> None:
        if self._server_url is None:
            path = str(folder / f"node-{node}.sqlite")
            await asyncio.to_thread(shutil.copy, source.format(path), target.format(path))
            return
        name = self._urls[f"node_{node.replace('.', '_').lower()}"].rpartition("/")[2]
        connection = await asyncpg.connect(self._server_url)
        await connection.execute(f'DROP DATABASE IF EXISTS "{target.format(name)}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{target.format(name)}" TEMPLATE "{source.format(name)}"')
        await connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    return Databases(None if request.param == "sqlite" else request.getfixturevalue("postgres_server_url"))


async def alarms(network: WholeNetwork, witness: str) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """What ``GET /v1/admin/alarms`` of a node shows its operator, by node and violation."""
    token = await network.token(OPERATOR_CLIENT, node_audience(NodeId(witness)))
    headers = {"Authorization": f"Bearer {token}"}
    answer = await network.http.get(f"{network.url(witness)}/v1/admin/alarms", headers=headers)
    return {(one["node"], one["violation"]): one for one in answer.raise_for_status().json()["items"]}


async def alarmed(network: WholeNetwork, node: str) -> tuple[str, Mapping[str, Any]]:
    """The one alarm about ``node`` once it was seen in two rounds: what, and everything about it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = {key: one for key, one in (await alarms(network, WITNESSES[node])).items() if key[0] == node}
            if found and all(one["rounds"] > 1 for one in found.values()):
                [((_, violation), alarm)] = found.items()
                return violation, alarm
            await asyncio.sleep(0.1)


async def rows(network: WholeNetwork, node: str, table: Table) -> list[Any]:
    async with network.databases[node].read() as connection:
        return list(await connection.execute(select(table).order_by(*table.primary_key.columns)))


async def settled(network: WholeNetwork, node: str, *, beyond: int = 0) -> int:
    """The size of the node's log once its witness holds all of it, more than ``beyond`` entries."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            size = len(await rows(network, node, evidence_log))
            held = await rows(network, WITNESSES[node], witnessed_checkpoints)
            if size > beyond and size == max((one.size for one in held if one.node == node), default=0):
                return size
            await asyncio.sleep(0.1)


async def send(network: WholeNetwork, sender: str, recipients: list[str], folder: Path) -> None:
    answer = await network.submit(sender, package(network, sender, recipients, folder=folder))
    assert answer.status_code == 201, answer.text


async def drop_triggers(connection: AsyncConnection, *tables: Table) -> None:
    for table in tables:
        await connection.exec_driver_sql(f"DROP TRIGGER {table.name}_append_only ON {table.name}")


async def rewrite_text(connection: AsyncConnection) -> None:
    """The text of one entry says something else."""
    await drop_triggers(connection, evidence)
    await connection.execute(
        evidence.update().where(evidence.c.id == await _entry(connection)).values(jws="e30.e30.AA")
    )


async def rewrite_everything(connection: AsyncConnection) -> None:
    """Likewise, with every hash above it."""
    await drop_triggers(connection, evidence, evidence_log, evidence_log_subtrees)
    wanted = await _entry(connection)
    await connection.execute(evidence.update().where(evidence.c.id == wanted).values(jws="e30.e30.AA"))
    forged = evidence_log.update().where(evidence_log.c.evidence_id == wanted)
    await connection.execute(forged.values(leaf_hash=evidence_leaf_hash("e30.e30.AA").hex()))
    found = await connection.execute(select(evidence_log.c.leaf_hash).order_by(evidence_log.c.index))
    tree = grown(0, {}, [bytes.fromhex(one) for one in found.scalars()])
    for at, one in tree.items():
        await connection.execute(_subtree(at).values(hash=one.hex()))


async def rewrite_kept_hash(connection: AsyncConnection) -> None:
    """The hash that is kept for one entry is another one."""
    await drop_triggers(connection, evidence_log)
    wanted = evidence_log.c.evidence_id == await _entry(connection)
    await connection.execute(evidence_log.update().where(wanted).values(leaf_hash="0" * 64))


async def rewrite_subtree(connection: AsyncConnection) -> None:
    """A hash within the tree is another one."""
    await drop_triggers(connection, evidence_log_subtrees)
    await connection.execute(_subtree(Subtree(1, 0)).values(hash="0" * 64))


async def _entry(connection: AsyncConnection) -> str:
    """The second entry: an old one."""
    return str(await connection.scalar(select(evidence_log.c.evidence_id).where(evidence_log.c.index == 1)))


def _subtree(at: Subtree) -> Any:
    columns = evidence_log_subtrees.c
    return evidence_log_subtrees.update().where(columns.level == at.level, columns.number == at.number)


async def test_a_rewritten_row_is_found_and_named(tmp_path: Path, postgres_server_url: str) -> None:
    attacks = {
        "H28.31": (rewrite_text, "entry-rewritten"),
        "H28.31.05": (rewrite_everything, "entry-rewritten"),
        "H28": (rewrite_kept_hash, "log-damaged"),
        "G22": (rewrite_subtree, "log-damaged"),
    }
    async with Databases(postgres_server_url).network(tmp_path) as network:
        for sender in attacks:
            await send(network, sender, list(attacks), tmp_path)
        for node in attacks:
            await settled(network, node, beyond=3)
            assert await alarms(network, node) == {}
            office = await network.call(node, "GET", "/v1/admin/alarms")
            assert_problem(office, 403, "scope-missing", hop=node)

        for node, (attack, _) in attacks.items():
            async with network.databases[node].begin() as connection:
                await attack(connection)

        found = {node: (await alarmed(network, node))[0] for node in attacks}
        assert found == {node: violation for node, (_, violation) in attacks.items()}


async def test_a_database_of_yesterday_is_found_and_named(tmp_path: Path, databases: Databases) -> None:
    state = tmp_path / "state"
    async with databases.network(state) as network:
        await send(network, "H28.31", ["H28"], tmp_path)
        yesterday = await settled(network, "H28.31")
    await databases.copy("H28.31", state)
    async with databases.network(state) as network:
        await send(network, "H28.31", ["H28"], tmp_path)
        today = await settled(network, "H28.31", beyond=yesterday)
        assert await alarms(network, "H28") == {}
    await databases.restore("H28.31", state)

    async with databases.network(state) as network:
        violation, alarm = await alarmed(network, "H28.31")

        assert violation == "rolled-back"
        assert f"had {today} entries and now has {yesterday}" in alarm["detail"]
        assert alarm["held_note"].startswith(f"lienthong.node/H28.31\n{today}\n")
        assert alarm["seen_note"].startswith(f"lienthong.node/H28.31\n{yesterday}\n")
