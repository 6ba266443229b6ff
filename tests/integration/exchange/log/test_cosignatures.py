"""Only what the witness signed, over a checkpoint that the node made, is kept as a witness's signature."""

from typing import Any

import pytest

from lienthong.exchange.storage.log_schema import log_cosignatures
from lienthong.exchange.usecases.make_checkpoint import own_certificates
from lienthong.shared.clients.node_log import NodeLogMissing, NodeLogUnavailable, NodeLogUnusable
from lienthong.shared.errors import LienthongError
from lienthong.shared.signatures.certificates import certificate_from_pem
from lienthong.shared.signatures.checkpoints import verify_cosignature
from tests.integration.exchange.carry.tree import Tree
from tests.integration.exchange.log.logs import CENTRE, DISTRICT, PROVINCE, checkpoint_in, grow, log_of, witnessed


async def test_the_witness_signature_is_shown_beside_the_checkpoint(tree: Tree) -> None:
    await grow(tree, 1)
    log, factory = log_of(tree), tree[CENTRE].factory

    for _ in range(2):
        await log.cosign(witnessed(tree, await log.newest()))

    answer = await log_of(tree, reader=CENTRE).newest()
    [shown] = answer.cosignatures
    certificates = [certificate_from_pem(one) for one in shown.certificates]
    trust, now = factory.trust.current(), factory.clock()
    at = verify_cosignature(
        checkpoint_in(answer), shown.line, witness=PROVINCE, certificates=certificates, trust=trust, at=now
    )
    assert (shown.witness, at <= now) == (PROVINCE, True)


async def test_a_node_that_is_no_witness_signs_nothing(tree: Tree) -> None:
    await grow(tree, 1)
    log = log_of(tree, reader=CENTRE)

    with pytest.raises(NodeLogUnavailable) as caught:
        await log.cosign(witnessed(tree, await log.newest(), by=CENTRE))

    assert caught.value.facts["node_code"] == "witness-not-entitled"
    assert await tree[DISTRICT].rows(log_cosignatures) == []


async def test_a_forged_cosignature_is_refused(tree: Tree) -> None:
    for _ in range(2):
        await grow(tree, 1)
    log = log_of(tree)
    new, old = await log.newest(), await log.checkpoint(2)
    by_centre = witnessed(tree, new, by=CENTRE).cosignature
    forged: list[tuple[dict[str, Any], type[LienthongError]]] = [
        ({"line": witnessed(tree, old).cosignature.line}, NodeLogUnusable),
        ({"line": by_centre.line}, NodeLogUnusable),
        ({"line": by_centre.line.replace("G22", "H28")}, NodeLogUnusable),
        ({"line": new.note.split("\n\n")[1].strip()}, NodeLogUnusable),
        ({"line": "— nonsense"}, NodeLogUnusable),
        ({"certificates": own_certificates(tree[CENTRE].factory)}, NodeLogUnusable),
        ({"certificates": ("no certificate",)}, NodeLogUnusable),
        ({"witness": CENTRE}, NodeLogUnavailable),
    ]

    for changes, expected in forged:
        with pytest.raises(expected):
            await log.cosign(witnessed(tree, new, **changes))
    with pytest.raises(NodeLogMissing):
        await log.cosign(witnessed(tree, new).model_copy(update={"size": 3}))

    assert await tree[DISTRICT].rows(log_cosignatures) == []
