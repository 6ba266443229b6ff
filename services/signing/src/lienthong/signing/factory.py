"""The one place where the service's parts are put together, for requests, the command line and provisioning alike."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from lienthong.shared.database import Database
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.migrating import migrate
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.config import Settings
from lienthong.signing.domain.records import Authority, CertificateRecord, RemoteTerms
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.keys.store import FileKeyStore, KeyStore
from lienthong.signing.keys.token_store import TokenKeyStore
from lienthong.signing.usecases.create_remote_key import RemoteKeyMade, create_remote_key
from lienthong.signing.usecases.init_ca import init_ca
from lienthong.signing.usecases.issue_certificate import KeyOrder, issue_keys
from lienthong.signing.usecases.resources import Resources
from lienthong.signing.usecases.service_keys import renew_service_keys
from lienthong.signing.usecases.trust_list import published_trust_list

MIGRATIONS = Path(__file__).parent / "migrations"


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


class SigningFactory:
    """One process's use of the signing service, without HTTP. Open it as an async context manager, or close it.

    ``async with SigningFactory(settings) as signing: await signing.migrate(); await signing.init_ca()``
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.resources = Resources(
            settings=settings,
            database=Database(settings.database_url),
            keys=_key_store(settings),
            clock=clock,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the database and lets go of the keys."""
        self.resources.keys.close()
        await self.resources.database.close()

    async def migrate(self) -> None:
        """Brings the database to this version's schema."""
        await asyncio.to_thread(migrate, self.resources.settings.database_url, MIGRATIONS)

    async def init_ca(self) -> Authority:
        """The issuing authority, made if it is not there; the root certificate lies at ``settings.root_path`` then."""
        authority = await init_ca(self.resources)
        await renew_service_keys(self.resources)
        return authority

    async def issue_key(self, profile: Profile, subject: Subject, *, out_p12: Path, password: str) -> CertificateRecord:
        """A new key with its certificate, in a PKCS#12 file."""
        order = KeyOrder(profile=profile, subject=subject, path=out_p12, password=password)
        (record,) = await self.issue_keys([order])
        return record

    async def issue_keys(self, orders: Sequence[KeyOrder]) -> list[CertificateRecord]:
        """Many new keys in one go."""
        return await issue_keys(self.resources, orders)

    async def create_remote_key(self, agency: AgencyCode, *, name: str, node: NodeId | None) -> RemoteKeyMade:
        """The agency's remote key, made if it has none. ``node`` is the node that may sign with it."""
        subject = Subject(name=name, organisation=name, agency=agency)
        return await create_remote_key(self.resources, subject, RemoteTerms(node=node), caller=None)

    async def trust_list(self) -> str:
        """What nodes need to check certificates, sealed: a compact JWS."""
        return (await published_trust_list(self.resources)).jws


def _key_store(settings: Settings) -> KeyStore:
    """A token's, if a module is named; otherwise the folder of PKCS#12 files."""
    if settings.pkcs11_module:
        pin = settings.pkcs11_pin.get_secret_value()
        return TokenKeyStore(settings.keys_dir, module=settings.pkcs11_module, label=settings.pkcs11_token, pin=pin)
    return FileKeyStore(settings.keys_dir, settings.key_password.get_secret_value())
