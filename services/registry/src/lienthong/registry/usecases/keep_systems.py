"""Systems that speak the national SDK's interface: added, switched, their secrets rotated, told to nodes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.sealed_secrets import SecretSealer
from lienthong.registry.domain.systems import (
    ClientWithoutAgency,
    System,
    SystemExists,
    SystemNotFound,
    SystemSecret,
    check_secret,
    ended,
    rotated,
)
from lienthong.registry.errors import ClientNotFound
from lienthong.registry.storage import clients, systems
from lienthong.registry.usecases.keep_clients import new_secret
from lienthong.shared.contracts.systems import NodeSystems, SystemEntry, SystemSecretEntry
from lienthong.shared.database import Database
from lienthong.shared.identifiers import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """A system, and the secret that was just made or brought along: shown this once."""

    system: System
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A new secret for a system; ``secret`` None: one is made. The former ones go on for ``overlap`` at most."""

    system_id: str
    secret: str | None
    overlap: timedelta


class SystemKeeper:
    """Keeps the systems of one registry.

    Args:
        database: The registry's.
        sealer: Encrypts secrets where they are stored.
    """

    def __init__(self, database: Database, sealer: SecretSealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, system_id: str, client_id: str, secret: str | None, *, by: str, now: datetime) -> Revealed:
        """Adds a system for a client; ``secret`` None: one is made.

        Raises:
            SystemExists: The id is taken.
            ClientNotFound, ClientWithoutAgency: The client that it is to count as.
            SystemSecretRefused: The secret that was brought along.
        """
        first, revealed = self._made(system_id, secret, by=by, now=now)
        async with self._database.begin() as connection:
            client = await clients.find(connection, client_id)
            if client is None:
                raise ClientNotFound(f"There is no client {client_id}.")
            if client.agency is None:
                raise ClientWithoutAgency(f"The client {client_id} acts for no agency; a system needs one that does.")
            system = System(
                system_id=system_id,
                client_id=client_id,
                agency=client.agency,
                is_enabled=True,
                secrets=(first,),
                created_at=now,
                created_by=by,
            )
            if not await systems.add(connection, system):
                raise SystemExists(f"A system {system_id} exists already.")
        return Revealed(system=system, secret=revealed)

    async def rotate(self, rotation: Rotation, *, by: str, now: datetime) -> Revealed:
        """Gives the system a new secret beside the former ones.

        Raises:
            SystemNotFound: There is no such system.
            SystemSecretRefused: The secret that was brought along, or too many are good already.
        """
        new, revealed = self._made(rotation.system_id, rotation.secret, by=by, now=now)
        async with self._database.begin() as connection:
            system = await _locked(connection, rotation.system_id)
            former = ended(system.secrets, now=now) if not rotation.overlap else system.secrets
            secrets = rotated(former, new, overlap=rotation.overlap, now=now)
            await systems.put_secrets(connection, system.system_id, secrets)
            system = await _locked(connection, rotation.system_id)
        return Revealed(system=system, secret=revealed)

    async def switch(self, system_id: str, *, is_enabled: bool) -> System:
        """Switches the interface on or off for the system. Raises :class:`SystemNotFound`."""
        async with self._database.begin() as connection:
            await _locked(connection, system_id)
            await systems.enable(connection, system_id, is_enabled=is_enabled)
            return await _locked(connection, system_id)

    async def get(self, system_id: str) -> System:
        """The system. Raises :class:`SystemNotFound`."""
        async with self._database.read() as connection:
            return _known(await systems.find(connection, system_id), system_id)

    async def page(self, *, after: str, limit: int) -> list[System]:
        """One page of systems, by id."""
        async with self._database.read() as connection:
            return await systems.page(connection, after=after, limit=limit)

    async def of_node(self, node: NodeId, *, now: datetime) -> NodeSystems:
        """The systems that may call ``node``: of agencies that it serves, or that act for one that it serves."""
        async with self._database.read() as connection:
            found = await systems.of_node(connection, node)
        return NodeSystems(node=node, issued_at=now, systems=tuple(self._entry(one, now) for one in found))

    def _entry(self, system: System, now: datetime) -> SystemEntry:
        secrets = tuple(
            SystemSecretEntry.model_validate(
                {
                    "value": self._sealer.open(one.sealed, system.system_id),
                    "valid_from": one.valid_from,
                    "valid_to": one.valid_to,
                }
            )
            for one in system.secrets
            if not one.has_ended(now)
        )
        return SystemEntry(
            system_id=system.system_id, client_id=system.client_id, agency=system.agency, secrets=secrets
        )

    def _made(self, system_id: str, secret: str | None, *, by: str, now: datetime) -> tuple[SystemSecret, str]:
        if secret is not None:
            check_secret(secret)
        revealed = secret or new_secret()
        sealed = self._sealer.seal(revealed, system_id)
        return SystemSecret(sealed=sealed, valid_from=now, valid_to=None, made_by=by), revealed


async def _locked(connection: AsyncConnection, system_id: str) -> System:
    return _known(await systems.find(connection, system_id, lock=True), system_id)


def _known(system: System | None, system_id: str) -> System:
    if system is None:
        raise SystemNotFound(f"There is no system {system_id}.")
    return system
