"""One agency as the directory has it: at work, or closed."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import AgencyCode, NodeId


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


class AgencyEntry(Contract):
    """One agency: both codes, its names, its place, and the node that serves it (None: not placed yet)."""

    code: AgencyCode = Field(examples=["H28.31.05"])
    old_code: AgencyCode | None = Field(default=None, examples=["000.05.31.H28"])
    name: str = Field(examples=["UBND xã Hang Kia"])
    parent: AgencyCode | None = Field(examples=["H28.31"])
    level: Level
    node: NodeId | None = Field(examples=["H28.31.05"])
    email: str = ""


class ClosedAgency(AgencyEntry):
    """An agency that is at work no more, as it was last. No node serves it: ``node`` is None.

    ``successors`` are those that the act named, in its order; they may be closed themselves. ``succession`` is the
    :class:`SuccessionRule` of several; None, or a word that is unknown here: each of them gets what comes.
    ``last_node`` served it, and has what came before.
    """

    closed_at: AwareDatetime
    successors: tuple[AgencyCode, ...] = ()
    succession: str | None = None
    last_node: NodeId | None = None
