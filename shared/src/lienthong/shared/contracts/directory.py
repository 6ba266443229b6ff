"""The directory as nodes hold it locally: a signed, expiring snapshot (JWS type ``DIRECTORY_TYPE``)."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import AgencyCode, NodeId

DIRECTORY_TYPE = "lienthong-directory+jws"
"""JWS ``typ`` of a directory snapshot."""
REORGANISATION_TYPE = "lienthong-reorganisation+jws"
"""JWS ``typ`` of what the registry states of an act of reorganisation."""


class Level(StrEnum):
    """The level of government that an agency or a node belongs to."""

    CENTRAL = "central"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class SuccessionRule(StrEnum):
    """What several successors of one agency do with what is addressed to it."""

    ALL = "all"
    """Each of them gets it."""
    FIRST = "first"
    """The first that the act names gets it: the one that takes over the files."""


class NodeEntry(Contract):
    """One node: where it stands in the tree, on which broker, and where other nodes pull packages from it."""

    id: NodeId = Field(examples=["H28.31.05"])
    parent: NodeId | None = Field(examples=["H28.31"])
    name: str = Field(examples=["Nút UBND xã Hang Kia"])
    level: Level
    broker: str = Field(description="Name of the broker that holds the queue of this node; nodes know its address")
    url: str = Field(description="Base URL of the node's REST API, without a trailing slash")


class AgencyEntry(Contract):
    """One agency: both codes, its names, its place, and the node that serves it (None: not placed yet)."""

    code: AgencyCode = Field(examples=["H28.31.05"])
    old_code: AgencyCode | None = Field(default=None, examples=["000.05.31.H28"])
    name: str = Field(examples=["UBND xã Hang Kia"])
    parent: AgencyCode | None = Field(examples=["H28.31"])
    level: Level
    node: NodeId | None = Field(examples=["H28.31.05"])
    email: str = ""


class DelegationEntry(Contract):
    """``delegate`` may act for ``principal``."""

    principal: AgencyCode
    delegate: AgencyCode


class DirectorySnapshot(Contract):
    """The whole directory at one moment. ``version`` only grows; a lower one than held is refused."""

    version: int
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    nodes: tuple[NodeEntry, ...]
    agencies: tuple[AgencyEntry, ...]
    delegations: tuple[DelegationEntry, ...] = ()


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
