"""Events as they leave a node: CloudEvents in structured JSON, the same in pages, streams and webhooks.

Source: CloudEvents 1.0.2, sections "Context Attributes" and JSON event format; extension ``sequence``.
"""

from typing import Final, Literal

from pydantic import AwareDatetime

from lienthong.shared.contracts import Contract

CLOUD_EVENT: Final = "application/cloudevents+json"
"""Media type of one event. Source: CloudEvents JSON event format, section 3."""
SEQUENCE_DIGITS: Final = 19
"""Digits of ``sequence``: as many as a 64-bit integer has, so that texts sort as their numbers do."""
PING: Final = "vn.lienthong.webhook.ping"
"""``type`` of what a webhook's test sends; it stands in no feed and has no ``sequence``."""


class CloudEvent(Contract):
    """One event. ``source`` and ``id`` together name it for good: a repeated delivery repeats both."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    """``urn:lienthong:node:`` and the node."""
    type: str
    subject: str
    """The document. Events of one document keep their order."""
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str | None = None
    """Place in the node's feed, in decimal digits with leading zeros: see :attr:`position`."""
    data: dict[str, object]
    """``agency``, whom it is for; ``document``; ``delivery``, where it is about one; and what the type adds."""

    @property
    def position(self) -> int:
        """The place in the node's feed, as ``after`` and ``Last-Event-ID`` take it; 0: it has none."""
        return int(self.sequence or 0)

    def to_json(self) -> str:
        """The event in structured mode, one line. Absent attributes are left out, as CloudEvents demands."""
        return self.model_dump_json(exclude={"sequence"} if self.sequence is None else None)
