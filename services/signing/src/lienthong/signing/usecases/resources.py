"""The process-wide things that use cases work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lienthong.shared.database import Database
from lienthong.signing.config import Settings
from lienthong.signing.domain.issuance import Addresses
from lienthong.signing.domain.records import Authority
from lienthong.signing.errors import NotInitialised
from lienthong.signing.keys.store import KeyStore
from lienthong.signing.storage.authorities import issuing_authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Settings, database, keys and the clock of one process. ``clock`` tells the time, aware, in UTC."""

    settings: Settings
    database: Database
    keys: KeyStore
    clock: Callable[[], datetime]

    @property
    def addresses(self) -> Addresses:
        """What certificates say about where to fetch things."""
        return Addresses(base_url=self.settings.public_url)

    async def issuing_authority(self) -> Authority:
        """The authority that issues now.

        Raises:
            NotInitialised: There is none yet.
        """
        async with self.database.read() as connection:
            found = await issuing_authority(connection)
        if found is None:
            raise NotInitialised("The operator must run 'lienthong-signing init' first.")
        return found
