"""The directory as nodes hold it locally: a signed, expiring snapshot (JWS type ``DIRECTORY_TYPE``)."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import AgencyCode, NodeId

DIRECTORY_TYPE = "lienthong-directory+jws"
"""JWS ``typ`` of a directory snapshot."""


class Level(StrEnum):
    """The level of government that an agency or a node belongs to."""

    CENTRAL = "central"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


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
