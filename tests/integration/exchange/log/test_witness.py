"""The witness's rounds over a neighbour's log: what it signs, and that it goes on where it stopped."""

import asyncio

import pytest

from lienthong.exchange.storage.checkpoints import add_time_stamp
from lienthong.exchange.storage.log_schema import alarms, log_cosignatures, witness_progress, witnessed_checkpoints
from lienthong.exchange.usecases.witness_log import witness_log
from lienthong.exchange.usecases.witness_neighbours import WitnessRounds
from lienthong.shared.clients.node_log import NodeLogUnavailable
from tests.integration.exchange.carry.tree import Tree
from tests.integration.exchange.log.logs import CENTRE, DISTRICT, PROVINCE, grow, log_of


async def look(tree: Tree, witness: str = PROVINCE) -> None:
    await WitnessRounds(tree[witness].factory).run()


async def cosigned(tree: Tree, node: str = DISTRICT) -> list[tuple[int, str]]:
    return [(one["size"], one["witness"]) for one in await tree[node].rows(log_cosignatures)]


async def held(tree: Tree, witness: str = PROVINCE) -> list[tuple[str, int]]:
    return [(one["node"], one["size"]) for one in await tree[witness].rows(witnessed_checkpoints)]


async def test_the_parent_co_signs_each_newest_checkpoint_once(tree: Tree) -> None:
    for _ in range(3):
        await grow(tree, 1)
        await look(tree)
        await look(tree)

    assert await cosigned(tree) == [(2, PROVINCE), (4, PROVINCE), (6, PROVINCE)]
    assert await held(tree) == [(DISTRICT, 2), (DISTRICT, 4), (DISTRICT, 6)]
    assert await tree[PROVINCE].rows(alarms) == []


async def test_the_root_is_witnessed_by_its_first_child(tree: Tree) -> None:
    factory = tree[CENTRE].factory
    async with tree.client("G22") as client:
        assert (await client.get("/v1/log/checkpoints/newest")).status_code == 404
    assert factory.directory.current().node(CENTRE).parent is None
    await grow(tree, 1, node=CENTRE)

    await look(tree, PROVINCE)
    await look(tree, DISTRICT)

    assert await cosigned(tree, CENTRE) == [(1, PROVINCE)]


async def test_the_newest_time_stamped_checkpoint_is_co_signed_besides_the_newest(tree: Tree) -> None:
    await grow(tree, 1)
    await look(tree)
    for _ in range(3):
        await grow(tree, 1)
    async with tree[DISTRICT].factory.database.begin() as connection:
        await add_time_stamp(connection, 6, b"token", time=tree[DISTRICT].factory.clock())

    await look(tree)

    assert await cosigned(tree) == [(2, PROVINCE), (6, PROVINCE), (8, PROVINCE)]
    assert (await log_of(tree).covering(1)).size == 6


async def test_a_signature_that_got_lost_is_handed_over_in_the_next_round(tree: Tree) -> None:
    await grow(tree, 1)
    district = tree.nodes[DISTRICT]
    await look(tree)
    async with district.factory.database.begin() as connection:
        await connection.exec_driver_sql("DROP TRIGGER log_cosignatures_no_delete")
        await connection.execute(log_cosignatures.delete())

    await look(tree)

    assert await cosigned(tree) == [(2, PROVINCE)]
    assert await held(tree) == [(DISTRICT, 2)]


async def test_a_node_that_is_away_raises_no_alarm_and_holds_no_other_up(tree: Tree) -> None:
    await grow(tree, 1, node=CENTRE)
    del tree.nodes[DISTRICT]

    for _ in range(3):
        await look(tree)

    with pytest.raises(NodeLogUnavailable):
        await witness_log(DISTRICT, tree[PROVINCE].factory)
    assert await held(tree) == [(CENTRE, 1)]
    assert await tree[PROVINCE].rows(alarms) == []


async def test_an_empty_log_is_nothing_to_witness(tree: Tree) -> None:
    await look(tree)

    assert await held(tree) == []
    assert await tree[PROVINCE].rows(alarms) == []


async def test_a_long_log_is_read_in_several_rounds(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lienthong.exchange.usecases.witness_log.MAX_NEW_ENTRIES", 4)
    await grow(tree, 5)

    read = []
    for _ in range(3):
        await look(tree)
        [progress] = await tree[PROVINCE].rows(witness_progress)
        read.append(progress["audited"])

    assert read == [4, 8, 10]


async def test_two_workers_of_a_witness_move_on_once(tree: Tree) -> None:
    await grow(tree, 2)

    rounds = [witness_log(DISTRICT, tree[PROVINCE].factory) for _ in range(3)]
    outcomes = await asyncio.gather(*rounds, return_exceptions=True)

    assert [one for one in outcomes if one is not None and type(one).__name__ != "WitnessOvertaken"] == []
    assert await held(tree) == [(DISTRICT, 4)]
