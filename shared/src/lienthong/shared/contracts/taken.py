"""How a node tells the one before it which messages it has taken over (JWS type ``TAKEN_TYPE``).

A broker's confirm is no promise that survives the broker. Only when the next hop has committed a message does the
sender forget it. The notice itself is not acknowledged: if it is lost, the sender repeats, and gets another.
"""

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import MessageId, NodeId

TAKEN_TYPE = "lienthong-taken+jws"
"""JWS ``typ`` of a notice."""
MESSAGES_PER_NOTICE = 256
"""Message ids in one notice: about 13 KB sealed."""


class Taken(Contract):
    """``issuer`` has the effects of ``messages`` in its database, or has given them up for good."""

    issuer: NodeId
    audience: NodeId
    issued_at: AwareDatetime
    messages: tuple[MessageId, ...] = Field(min_length=1, max_length=MESSAGES_PER_NOTICE)
