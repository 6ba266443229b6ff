"""The registry's settings, read once from the environment (``LIENTHONG_REGISTRY_*``)."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The registry's Alembic scripts."""


class Settings(BaseSettings):
    """What an operator decides about the registry. No setting switches a check off."""

    model_config = SettingsConfigDict(env_prefix="LIENTHONG_REGISTRY_", frozen=True)

    database_url: str
    """SQLAlchemy URL: ``postgresql://…`` or ``sqlite:///file``."""
    public_url: str
    """Address that clients use, without a trailing slash; it is the issuer of tokens."""
    token_key: Path
    """PEM file: the P-256 private key that signs access tokens."""
    directory_seal: Path
    """PKCS#12 file: the key and certificate chain that seal the directory."""
    directory_seal_password: SecretStr
    """Password of :attr:`directory_seal`."""
    systems_key: SecretStr
    """Encrypts the secrets of systems where they are stored: any text with 128 bits of randomness or more."""
    snapshot_lifetime: timedelta = timedelta(hours=24)
    """How long a published directory is good; nodes get a fresh one when half of it has gone."""
    reorganisation_interval: timedelta = timedelta(seconds=1)
    """How often the registry looks whether an approved act of reorganisation has taken effect."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8001
    """Port to listen on."""
    log_level: str = "info"
    """Least severe level that is logged."""

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return f"{self.public_url}/oauth2/token"


def settings_from_environment() -> Settings:
    """The settings. Raises :class:`pydantic.ValidationError` naming what is missing."""
    return Settings()  # type: ignore[call-arg]  # the environment gives them
