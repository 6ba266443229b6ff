"""Read enrolments: one, or page by page."""

from lienthong.shared.paging import decode_cursor, encode_cursor
from lienthong.shared.tokens import Principal
from lienthong.signing.domain.enrolment import CallerKind, Enrolment, EnrolmentId, EnrolmentState, kind_of, may_see
from lienthong.signing.errors import EnrolmentUnknown
from lienthong.signing.storage import enrolments as rows
from lienthong.signing.usecases.resources import Resources


async def read_enrolment(resources: Resources, enrolment_id: EnrolmentId, *, caller: Principal) -> Enrolment:
    """One enrolment. Raises :class:`EnrolmentUnknown`, also when it is not the caller's to see."""
    async with resources.database.read() as connection:
        found = await rows.enrolment(connection, enrolment_id)
    if found is None or not may_see(caller, found):
        raise EnrolmentUnknown("There is no such enrolment.")
    return found


async def page_of_enrolments(
    resources: Resources, *, state: EnrolmentState | None, limit: int, cursor: str | None, caller: Principal
) -> tuple[list[Enrolment], str | None]:
    """At most ``limit`` of those that the caller may see, in the order of asking, and the cursor of the next page.

    Raises:
        CursorInvalid: ``cursor`` was not given out here.
    """
    after = EnrolmentId(str(decode_cursor(cursor, str)[0])) if cursor else None
    async with resources.database.read() as connection:
        found = await rows.list_enrolments(
            connection,
            agency=caller.agency,
            requested_by=caller.client_id if kind_of(caller) is CallerKind.NODE else None,
            state=state,
            now=resources.clock(),
            after=after,
            limit=limit + 1,
        )
    page = found[:limit]
    return page, encode_cursor(page[-1].id) if len(found) > limit else None
