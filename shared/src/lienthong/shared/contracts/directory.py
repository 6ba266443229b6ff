"""The directory as nodes hold it locally: a signed, expiring snapshot (JWS type ``DIRECTORY_TYPE``)."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime, Field, PlainSerializer, PlainValidator

from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.agency_entries import AgencyEntry, ClosedAgency, Level, SuccessionRule
from lienthong.shared.contracts.agency_table import agency_table, closed_columns_of, closed_table, columns_of
from lienthong.shared.identifiers import AgencyCode, NodeId

DIRECTORY_TYPE = "lienthong-directory+jws"
"""JWS ``typ`` of a directory snapshot."""
REORGANISATION_TYPE = "lienthong-reorganisation+jws"
"""JWS ``typ`` of what the registry states of an act of reorganisation."""


class NodeEntry(Contract):
    """One node: where it stands in the tree, on which broker, and where other nodes pull packages from it."""

    id: NodeId = Field(examples=["H28.31.05"])
    parent: NodeId | None = Field(examples=["H28.31"])
    name: str = Field(examples=["Nút UBND xã Hang Kia"])
    level: Level
    broker: str = Field(description="Name of the broker that holds the queue of this node; nodes know its address")
    url: str = Field(description="Base URL of the node's REST API, without a trailing slash")


class DelegationEntry(Contract):
    """``delegate`` may act for ``principal``."""

    principal: AgencyCode
    delegate: AgencyCode


class DirectorySnapshot(Contract):
    """The whole directory at one moment. ``version`` only grows; a lower one than held is refused.

    ``agencies`` are those at work, ``closed`` those that were, with their successors; both travel as columns.
    """

    version: int
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    nodes: tuple[NodeEntry, ...]
    agencies: Annotated[Sequence[AgencyEntry], PlainValidator(agency_table), PlainSerializer(columns_of)]
    delegations: tuple[DelegationEntry, ...] = ()
    closed: Annotated[
        Sequence[ClosedAgency],
        PlainValidator(closed_table),
        PlainSerializer(closed_columns_of),
        Field(validate_default=True),
    ] = ()


class ReorganisationStatement(Contract):
    """What the registry states, under the directory's seal, of an act: who approved which file, and what it made.

    ``sha256`` is that of the file as it was uploaded. ``version`` is the directory's that the act made; until it was
    applied that and ``applied_at`` are null.
    """

    id: str
    title: str
    sha256: str
    operations: int
    effective_at: AwareDatetime
    uploaded_by: str
    uploaded_at: AwareDatetime
    approved_by: str
    approved_at: AwareDatetime
    applied_at: AwareDatetime | None = None
    version: int | None = None


__all__ = [
    "DIRECTORY_TYPE",
    "REORGANISATION_TYPE",
    "AgencyEntry",
    "ClosedAgency",
    "DelegationEntry",
    "DirectorySnapshot",
    "Level",
    "NodeEntry",
    "ReorganisationStatement",
    "SuccessionRule",
]
