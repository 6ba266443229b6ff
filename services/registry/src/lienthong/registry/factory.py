"""The one place where the registry's parts are put together, for requests and the command line alike."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from joserfc.jwk import ECKey, KeySet

from lienthong.registry.config import Settings
from lienthong.registry.domain.sealed_secrets import SecretSealer
from lienthong.registry.usecases.apply_reorganisations import Applier
from lienthong.registry.usecases.issue_token import TokenIssuer
from lienthong.registry.usecases.keep_systems import SystemKeeper
from lienthong.registry.usecases.preview_reorganisation import Previewer
from lienthong.registry.usecases.publish_directory import DirectoryPublisher
from lienthong.registry.usecases.search_agencies import AgencySearch
from lienthong.shared.contracts.tokens import REGISTRY_AUDIENCE
from lienthong.shared.database import Database
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.tokens import TokenVerifier, utc_now

Clock = Callable[[], datetime]


class OwnKeys:
    """The registry's own token keys, public part: it checks its tokens without asking itself over HTTP."""

    def __init__(self, key: ECKey) -> None:
        self._keys = KeySet([ECKey.import_key(key.as_dict(private=False))])

    async def keys(self, kid: str | None = None) -> KeySet:  # noqa: ARG002 — one answer for every kid
        """The keys, whatever ``kid`` is."""
        return self._keys

    def document(self) -> dict[str, object]:
        """The JWK set as it is published. Source: RFC 7517 section 5."""
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"} for key in self._keys]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """The process-wide things of the registry, and the use cases made from them."""

    settings: Settings
    database: Database
    token_keys: OwnKeys
    tokens: TokenVerifier
    token_issuer: TokenIssuer
    publisher: DirectoryPublisher
    systems: SystemKeeper
    search: AgencySearch
    previewer: Previewer
    applier: Applier
    seal_key: SealKey
    clock: Clock


@asynccontextmanager
async def open_factory(settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[Factory]:
    """Opens the registry's process-wide things, and closes them at the end."""
    key = await asyncio.to_thread(load_token_key, settings)
    password = settings.directory_seal_password.get_secret_value()
    seal_key = await asyncio.to_thread(SealKey.load, settings.directory_seal, password)
    database = Database(settings.database_url)
    own_keys = OwnKeys(key)
    try:
        yield Factory(
            settings=settings,
            database=database,
            token_keys=own_keys,
            tokens=TokenVerifier(audience=REGISTRY_AUDIENCE, issuer=settings.public_url, keys=own_keys, clock=clock),
            token_issuer=TokenIssuer(
                database=database,
                key=key,
                issuer=settings.public_url,
                audiences=frozenset({settings.token_endpoint, settings.public_url}),
            ),
            publisher=DirectoryPublisher(
                database=database, seal_key=seal_key, lifetime=settings.snapshot_lifetime, clock=clock
            ),
            systems=SystemKeeper(database, SecretSealer(settings.systems_key.get_secret_value())),
            search=AgencySearch(database),
            previewer=Previewer(database),
            applier=Applier(database=database, seal_key=seal_key),
            seal_key=seal_key,
            clock=clock,
        )
    finally:
        await database.close()


def load_token_key(settings: Settings) -> ECKey:
    """The private key that signs tokens; its id is its thumbprint. Source: RFC 7638."""
    key = ECKey.import_key(settings.token_key.read_bytes())
    key.ensure_kid()
    return key
