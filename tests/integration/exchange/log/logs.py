"""A node of the tree whose log has entries and checkpoints, and what others read of it."""

from datetime import timedelta
from typing import Any

import httpx

from lienthong.exchange.usecases.make_checkpoint import make_checkpoint, own_certificates
from lienthong.exchange.usecases.node_logs import node_log
from lienthong.exchange.usecases.sequence_evidence import sequence_evidence
from lienthong.shared.clients.node_log import NodeLogClient
from lienthong.shared.contracts.log import (
    LOG_REQUEST_TYPE,
    CheckpointAnswer,
    Cosignature,
    LogRequest,
    WitnessedCheckpoint,
)
from lienthong.shared.identifiers import NodeId, new_uuid
from lienthong.shared.signatures.checkpoints import Checkpoint, cosign, read_note
from tests.integration.exchange.carry.tree import Tree, letter

DISTRICT, PROVINCE, CENTRE = NodeId("H28.31"), NodeId("H28"), NodeId("G22")


async def grow(tree: Tree, letters: int, *, node: str = DISTRICT) -> int:
    """Two entries more for each letter, of the node to an agency of its own, and a checkpoint; its size."""
    for _ in range(letters):
        answer = await tree.submit(node, letter(node, ["H28.31.01"], folder=tree.folder, number=new_uuid()))
        assert answer.status_code == 201, answer.text
    factory = tree[node].factory
    await sequence_evidence(factory)
    size = await make_checkpoint(factory)
    assert size is not None
    return size


def log_of(tree: Tree, node: NodeId = DISTRICT, *, reader: NodeId = PROVINCE) -> NodeLogClient:
    """The log of ``node`` as ``reader`` reads it."""
    return node_log(node, tree[reader].factory)


def checkpoint_in(answer: CheckpointAnswer) -> Checkpoint:
    return read_note(answer.note).checkpoint


def witnessed(tree: Tree, answer: CheckpointAnswer, *, by: NodeId = PROVINCE, **changes: Any) -> WitnessedCheckpoint:
    """What ``by`` hands over after it found the checkpoint consistent."""
    factory = tree[by].factory
    line = cosign(checkpoint_in(answer), factory.seal_key, witness=by, at=factory.clock())
    given = Cosignature(witness=by, line=line, certificates=own_certificates(factory))
    return WitnessedCheckpoint(size=answer.size, cosignature=given.model_copy(update=changes))


async def ask(tree: Tree, path: str, token: str, *, node: NodeId = DISTRICT) -> httpx.Response:
    """One request to the log of ``node`` with any bearer token."""
    transport = httpx.ASGITransport(tree[node].app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        return await client.get(f"/v1/log{path}", headers={"Authorization": f"Bearer {token}"})


def request_of(
    tree: Tree, *, sealed_by: NodeId = PROVINCE, age: timedelta = timedelta(), zone: bool = True, **changes: Any
) -> str:
    """A sealed request to read the district's log, as it should be but for ``changes``."""
    factory = tree[sealed_by].factory
    request = LogRequest(issuer=sealed_by, audience=DISTRICT, issued_at=factory.clock() - age)
    said = request.model_copy(update=changes).model_dump_json()
    return factory.seal_key.seal(LOG_REQUEST_TYPE, (said if zone else said.replace('Z"', '"')).encode())
