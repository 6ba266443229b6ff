"""Which node, whose credentials: from the environment, or from a profile file in TOML."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lienthong.sdk.client import LienthongClient
from lienthong.sdk.errors import ProfileIncomplete
from lienthong.sdk.operator_client import OperatorClient
from lienthong.sdk.options import ClientOptions
from lienthong.sdk.push_client import PushClient
from lienthong.sdk.registry_operator import RegistryOperator
from lienthong.shared.clients.registry import ClientSecret
from lienthong.shared.identifiers import NodeId

PROFILE_VARIABLE = "LIENTHONG_PROFILE"
"""Names the profile when ``--profile`` is not given."""
UPLOADS_FOLDER = Path("~/.local/state/lienthong/uploads")
"""Where the command line remembers uploads that were broken off."""
FOLDERS = (Path("~/.config/lienthong"), Path("var/profiles"), Path("var/embedded/profiles"))
"""Where a profile's name is looked for, in this order; the last two belong to the local starts."""

C = TypeVar("C", bound=LienthongClient)


class Profile(BaseSettings):
    """Read from a file's keys of these names; what it lacks, from ``LIENTHONG_*`` of the same names in capitals."""

    model_config = SettingsConfigDict(env_prefix="LIENTHONG_", frozen=True, extra="ignore")

    node_url: str
    """Base URL of the node's REST API."""
    registry_url: str
    """Base URL of the registry."""
    client_id: str
    """The e-office system's client id."""
    client_secret: SecretStr
    """Its secret."""
    node_id: str | None = None
    """The node's id; found by its URL in the registry when not given."""
    agency: str | None = None
    """The agency that the caller speaks for."""
    trust_root: Path | None = None
    """PEM file with the root certificate, for ``verify``."""
    trust_list: Path | None = None
    """The published trust list, JSON, for ``verify``."""
    p12: Path | None = None
    """PKCS#12 file with the agency's signing key, for ``send``."""
    p12_password: SecretStr | None = None
    """Its password."""

    tsa_url: str | None = None
    """Where time-stamp queries are posted, for ``send``: signatures are then provably as old as they say."""

    def client(self, http: httpx.AsyncClient | None = None) -> LienthongClient:
        """A client of this profile's node, on connections of its own unless some are given.

        Unfinished uploads are remembered in :data:`UPLOADS_FOLDER`.
        """
        return self._client(LienthongClient, http)

    def operator(self, http: httpx.AsyncClient | None = None) -> OperatorClient:
        """Likewise, for what only operators may."""
        return self._client(OperatorClient, http)

    def push(self, http: httpx.AsyncClient | None = None) -> PushClient:
        """Likewise, for events and webhooks."""
        return self._client(PushClient, http)

    def registry_operator(self, http: httpx.AsyncClient | None = None) -> RegistryOperator:
        """Likewise, for acts of reorganisation."""
        return self._client(RegistryOperator, http)

    def _client(self, kind: type[C], http: httpx.AsyncClient | None) -> C:
        return kind(
            self.node_url,
            self.registry_url,
            ClientSecret(client_id=self.client_id, secret=self.client_secret),
            node=NodeId(self.node_id) if self.node_id else None,
            options=ClientOptions(uploads_folder=UPLOADS_FOLDER.expanduser()),
            http=http,
        )

    def with_key(self, p12: Path, password: str | None) -> "Profile":
        """This profile with another signing key."""
        return self.model_copy(update={"p12": p12, "p12_password": SecretStr(password or "")})

    def speaker(self) -> str:
        """The agency code to send for. Raises :class:`ProfileIncomplete`."""
        if self.agency is None:
            raise ProfileIncomplete("The profile names no agency. Set agency in it, or LIENTHONG_AGENCY.")
        return self.agency


_SETTINGS: Callable[..., Profile] = Profile


def load_profile(named: str | None) -> Profile:
    """The profile called ``named`` (a path or a name), else the one that the environment gives.

    Raises:
        ProfileIncomplete: There is no such file, it is not TOML, or something is missing.
    """
    named = named or os.environ.get(PROFILE_VARIABLE)
    try:
        return _SETTINGS(**(_read(named) if named else {}))
    except ValidationError as error:
        missing = ", ".join(sorted(str(entry["loc"][0]) for entry in error.errors()))
        source = f"The profile {named}" if named else "The environment (LIENTHONG_…)"
        raise ProfileIncomplete(f"{source} lacks or misstates: {missing}. Or name a profile with --profile.") from error


def _read(named: str) -> dict[str, str]:
    path = _find(named)
    try:
        return {name: str(value) for name, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError) as error:
        raise ProfileIncomplete(f"The profile {path} cannot be read, or is not TOML.") from error


def _find(named: str) -> Path:
    candidates = [Path(named), *(folder.expanduser() / f"{named}.toml" for folder in FOLDERS)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ProfileIncomplete(f"There is no profile {named}; looked for {', '.join(map(str, candidates))}.")
