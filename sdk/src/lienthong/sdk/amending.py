"""What a package does to a document that was sent before."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """A new version of it, or another in its place."""

    UPDATE = "update"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """The document that is updated or replaced, by its id on the platform."""

    document_id: str
    how: How

    @property
    def path(self) -> str:
        """Where the package is submitted."""
        return f"/v1/documents/{self.document_id}/{self.how}"


def signing(*, sign: bool) -> Mapping[str, str]:
    """The query of what the node builds: signed with the agency's remote key unless said otherwise."""
    return {} if sign else {"sign": "false"}
