"""What can go wrong for a caller of the SDK: the service's problem document, or a leaf of the shared taxonomy."""

from collections.abc import Mapping
from typing import Any

import httpx

from lienthong.shared.errors import InvalidInput, Unavailable, Verification

_PREFIX = "urn:lienthong:problem:"
_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "hop"})


class ProblemError(Exception):
    """A service answered with a problem document. Source: RFC 9457.

    Attributes:
        code: Stable code, such as ``no-known-recipient``.
        status: HTTP status.
        hop: Which service answered, such as ``node:H28``; empty when something before it did.
        facts: The other members of the document, such as ``limit`` or ``report``.
    """

    def __init__(self, code: str, *, title: str, status: int, detail: str, hop: str, facts: Mapping[str, Any]) -> None:
        super().__init__(detail or title)
        self.code = code
        self.title = title
        self.status = status
        self.detail = detail
        self.hop = hop
        self.facts = dict(facts)

    @classmethod
    def from_response(cls, response: httpx.Response) -> "ProblemError":
        """Reads a response whose body was read; a body that is no problem document gives the code ``http-<status>``."""
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {}
        kind = str(body.get("type", ""))
        return cls(
            kind.removeprefix(_PREFIX) if kind.startswith(_PREFIX) else f"http-{response.status_code}",
            title=str(body.get("title") or response.reason_phrase),
            status=response.status_code,
            detail=str(body.get("detail", "")),
            hop=str(body.get("hop", "")),
            facts={name: value for name, value in body.items() if name not in _OWN_MEMBERS},
        )


class ServiceUnreachable(Unavailable):
    """No connection after all attempts, or the connection broke in every one."""

    code = "service-unreachable"
    title = "The service cannot be reached"


class DownloadCorrupt(Verification):
    """What arrived does not have the SHA-256 that the node names; the file was removed."""

    code = "download-corrupt"
    title = "The download is not what was announced"


class ProfileIncomplete(InvalidInput):
    """The settings that say which node and whose credentials to use are missing or unreadable."""

    code = "profile-incomplete"
    title = "The profile is not complete"


class FileUnreadable(InvalidInput):
    """A file named by the caller cannot be read, or is not what the command expects."""

    code = "file-unreadable"
    title = "The file cannot be read"
