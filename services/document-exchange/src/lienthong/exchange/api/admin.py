"""What operators see of a node."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field

from lienthong.exchange.api.authorization import WithFactory
from lienthong.exchange.api.models import Shape
from lienthong.exchange.domain.marks import SIGNER_REVOKED
from lienthong.exchange.domain.webhooks import WEBHOOK_PAUSED
from lienthong.exchange.domain.witnessing import Violation
from lienthong.exchange.usecases.witness_neighbours import list_alarms
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import DatabaseUnavailable
from lienthong.shared.identifiers import NodeId
from lienthong.shared.problems import problem_responses
from lienthong.shared.tokens import ScopeMissing, TokenInvalid, TokenMissing, require

router = APIRouter(prefix="/v1/admin", tags=["operators"], dependencies=[Depends(require(Scope.ADMIN))])

OPERATOR_ERRORS = (TokenMissing, TokenInvalid, ScopeMissing, DatabaseUnavailable)
_ALARM: Final[dict[str, Any]] = {
    "node": "H28.31",
    "violation": "rolled-back",
    "detail": "The log had 20852163 entries and now has 20701544.",
    "held_note": "lienthong.node/H28.31\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— …\n",
    "seen_note": "lienthong.node/H28.31\n20701544\n5ZqCvMAJzAnCdG4hNS8j5QTEXsN3uqvwTtbIq4gYT5U=\n\n— …\n",
    "first_seen_at": "2026-11-20T02:58:41Z",
    "last_seen_at": "2026-11-20T03:04:11Z",
    "rounds": 12,
}


class AlarmAnswer(Shape):
    """One kind of violation of one node's log, or of what this node accepted (``signer-revoked``)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ALARM]})

    node: NodeId = Field(description="Whose log it is about; signer-revoked: the node that accepted the documents")
    violation: str = Field(description=", ".join((*Violation, SIGNER_REVOKED, WEBHOOK_PAUSED)))
    detail: str = Field(description="What was seen in the last round")
    held_note: str = Field(description="The checkpoint that was witnessed last before: a signed note")
    seen_note: str = Field(description="The one that was seen when the alarm was raised; empty: none was to be had")
    first_seen_at: datetime
    last_seen_at: datetime
    rounds: int = Field(ge=1, description="In how many rounds it was seen; signer-revoked: of how many documents")


class AlarmsAnswer(Shape):
    """Every alarm, the one seen last first."""

    items: tuple[AlarmAnswer, ...]


@router.get("/alarms", summary="Alarms about logs and signers", responses=problem_responses(*OPERATOR_ERRORS))
async def alarms(*, factory: WithFactory) -> AlarmsAnswer:
    """What this node found wrong; for operators.

    As a witness: with the evidence logs of its neighbours. As a recipient: with signers of documents, who turned out to
    have been revoked before those were received.

    At most one for each node and violation, however often it is seen. An alarm is never cleared by itself. A node
    that is only away raises none.
    """
    found = await list_alarms(factory)
    return AlarmsAnswer(items=tuple(AlarmAnswer(**asdict(one)) for one in found))
