"""Fetches what registry and signing service publish; the copy that is held stays while they are away."""

from dataclasses import dataclass, field

from lienthong.exchange.usecases.process import Process


@dataclass(slots=True)
class Publications:
    """What a node keeps copies of, and the tag of the directory that it has."""

    process: Process
    _etag: str | None = field(default=None, init=False)

    async def refresh_trust(self) -> None:
        """Takes the trust list over.

        Raises:
            SigningUnavailable: The signing service is away.
            Verification: Its seal, version or content do not pass.
            TrustMaterialInvalid: A certificate or list in it cannot be read.
        """
        jws = await self.process.signing.trust_list()
        await self.process.trust.replace(jws.encode("ascii", "replace"))

    async def refresh_directory(self) -> None:
        """Takes the directory over, if there is a newer one.

        Raises:
            RegistryUnavailable: The registry is away.
            Verification: Its seal, version or content do not pass.
            TrustListMissing: There is nothing yet to check its seal with.
        """
        fetched = await self.process.registry.snapshot(self._etag)
        if fetched is not None:
            await self.process.directory.replace(fetched.jws.encode("ascii", "replace"))
            self._etag = fetched.etag or None

    async def refresh_systems(self) -> None:
        """Takes over which systems may call here, with what secrets.

        Raises:
            RegistryUnavailable: The registry is away.
            TokenRefused: It does not know this node, or not as one that may ask.
            Verification: Its seal, time or node do not pass.
            TrustListMissing: There is nothing yet to check its seal with.
        """
        jws = await self.process.registry.systems(self.process.here)
        await self.process.systems.replace(jws.encode("ascii", "replace"))
