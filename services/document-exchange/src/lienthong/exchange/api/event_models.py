"""What ``/v1/events`` answers."""

from typing import Any, Final

from pydantic import ConfigDict, Field

from lienthong.exchange.api.models import Shape
from lienthong.shared.contracts.events import CloudEvent

EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c20",
    "source": "urn:lienthong:node:H28.31",
    "type": "vn.lienthong.delivery.arrived",
    "subject": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11",
    "time": "2026-03-02T08:00:00Z",
    "datacontenttype": "application/json",
    "sequence": "0000000000000000181",
    "data": {
        "agency": "H28.31",
        "document": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11",
        "delivery": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c12",
        "kind": "document",
        "business_type": 0,
        "sender": "H28",
        "sender_document_id": "000.00.00.H28,2026/03/02,181/KH-UBND",
        "subject": "Kế hoạch chuyển đổi số",
        "notation": "181/KH-UBND",
        "priority": 0,
    },
}


class EventsPage(Shape):
    """A page of the feed, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [EVENT], "after": 181, "more": False}]})

    items: tuple[CloudEvent, ...] = Field(description="CloudEvents 1.0 in JSON")
    after: int = Field(ge=0, description="Ask with this position next; your agencies have nothing else up to it")
    more: bool = Field(description="Whether there is something at once")
