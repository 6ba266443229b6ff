"""What the inbox promises: an effect exactly once."""

import asyncio

import pytest

from lienthong.shared.database import Database
from lienthong.shared.identifiers import MessageId, new_uuid
from lienthong.shared.inbox import claim_new
from tests.contract.outboxes import inbox, now
from tests.support.databases import opened


async def _claim(database: Database, ids: list[MessageId]) -> set[MessageId]:
    async with database.begin() as connection:
        return await claim_new(connection, inbox, ids, now())


def _ids(count: int) -> list[MessageId]:
    return [MessageId(new_uuid()) for _ in range(count)]


async def test_message_is_new_only_once(sender: Database) -> None:
    first, second, third = _ids(3)

    assert await _claim(sender, [first, second]) == {first, second}
    assert await _claim(sender, [second, third]) == {third}


async def test_message_twice_in_one_batch_is_claimed_once(sender: Database) -> None:
    (id_,) = _ids(1)

    assert await _claim(sender, [id_, id_]) == {id_}


async def test_no_messages_are_no_claim(sender: Database) -> None:
    assert await _claim(sender, []) == set()


async def test_of_eight_simultaneous_claims_one_wins(database_url: str, sender: Database) -> None:
    ids = _ids(20)
    async with opened(database_url) as other_process:
        claims = [_claim(sender if index % 2 else other_process, ids[index:] + ids[:index]) for index in range(8)]
        claimed = [id_ for claim in await asyncio.gather(*claims) for id_ in claim]

    assert sorted(claimed) == sorted(ids)


async def test_claim_that_is_rolled_back_is_free_again(sender: Database) -> None:
    (id_,) = _ids(1)

    async def fail_after_claiming() -> None:
        async with sender.begin() as connection:
            await claim_new(connection, inbox, [id_], now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_after_claiming()

    assert await _claim(sender, [id_]) == {id_}
