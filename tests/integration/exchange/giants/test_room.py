"""A disk without room: what does not fit is not begun, what fills the disk up is told, and nothing is lost by it."""

import dataclasses
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from lienthong.exchange.storage.operations_schema import dead_letters
from lienthong.exchange.storage.schema import deliveries, documents, evidence, outbox
from lienthong.exchange.usecases.sweep_leftovers import PULLS_KEPT, SPOOL_KEPT, sweep_leftovers
from lienthong.shared.disk_space import Room
from lienthong.shared.partial_file import lock_file
from tests.integration.exchange.carry.tree import Node, Tree, eventually, header_of, letter
from tests.support.full_disk import full_after

HERE = "H28.31"
Parts = dict[str, tuple[str | None, str | bytes]]
LARGE = b"%PDF-1.7 " + os.urandom(3_000_000)


@dataclass(kw_only=True)
class Disk:
    """A disk that says how much is free."""

    free: int
    asked: int = 0

    def room(self) -> Room:
        return Room(folders=(Path("/"),), reserve_bytes=0, free=self._ask)

    def _ask(self, _folder: Path) -> int:
        self.asked += 1
        return self.free

    async def was_asked(self) -> bool:
        return self.asked > 0


def _put(node: Node, disk: Disk) -> None:
    node.factory = node.app.state.factory = dataclasses.replace(node.factory, room=disk.room())


async def _leftovers(node: Node) -> list[object]:
    settings = node.factory.settings
    rows = [row for table in (documents, deliveries, evidence, outbox) for row in await node.rows(table)]
    return [*rows, *await node.blobs(), *settings.spool_dir.iterdir(), *settings.pulls_dir.iterdir()]


async def test_what_does_not_fit_is_refused_before_it_is_read(tree: Tree) -> None:
    package = letter(HERE, ["G22"], folder=tree.folder)
    disk = Disk(free=len(package) - 1)
    _put(tree[HERE], disk)

    answer = await tree.submit(HERE, package)
    disk.free += 1
    again = await tree.submit(HERE, package)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "insufficient-storage",
        "60",
    )
    assert answer.json()["needed_bytes"] == len(package)
    assert again.status_code == 201


async def test_files_need_room_for_the_package_that_is_made_of_them(tree: Tree) -> None:
    _put(tree[HERE], Disk(free=3_000_000))
    parts: Parts = {
        "header": (None, header_of(HERE, ["G22"]).model_dump_json(by_alias=True, exclude_none=True)),
        "file": ("a.pdf", b"%PDF-1.7" + bytes(1_000_000)),
    }

    async with tree.client(HERE) as client:
        answer = await client.post("/v1/documents?sign=false", files=parts)

    assert answer.json()["code"] == "insufficient-storage"
    assert await _leftovers(tree[HERE]) == []


async def test_a_disk_that_fills_up_on_the_way_loses_nothing_and_the_repeat_is_taken(tree: Tree) -> None:
    package = letter(HERE, ["G22"], attachment=LARGE, folder=tree.folder)

    with full_after(2_000_000):
        answer = await tree.submit(HERE, package)
    left = await _leftovers(tree[HERE])
    again = await tree.submit(HERE, package)

    assert (answer.status_code, answer.json()["code"]) == (503, "insufficient-storage")
    assert left == []
    assert again.status_code == 201


async def test_files_that_fill_the_disk_up_are_refused_and_leave_nothing(tree: Tree) -> None:
    parts: Parts = {
        "header": (None, header_of(HERE, ["G22"]).model_dump_json(by_alias=True, exclude_none=True)),
        "file": ("a.pdf", LARGE),
    }

    async with tree.client(HERE) as client:
        with full_after(3_500_000):  # the file fits, the package does not
            answer = await client.post("/v1/documents?sign=false", files=parts)

    assert (answer.status_code, answer.json()["code"]) == (503, "insufficient-storage")
    assert await _leftovers(tree[HERE]) == []


async def test_a_package_that_does_not_fit_at_the_next_node_waits_until_it_does(tree: Tree) -> None:
    package = letter("H28", ["G22"], attachment=LARGE, folder=tree.folder)
    disk = Disk(free=0)
    _put(tree["G22"], disk)
    await tree.submit("H28", package)
    tree["H28"].start()
    tree["G22"].start()

    await eventually(disk.was_asked)
    waited = await _is_taken(tree["G22"]), await tree["G22"].rows(dead_letters)
    disk.free = 2 * len(package)

    await eventually(lambda: _is_taken(tree["G22"]))
    assert waited == (False, [])
    assert await tree["G22"].blobs() == await tree["H28"].blobs()


async def _is_taken(node: Node) -> bool:
    return bool(await node.rows(documents))


async def test_what_a_killed_process_left_goes_after_its_time_and_what_is_in_use_stays(tree: Tree) -> None:
    factory = tree[HERE].factory
    settings = factory.settings
    old = {settings.spool_dir / "incoming-x": SPOOL_KEPT, settings.pulls_dir / "a.part": PULLS_KEPT}
    for path, kept in old.items():
        for name, age in ((path, kept + timedelta(minutes=1)), (path.with_name("young"), kept - timedelta(minutes=1))):
            name.write_bytes(b"x")
            moment = (factory.clock() - age).timestamp()
            os.utime(name, (moment, moment))
    in_use = settings.pulls_dir / "in-use.part"
    with lock_file(in_use) or pytest.fail("nobody else has it"):
        os.utime(in_use, (0, 0))
        removed = await sweep_leftovers(factory)

    left = [path.name for folder in (settings.spool_dir, settings.pulls_dir) for path in sorted(folder.iterdir())]
    assert removed == len(old)
    assert left == ["young", "in-use.part", "young"]
