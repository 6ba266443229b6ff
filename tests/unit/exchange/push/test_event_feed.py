"""From where a reader may go on, and how an event leaves the node."""

import json
from contextlib import ExitStack
from datetime import timedelta

import pytest

from lienthong.exchange.domain.event_feed import (
    EventsExpired,
    FeedEvent,
    FeedExtent,
    PositionUnknown,
    cloud_event,
    require_continuable,
)
from lienthong.exchange.domain.events import EventType, NewEvent
from lienthong.exchange.usecases.stream_places import MAX_STREAMS, MAX_STREAMS_OF_CLIENT, StreamPlaces, TooManyStreams
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId
from tests.support.pki import NOW

EXTENT = FeedExtent(oldest=50, head=60)


@pytest.mark.parametrize("after", [49, 50, 60])
def test_a_reader_goes_on_where_nothing_is_missing(after: int) -> None:
    require_continuable(after, EXTENT)


def test_a_reader_that_missed_removed_events_is_told() -> None:
    with pytest.raises(EventsExpired) as refused:
        require_continuable(48, EXTENT)

    assert refused.value.facts == {"oldest": 50, "head": 60}


def test_a_position_that_the_feed_never_had_is_refused() -> None:
    with pytest.raises(PositionUnknown):
        require_continuable(61, EXTENT)


def test_a_feed_without_events_begins_at_zero() -> None:
    require_continuable(0, FeedExtent(oldest=0, head=0))
    with pytest.raises(PositionUnknown):
        require_continuable(1, FeedExtent(oldest=0, head=0))


def test_an_event_leaves_as_a_cloud_event() -> None:
    event = NewEvent(
        type=EventType.TRANSPORT_STATUS,
        time=NOW + timedelta(milliseconds=5),
        agency=AgencyCode("H28"),
        document=DocumentId("d"),
        delivery=DeliveryId("e"),
        data={"transport_status": "done"},
    )

    told = cloud_event(FeedEvent(position=181, id="i", event=event), node=NodeId("H28"))

    assert told.position == 181
    assert json.loads(told.to_json()) == {
        "specversion": "1.0",
        "id": "i",
        "source": "urn:lienthong:node:H28",
        "type": "vn.lienthong.delivery.transport-status",
        "subject": "d",
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": "0000000000000000181",
        "data": {"agency": "H28", "document": "d", "delivery": "e", "transport_status": "done"},
    }


def test_a_client_has_only_so_many_streams_and_gets_places_back() -> None:
    places = StreamPlaces()
    held = [places.taken("a") for _ in range(MAX_STREAMS_OF_CLIENT)]
    for one in held:
        one.__enter__()

    with pytest.raises(TooManyStreams):
        places.require("a")
    places.require("b")

    held[0].__exit__(None, None, None)
    places.require("a")


def test_many_clients_together_have_only_so_many_streams() -> None:
    places, held = StreamPlaces(), ExitStack()
    for number in range(MAX_STREAMS):
        places.require(str(number))
        held.enter_context(places.taken(str(number)))

    with pytest.raises(TooManyStreams):
        places.require("one more")
