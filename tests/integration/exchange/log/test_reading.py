"""The log over REST: what another node and an auditor can establish without trusting the node."""

from datetime import timedelta

import pytest

from lienthong.exchange.domain.evidence_log import evidence_leaf_hash
from lienthong.exchange.storage.checkpoints import add_cosignature, add_time_stamp
from lienthong.exchange.storage.schema import evidence, evidence_log
from lienthong.shared.clients.node_log import NodeLogMissing, NodeLogUnavailable, NodeLogUnusable
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.identifiers import EvidenceId, NodeId, new_uuid
from lienthong.shared.merkle import verify_consistency, verify_inclusion
from lienthong.shared.merkle_ranges import verify_range
from lienthong.shared.signatures.certificates import certificate_from_pem
from lienthong.shared.signatures.checkpoints import read_note, verify_checkpoint
from tests.integration.exchange.carry.tree import Tree
from tests.integration.exchange.log.logs import CENTRE, DISTRICT, PROVINCE, ask, checkpoint_in, grow, log_of, witnessed
from tests.integration.exchange.log.logs import request_of as request

PROOFS = ("/checkpoints/newest", "/checkpoints/covering?size=1", "/checkpoints/2", "/consistency?from=1&to=2")


async def test_every_piece_of_evidence_is_proven_to_be_in_a_checkpoint_that_the_node_signed(tree: Tree) -> None:
    await grow(tree, 3)

    log, factory = log_of(tree, reader=CENTRE), tree[CENTRE].factory
    for piece in await tree[DISTRICT].rows(evidence):
        proof = await log.inclusion(EvidenceId(piece["id"]))
        answer = await log.checkpoint(proof.size)
        signed = verify_checkpoint(
            read_note(answer.note),
            node=DISTRICT,
            certificates=[certificate_from_pem(one) for one in answer.certificates],
            trust=factory.trust.current(),
            at=factory.clock(),
        )
        hashes = [bytes.fromhex(one) for one in proof.proof]
        leaf = evidence_leaf_hash(piece["jws"])
        verify_inclusion(leaf, index=proof.index, size=signed.size, proof=hashes, root=signed.root)


async def test_the_log_is_proven_to_have_only_grown(tree: Tree) -> None:
    log = log_of(tree)
    sizes = [await grow(tree, letters) for letters in (1, 2, 4)]

    states = [checkpoint_in(await log.checkpoint(size)) for size in sizes]

    assert sizes == [2, 6, 14]
    for old in states:
        for new in states[states.index(old) :]:
            proof = [bytes.fromhex(one) for one in (await log.consistency(old.size, new.size)).proof]
            verify_consistency(old=old.size, new=new.size, proof=proof, old_root=old.root, new_root=new.root)


async def test_entries_hash_to_the_root(tree: Tree) -> None:
    size = await grow(tree, 4)
    log = log_of(tree)
    root = checkpoint_in(await log.newest()).root

    for begin, limit in ((0, 500), (0, 3), (3, 4), (7, 1)):
        answer = await log.entries(begin, size=size, limit=limit)
        leaves = [evidence_leaf_hash(one.jws) for one in answer.entries]
        assert [one.index for one in answer.entries] == list(range(begin, min(begin + limit, size)))
        assert [one.leaf_hash for one in answer.entries] == [leaf.hex() for leaf in leaves]
        proof = [bytes.fromhex(one) for one in answer.proof]
        verify_range(leaves, begin=begin, size=size, proof=proof, root=root)


