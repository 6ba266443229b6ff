"""The settings of one node, read once from the environment (``LIENTHONG_EXCHANGE_*``)."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lienthong.shared.contracts.tokens import node_audience
from lienthong.shared.edxml.limits import MAX_PACKAGE_BYTES, MIB
from lienthong.shared.identifiers import NodeId

MIGRATIONS = Path(__file__).parent / "migrations"
"""This service's Alembic scripts."""


class Settings(BaseSettings):
    """What an operator decides about one node. No setting switches a check off."""

    model_config = SettingsConfigDict(env_prefix="LIENTHONG_EXCHANGE_", frozen=True)

    node_id: NodeId
    """This node, as the directory names it."""
    database_url: str
    """SQLAlchemy URL with an async driver: ``postgresql+asyncpg://…`` or ``sqlite+aiosqlite:///…``."""
    blobs_url: str
    """``file:///folder`` or ``s3://bucket/prefix``."""
    state_dir: Path
    """Folder of API and worker alike: spool, uploads and fetches under way, local copies of directory, trust list and
    token keys."""
    brokers: dict[str, SecretStr] = {}
    """Broker name, as the directory has it, to its AMQP URL (JSON). Empty where the bus is in-process."""
    registry_url: str
    """Base URL of the registry, without a trailing slash."""
    registry_issuer: str = ""
    """``iss`` of the registry's tokens; empty: its base URL."""
    signing_url: str
    """Base URL of the signing service, without a trailing slash."""
    trust_root: Path
    """PEM file with the root certificates that everything is checked against."""
    seal: Path
    """PKCS#12 file with the node's sealing key and its chain."""
    seal_password: SecretStr
    """Password of :attr:`seal`."""
    max_package_bytes: int = MAX_PACKAGE_BYTES
    """Largest package that a client may submit, or another node hand over."""
    disk_reserve_bytes: int = Field(default=256 * MIB, ge=0)
    """What must stay free on the disk beside a package that comes in."""
    refresh_interval: timedelta = timedelta(seconds=60)
    """How often directory and trust list are fetched anew."""
    tsa_url: str = ""
    """Where time-stamp queries are posted (RFC 3161); empty: the signing service's ``/tsa``."""
    checkpoint_interval: timedelta = timedelta(seconds=5)
    """How often the evidence log's state is signed, when it has grown."""
    time_stamp_interval: timedelta = timedelta(seconds=60)
    """How often the newest checkpoint is time-stamped, when there is one that no time stamp covers."""
    revalidation_interval: timedelta = timedelta(seconds=60)
    """How often documents with unknown revocation are looked at again."""
    witness_interval: timedelta = timedelta(seconds=30)
    """How often the logs that this node witnesses are looked at: how soon a violation is known."""
    witness_window: int = Field(default=500, ge=1)
    """Old entries of each such log that are read again in each round, besides all new ones."""
    keep_packages: timedelta = Field(default=timedelta(0), ge=timedelta(0))
    """How long packages of documents stay that an agency of this node sent or received, after their last delivery here
    has ended (done or fail); 0: for good. Records, receipts and evidence stay in any case."""
    keep_relayed_packages: timedelta = Field(default=timedelta(days=30), ge=timedelta(0))
    """How long packages stay that only passed through, and at least until the next hop has taken them; 0: for good.
    A dead letter of the next node that is replayed later finds a larger package gone."""
    retention_interval: timedelta = Field(default=timedelta(hours=1), gt=timedelta(0))
    """How often packages, orphans and left-over files that may go are looked for."""
    expiry_interval: timedelta = timedelta(seconds=5)
    """How often deliveries past their deadline are looked for."""
    expiry_grace: timedelta = timedelta(days=1)
    """How long after the deadline the origin waits for word from a recipient's node before it counts the document as
    undelivered: longer than a node is cut off."""
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Ranges that webhooks may reach besides public addresses (JSON): those of the government's intranet."""
    webhook_roots: Path | None = None
    """PEM file with further roots for the TLS certificates of webhook receivers."""
    consumer_batch: int = 50
    """Messages that go into one transaction."""
    host: str = "127.0.0.1"
    """Address that the API listens on."""
    port: int = 8003
    """Port that the API listens on."""
    worker_port: int = 0
    """Port of the worker's ``/health/*``; 0: none."""
    log_level: str = "info"
    """Least severe level that is logged."""

    @property
    def audience(self) -> str:
        """The audience of this node's tokens."""
        return node_audience(self.node_id)

    @property
    def issuer(self) -> str:
        """``iss`` that this node's tokens must carry."""
        return self.registry_issuer or self.registry_url

    @property
    def tsa_address(self) -> str:
        """Where time-stamp queries are posted."""
        return self.tsa_url or f"{self.signing_url}/tsa"

    @property
    def ocsp_address(self) -> str:
        """Where the status of the network's certificates is asked for (RFC 6960)."""
        return f"{self.signing_url}/ocsp"

    @property
    def spool_dir(self) -> Path:
        """Folder for packages that are on their way in."""
        return self.state_dir / "spool"

    @property
    def pulls_dir(self) -> Path:
        """Folder for packages that are being fetched from other nodes: a fetch goes on there after a kill."""
        return self.state_dir / "pulls"

    @property
    def uploads_dir(self) -> Path:
        """Folder for uploads under way, on the file system of the spool."""
        return self.state_dir / "uploads"

    @property
    def directory_path(self) -> Path:
        """The last good directory snapshot, as it was published."""
        return self.state_dir / "directory.jws"

    @property
    def trust_list_path(self) -> Path:
        """The last good trust list, as it was published."""
        return self.state_dir / "trust-list.jws"

    @property
    def systems_path(self) -> Path:
        """The last good list of systems that speak the national SDK's interface, with their secrets."""
        return self.state_dir / "systems.jws"

    @property
    def token_keys_path(self) -> Path:
        """The last good key set of the registry's tokens."""
        return self.state_dir / "jwks.json"
