"""The error taxonomy: one tree, grouped by what the caller should do.

Leaves live with the code that raises them, carry a stable ``code`` (lower-case words joined by hyphens,
never changed once published) and know nothing of HTTP or of the bus. ``problems.py`` turns them into
``application/problem+json`` at the edge; consumers turn them into ack, retry or dead letter.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar


class LienthongError(Exception):
    """An error with a stable code and a sentence that tells the caller what to do.

    Args:
        detail: One or two sentences for the caller. Never internals, keys, paths or foreign exception text.
        facts: JSON-ready members added to the problem document (field, limit, offset ...).
    """

    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something failed here"

    def __init__(self, detail: str, *, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts: dict[str, object] = dict(facts or {})


class InvalidInput(LienthongError):
    """The request or message can never succeed as it is; the caller must change it."""

    code = "invalid-input"
    title = "The input is not valid"


class Unauthenticated(LienthongError):
    """The caller did not prove who it is."""

    code = "unauthenticated"
    title = "Authentication is required"


class Forbidden(LienthongError):
    """The caller is known and may not do this."""

    code = "forbidden"
    title = "This is not allowed"


class NotFound(LienthongError):
    """The thing does not exist, or the caller may not know that it does."""

    code = "not-found"
    title = "Not found"


class Gone(NotFound):
    """The thing was here, and will not be again."""

    code = "gone"
    title = "Gone for good"


class Conflict(LienthongError):
    """The thing exists in a state that excludes the request."""

    code = "conflict"
    title = "The request conflicts with the current state"


class Verification(LienthongError):
    """A signature, seal, digest or token failed its check.

    Args:
        detail: As in :class:`LienthongError`.
        report: JSON-ready validation report, where there is one.
        facts: As in :class:`LienthongError`.
    """

    code = "verification-failed"
    title = "Verification failed"

    def __init__(
        self,
        detail: str,
        *,
        report: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail, facts=facts)
        if report is not None:
            self.facts["report"] = dict(report)


class TooLarge(LienthongError):
    """The input exceeds a documented limit."""

    code = "too-large"
    title = "The input is too large"


class TooMany(LienthongError):
    """The caller exceeds its rate; it may try again after ``retry_after``."""

    code = "too-many-requests"
    title = "Too many requests"

    def __init__(
        self, detail: str, *, retry_after: timedelta = timedelta(seconds=1), facts: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail, facts=facts)
        self.retry_after = retry_after


class Unavailable(LienthongError):
    """Something that this needs is away for now; the same request may succeed after ``retry_after``."""

    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(
        self,
        detail: str,
        *,
        retry_after: timedelta = timedelta(seconds=5),
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail, facts=facts)
        self.retry_after = retry_after