async def test_long_entries_come_in_several_answers(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    size = await grow(tree, 2)
    longest = max(len(one["jws"]) for one in await tree[DISTRICT].rows(evidence))
    log = log_of(tree)

    for limit_bytes, expected in ((1, 1), (2 * longest, 2), (size * longest, size)):
        monkeypatch.setattr("lienthong.exchange.usecases.read_log.MAX_ENTRIES_BYTES", limit_bytes)
        answer = await log.entries(0, size=size, limit=500)
        assert len(answer.entries) == expected


async def test_the_covering_checkpoint_is_the_smallest_that_is_stamped_and_witnessed(tree: Tree) -> None:
    log, factory = log_of(tree), tree[DISTRICT].factory
    for _ in range(5):
        await grow(tree, 1)
    before = (await log.covering(1)).size
    async with factory.database.begin() as connection:
        for size in (4, 8):
            await add_time_stamp(connection, size, b"token", time=factory.clock())
    stamped = (await log.covering(1)).size
    async with factory.database.begin() as connection:
        for size in (2, 6, 8):
            given = witnessed(tree, await log.checkpoint(size)).cosignature
            await add_cosignature(connection, size, given, time=factory.clock())

    best = await log.covering(1)

    assert (before, stamped, best.size) == (2, 4, 8)
    assert ([one.witness for one in best.cosignatures], len(best.time_stamps)) == ([PROVINCE], 1)
    assert (await log.covering(9)).size == 10
    assert ((await log.newest()).size, (await log.newest(stamped=True)).size) == (10, 8)


async def test_what_the_log_has_not_is_told_apart_from_what_it_must_have(tree: Tree) -> None:
    log = log_of(tree)
    with pytest.raises(NodeLogMissing):
        await log.newest()
    await grow(tree, 1)

    for missing in (log.checkpoint(1), log.covering(3), log.inclusion(EvidenceId(new_uuid()))):
        with pytest.raises(NodeLogMissing):
            await missing
    for beyond in (log.consistency(1, 3), log.entries(0, size=3, limit=1), log.entries(2, size=2, limit=1)):
        with pytest.raises(NodeLogUnusable) as caught:
            await beyond
        assert caught.value.facts["node_code"] == "log-size-invalid"


async def test_a_log_with_missing_rows_says_that_it_is_damaged(tree: Tree) -> None:
    size = await grow(tree, 2)
    factory = tree[DISTRICT].factory
    async with factory.database.begin() as connection:
        await connection.exec_driver_sql("DROP TRIGGER evidence_log_no_delete")
        await connection.execute(evidence_log.delete().where(evidence_log.c.index == 1))

    for damaged in (log_of(tree).entries(0, size=size, limit=10), log_of(tree).consistency(1, size)):
        with pytest.raises(NodeLogUnusable) as caught:
            await damaged
        assert caught.value.facts["node_code"] == "log-damaged"


@pytest.mark.parametrize("changes", [{"reason": "changed"}, {"id": new_uuid()}, {"time": "yesterday"}])
async def test_a_log_whose_claims_say_something_else_says_that_it_is_damaged(
    tree: Tree, changes: dict[str, str]
) -> None:
    size = await grow(tree, 1)
    [first, *_] = await tree[DISTRICT].rows(evidence)
    async with tree[DISTRICT].factory.database.begin() as connection:
        await connection.exec_driver_sql("DROP TRIGGER evidence_no_update")
        shown = evidence.update().where(evidence.c.id == first["id"])
        await connection.execute(shown.values(claims=first["claims"] | changes))

    with pytest.raises(NodeLogUnusable, match="is not what the entry says") as caught:
        await log_of(tree).entries(0, size=size, limit=10)

    assert caught.value.facts["node_code"] == "log-damaged"


async def test_a_node_that_is_away_is_unavailable(tree: Tree) -> None:
    log = log_of(tree)
    del tree.nodes[DISTRICT]

    with pytest.raises(NodeLogUnavailable):
        await log.newest()


async def test_entries_are_for_the_witness_and_operators_only(tree: Tree) -> None:
    await grow(tree, 1)
    entries = "/entries?begin=0&size=2"

    office = await ask(tree, entries, tree.token("H28.31", DISTRICT, [Scope.DOCUMENTS_READ]))
    elsewhere = await ask(tree, entries, request(tree, sealed_by=CENTRE))
    child = await ask(tree, entries, request(tree, sealed_by=NodeId("H28.31.05")))
    operator = await ask(tree, entries, tree.token("H28.31", DISTRICT, [Scope.ADMIN]))
    parent = await ask(tree, entries, request(tree))

    assert [one.json()["code"] for one in (office, elsewhere, child)] == ["auditor-not-allowed"] * 3
    assert [one.status_code for one in (office, operator, parent)] == [403, 200, 200]


async def test_checkpoints_and_proofs_are_for_every_node_and_every_reader_of_documents(tree: Tree) -> None:
    await grow(tree, 1)
    tokens = [tree.token("H28.31", DISTRICT, [scope]) for scope in (Scope.DOCUMENTS_READ, Scope.ADMIN)]

    for path in PROOFS:
        for token in (*tokens, request(tree, sealed_by=CENTRE)):
            assert (await ask(tree, path, token)).status_code == 200
        refused = await ask(tree, path, tree.token("H28.31", DISTRICT, [Scope.INBOX]))
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")


@pytest.mark.parametrize(
    "forged",
    [
        {"issuer": CENTRE},
        {"audience": PROVINCE},
        {"age": timedelta(minutes=6)},
        {"age": timedelta(minutes=-6)},
        {"zone": False},
    ],
    ids=["another-issuer", "another-node", "old", "from-the-future", "without-a-zone"],
)
async def test_a_forged_request_opens_nothing(tree: Tree, forged: dict[str, object]) -> None:
    answer = await ask(tree, "/checkpoints/newest", request(tree, **forged))  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["code"]) == (403, "log-reader-not-allowed")


async def test_a_seal_of_strangers_opens_nothing(tree: Tree) -> None:
    token = request(tree)
    stranger = tree.pki.node_seal("X99").seal("lienthong-log+jws", b'{"issuer":"X99","audience":"H28.31"}')

    for bad in (token[:-4] + "AAAA", stranger, tree.pki.agency("H28.31").seal_key().seal("lienthong-log+jws", b"{}")):
        answer = await ask(tree, "/checkpoints/newest", bad)
        assert (answer.status_code, answer.json()["code"]) == (403, "log-reader-not-allowed")
