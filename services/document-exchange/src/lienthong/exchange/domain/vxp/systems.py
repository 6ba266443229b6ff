"""Systems that speak the national SDK's interface, with the secrets that they sign with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from lienthong.shared.contracts.systems import SYSTEMS_TYPE, NodeSystems, SystemEntry
from lienthong.shared.errors import Unavailable, Verification
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import open_seal
from lienthong.shared.signatures.trust import TrustStore


class SystemsMissing(Unavailable):
    """The node has not heard yet which systems may call it."""

    code = "systems-missing"
    title = "This node does not know its systems yet"


class SystemsInvalid(Verification):
    """What the registry sealed is no list of systems for this node, or an older one than is held."""

    code = "systems-invalid"
    title = "The list of systems is not valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSecret:
    """One secret of a system, good from ``valid_from`` until before ``valid_to`` (None: no end set)."""

    value: bytes
    valid_from: datetime
    valid_to: datetime | None

    def is_good(self, at: datetime) -> bool:
        """Whether a call may be signed with it at that time."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An e-office system: its id on the wire, the client that it counts as, the agency that it acts for.

    During a rotation two secrets are good at once, so that no call fails meanwhile.
    """

    system_id: str
    client_id: str
    agency: AgencyCode
    secrets: tuple[SystemSecret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """All systems that may call this node, by their ids."""

    issued_at: datetime
    by_id: Mapping[str, System]

    def find(self, system_id: str) -> System | None:
        """The system with that id."""
        return self.by_id.get(system_id)


def open_systems(
    jws: str, *, trust: TrustStore, here: NodeId, now: datetime, held_since: datetime | None = None
) -> Systems:
    """The systems in a sealed list, or why it must not be used.

    Args:
        jws: Compact JWS of type ``SYSTEMS_TYPE``.
        trust: Roots and revocation lists held locally.
        here: This node.
        now: The time to judge at, aware.
        held_since: When the list that is held was issued; None: none is held.

    Raises:
        SealInvalid: Step 1.
        SystemsInvalid: Steps 2 to 4.
    """
    # 1. Sealed by the registry.
    opened = open_seal(jws, typ=SYSTEMS_TYPE, trust=trust, at=now, profile=Profile.DIRECTORY)
    # 2. A list of systems by its form.
    try:
        listed = NodeSystems.model_validate_json(opened.payload)
    except ValidationError as error:
        raise SystemsInvalid("The seal is good, but its payload is no list of systems.") from error
    # 3. For this node.
    if listed.node != here:
        raise SystemsInvalid(f"The list of systems is for {listed.node}.")
    # 4. Not older than the one held: somebody could bring a secret back that has ended.
    if held_since is not None and listed.issued_at < held_since:
        raise SystemsInvalid("The list of systems is older than the one held.")
    return Systems(issued_at=listed.issued_at, by_id={one.system_id: _system(one) for one in listed.systems})


def _system(entry: SystemEntry) -> System:
    secrets = tuple(
        SystemSecret(
            value=one.value.get_secret_value().encode(),
            valid_from=one.valid_from,
            valid_to=one.valid_to,
        )
        for one in entry.secrets
    )
    return System(system_id=entry.system_id, client_id=entry.client_id, agency=entry.agency, secrets=secrets)
