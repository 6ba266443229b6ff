"""The settings of the signing service, read once from the environment (``LIENTHONG_SIGNING_*``)."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from cryptography.x509 import ObjectIdentifier
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lienthong.shared.signatures.profiles import ARC, Profile
from lienthong.signing.domain.signature_log import SignatureLimits

MEBIBYTE = 1024**2
GIBIBYTE = 1024**3
TIME_STAMP_POLICY = f"{ARC}.1.6"
"""Our own time-stamp policy: the one that the time-stamping certificate names."""


class Settings(BaseSettings):
    """What an operator decides about the signing service. No setting switches a check off."""

    model_config = SettingsConfigDict(env_prefix="LIENTHONG_SIGNING_", frozen=True)

    database_url: str
    """SQLAlchemy URL with an async driver: ``postgresql+asyncpg://…`` or ``sqlite+aiosqlite:///…``."""
    state_dir: Path
    """Folder for the authority's keys and the agencies' remote keys (encrypted PKCS#12), and the spool."""
    key_password: SecretStr
    """Password of every PKCS#12 file in :attr:`state_dir`. Make it long and random."""
    pkcs11_module: str = ""
    """Path of a PKCS#11 module (shared library). Set: keys are made and stay in its token; unset: PKCS#12 files."""
    pkcs11_token: str = ""
    """Label of the token; needed with :attr:`pkcs11_module`."""
    pkcs11_pin: SecretStr = SecretStr("")
    """The token's user PIN; needed with :attr:`pkcs11_module`."""
    registry_url: str
    """Base URL of the registry, without a trailing slash; its token keys are fetched there."""
    registry_issuer: str = ""
    """``iss`` of the registry's tokens; empty: its base URL."""
    public_url: str
    """Base URL of this service as certificates name it, without a trailing slash. It cannot change later."""
    trust_root: Path | None = None
    """PEM file that ``init`` writes the root certificate to; unset: ``root.pem`` in :attr:`state_dir`."""
    organisation: str = "Liên Thông"
    """Organisation name in the certificates of the authority itself."""
    crl_lifetime: timedelta = timedelta(days=7)
    """From a revocation list's thisUpdate to its nextUpdate."""
    crl_interval: timedelta = timedelta(days=1)
    """How old a list may be before the next one is published, if nothing was revoked meanwhile."""
    root_crl_lifetime: timedelta = timedelta(days=400)
    """Likewise :attr:`crl_lifetime` for the root's list, which needs the root key brought online."""
    crl_check_interval: timedelta = timedelta(minutes=1)
    """How often the service looks whether a list is due."""
    ocsp_lifetime: timedelta = timedelta(hours=1)
    """From an OCSP answer's thisUpdate to its nextUpdate."""
    time_stamp_policy: str = TIME_STAMP_POLICY
    """Policy (OID) under which time stamps are given."""
    policy_arc: str = ""
    """An OID arc of the operator's own: a certificate whose policy is ``ARC.1.n`` also names ``<policy_arc>.n``.

    The profile's own policy stays beside it: it is what nodes and evidence files are checked for, wherever they are.
    """
    certificate_policies: dict[Profile, tuple[str, ...]] = {}
    """Further policies (OIDs) in new certificates of a profile, beside its own: ``{"officer": ["2.16.704.1.1"]}``."""
    signatures_per_key: int = Field(600, ge=1)
    """Signatures with one remote key in any :attr:`signature_window`."""
    signatures_per_caller: int = Field(1_200, ge=1)
    """Signatures that one client asks for in any :attr:`signature_window`, refused ones included."""
    signature_window: timedelta = Field(timedelta(minutes=1), gt=timedelta(0))
    """The time in which signatures are counted; they are counted in the log, so a restart forgets nothing."""
    max_pdf_bytes: int = 100 * MEBIBYTE
    """Largest PDF that is signed here."""
    max_validation_bytes: int = GIBIBYTE
    """Largest body that is validated here."""
    host: str = "127.0.0.1"
    """Address that the API listens on."""
    port: int = 8002
    """Port that the API listens on."""
    log_level: str = "info"
    """Least severe level that is logged."""

    @model_validator(mode="after")
    def _token_is_complete(self) -> Self:
        if self.pkcs11_module and not (self.pkcs11_token and self.pkcs11_pin.get_secret_value()):
            raise ValueError("pkcs11_module needs pkcs11_token and pkcs11_pin")
        return self

    @field_validator("policy_arc")
    @classmethod
    def _is_an_arc(cls, value: str) -> str:
        if value:
            ObjectIdentifier(f"{value}.1")  # raises ValueError
        return value

    @field_validator("time_stamp_policy", "certificate_policies")
    @classmethod
    def _are_policies(cls, value: str | dict[Profile, tuple[str, ...]]) -> str | dict[Profile, tuple[str, ...]]:
        texts = [value] if isinstance(value, str) else [text for texts in value.values() for text in texts]
        for text in texts:
            ObjectIdentifier(text)  # raises ValueError
        return value

    def further_policies(self, profile: Profile) -> tuple[ObjectIdentifier, ...]:
        """What :attr:`policy_arc` and :attr:`certificate_policies` say about a profile."""
        own = profile.rules.policy
        below = [f"{self.policy_arc}.{own.dotted_string.rpartition('.')[2]}"] if self.policy_arc and own else []
        return tuple(map(ObjectIdentifier, (*below, *self.certificate_policies.get(profile, ()))))

    @property
    def signature_limits(self) -> SignatureLimits:
        """How many signatures there may be."""
        return SignatureLimits(
            per_key=self.signatures_per_key, per_caller=self.signatures_per_caller, window=self.signature_window
        )

    @property
    def issuer(self) -> str:
        """``iss`` that tokens must carry."""
        return self.registry_issuer or self.registry_url

    @property
    def keys_dir(self) -> Path:
        """Folder of the PKCS#12 files."""
        return self.state_dir / "keys"

    @property
    def spool_dir(self) -> Path:
        """Folder for bodies that are being signed or validated."""
        return self.state_dir / "spool"

    @property
    def root_path(self) -> Path:
        """The root certificate in PEM, to be carried to every node by a trusted way."""
        return self.trust_root or self.state_dir / "root.pem"

    @property
    def token_keys_path(self) -> Path:
        """The registry's token keys, as last fetched."""
        return self.state_dir / "jwks.json"
