"""Systems that speak the national SDK's interface, as the registry tells a node of them (JWS type ``SYSTEMS_TYPE``).

The secrets are in it: it goes over TLS to the one node that it names, and stays in a file of mode 0600 there.
"""

from pydantic import AwareDatetime, Field, SecretStr, field_serializer

from lienthong.shared.contracts import Contract
from lienthong.shared.identifiers import AgencyCode, NodeId

SYSTEMS_TYPE = "lienthong-systems+jws"
"""JWS ``typ`` of the systems of a node."""
SYSTEM_ID_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$"
"""Such as ``system.province-28``."""


class SystemSecretEntry(Contract):
    """One secret; good from ``valid_from`` until before ``valid_to`` (None: no end set)."""

    value: SecretStr
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None

    @field_serializer("value", when_used="json")
    def _shown(self, value: SecretStr) -> str:
        return value.get_secret_value()


class SystemEntry(Contract):
    """One system that is switched on: the client that it counts as, the agency that it acts for, good secrets."""

    system_id: str = Field(examples=["system.province-28"])
    client_id: str
    agency: AgencyCode
    secrets: tuple[SystemSecretEntry, ...]


class NodeSystems(Contract):
    """All systems that may call one node. ``issued_at`` only grows; an older list than the one held is refused."""

    node: NodeId
    issued_at: AwareDatetime
    systems: tuple[SystemEntry, ...]
