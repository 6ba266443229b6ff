"""The feed of a node: what its agencies should hear of, as pages for pollers and as server-sent events."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response

from lienthong.exchange.api.authorization import Caller, Reader, WithFactory
from lienthong.exchange.api.event_models import EVENT, EventsPage
from lienthong.exchange.api.event_stream import EVENT_STREAM, EventStream
from lienthong.exchange.api.inbox import gave_up
from lienthong.exchange.api.models import CodeText
from lienthong.exchange.api.refusals import CALLER_ERRORS
from lienthong.exchange.domain.event_feed import (
    MAX_POSITION,
    EventsExpired,
    FeedQuery,
    PositionUnknown,
    cloud_event,
)
from lienthong.exchange.domain.events import EventType
from lienthong.exchange.usecases.read_events import EVENTS_AT_ONCE, begin_stream, follow_events, read_events
from lienthong.exchange.usecases.stream_places import TooManyStreams
from lienthong.shared.negotiation import preferred
from lienthong.shared.paging import DEFAULT_PAGE, MAX_PAGE
from lienthong.shared.problems import InvalidRequest, problem_responses

router = APIRouter(prefix="/v1/events", tags=["events"])

Position = Annotated[int | None, Query(ge=0, le=MAX_POSITION, description="Everything up to here was seen")]
Limit = Annotated[int | None, Query(ge=1, le=MAX_PAGE, description="Events of a page; asks for a page in any case")]
LastEventID = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=MAX_POSITION)]
Types = Annotated[list[EventType] | None, Query(alias="type", max_length=len(EventType), description="Only these")]
_STREAM: Final[dict[str, Any]] = {
    "description": "A page of the feed, or the feed itself",
    "content": {
        EVENT_STREAM: {
            "schema": {"type": "string"},
            "example": f"id: 181\nevent: {EVENT['type']}\ndata: {{…}}\n\n",
        }
    },
}


@router.get(
    "",
    summary="What happened to your documents",
    response_model=EventsPage,
    responses={
        200: _STREAM,
        **problem_responses(*CALLER_ERRORS, EventsExpired, PositionUnknown, InvalidRequest, TooManyStreams),
    },
)
async def events(
    request: Request,
    *,
    factory: WithFactory,
    caller: Reader,
    agency: CodeText | None = None,
    types: Types = None,
    after: Position = None,
    limit: Limit = None,
    last_event_id: LastEventID = None,
) -> Response:
    """Events for your agencies, in one order that never changes; go on from where you are after any pause.

    With ``Accept: text/event-stream`` they come as they happen, from now on unless ``Last-Event-ID`` or ``after`` says
    where you are. Otherwise you get a page, from the oldest event that is kept unless ``after`` says where you are.
    """
    wants_stream = preferred(request.headers.get("accept"), ("application/json", EVENT_STREAM)) == EVENT_STREAM
    query = FeedQuery(agencies=caller.agencies(agency), types=types or None, after=after, limit=limit or DEFAULT_PAGE)
    if wants_stream and limit is None:
        seen = after if last_event_id is None else last_event_id
        return await _stream(request, query, caller, seen)
    page = await read_events(query, factory)
    told = tuple(cloud_event(one, node=caller.node) for one in page.events)
    shown = EventsPage(items=told, after=page.position, more=page.more)
    return Response(shown.model_dump_json(), media_type="application/json")


async def _stream(request: Request, query: FeedQuery, caller: Caller, seen: int | None) -> EventStream:
    factory = request.app.state.factory
    factory.streams.require(caller.client_id)
    begin = await begin_stream(seen, factory)
    wanted = FeedQuery(agencies=query.agencies, types=query.types, after=begin, limit=EVENTS_AT_ONCE)
    pages = follow_events(wanted, factory, watch=factory.feed_watch, ended=lambda: gave_up(request))
    return EventStream(pages, begin=begin, node=caller.node, place=(factory.streams, caller.client_id))
