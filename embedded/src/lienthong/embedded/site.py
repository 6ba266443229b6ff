"""Where a network lives: addresses, databases, brokers, folders; and the settings of each service from that."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic_settings import BaseSettings

from lienthong.embedded.network import Network
from lienthong.embedded.secret_box import SecretBox
from lienthong.exchange.config import Settings as ExchangeSettings
from lienthong.registry.config import Settings as RegistrySettings
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.signing.config import Settings as SigningSettings

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSite:
    """One service. ``url`` is how the others reach it, ``host`` and ``port`` what it listens on."""

    url: str
    database_url: str
    host: str = LOOPBACK
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSite(ServiceSite):
    """One node. ``brokers`` holds name and AMQP URL of its own broker and of its neighbours'; empty: in-process."""

    blobs_url: str
    brokers: Mapping[str, str]
    worker_port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A whole network in its place. Everything that is made goes below ``state_dir``."""

    network: Network
    state_dir: Path
    registry: ServiceSite
    signing: ServiceSite
    nodes: Mapping[NodeId, NodeSite]

    @property
    def root_path(self) -> Path:
        """The root certificate, PEM."""
        return self.state_dir / "root.pem"

    @property
    def trust_list_path(self) -> Path:
        """The trust list as it was published last at provisioning, JSON."""
        return self.state_dir / "trust-list.jws"

    @property
    def token_key_path(self) -> Path:
        """The key that signs tokens, PEM."""
        return self.state_dir / "keys" / "token.pem"

    @property
    def directory_seal_path(self) -> Path:
        """The directory's seal, PKCS#12."""
        return self.state_dir / "keys" / "directory.p12"

    def seal_path(self, node: NodeId) -> Path:
        """A node's seal, PKCS#12."""
        return self.state_dir / "keys" / f"node-{node}.p12"

    def agency_path(self, agency: AgencyCode) -> Path:
        """An agency's signing key, PKCS#12."""
        return self.state_dir / "keys" / f"agency-{agency}.p12"

    def officer_path(self, agency: AgencyCode) -> Path:
        """The signing key of an agency's head, PKCS#12."""
        return self.state_dir / "keys" / f"officer-{agency}.p12"

    def profile_path(self, agency: AgencyCode) -> Path:
        """The command line's profile of an agency's e-office system, TOML."""
        return self.state_dir / "profiles" / f"{agency}.toml"

    @property
    def operator_profile_path(self) -> Path:
        """The command line's profile of the operator, TOML: of the first node; ``--node`` names others."""
        return self.state_dir / "profiles" / "operator.toml"


def embedded_site(network: Network, *, state_dir: Path, port: int) -> Site:
    """Everything on one loopback port, in SQLite files and folders below ``state_dir``."""
    state_dir = state_dir.resolve()
    base = f"http://{LOOPBACK}:{port}"
    nodes = {
        node.id: NodeSite(
            url=f"{base}/nodes/{node.id}",
            database_url=_sqlite(state_dir / f"node-{node.id}.sqlite"),
            port=port,
            blobs_url=f"file://{state_dir / 'packages' / node.id}",
            brokers={},
        )
        for node in network.nodes
    }
    return Site(
        network=network,
        state_dir=state_dir,
        registry=ServiceSite(url=f"{base}/registry", database_url=_sqlite(state_dir / "registry.sqlite"), port=port),
        signing=ServiceSite(url=f"{base}/signing", database_url=_sqlite(state_dir / "signing.sqlite"), port=port),
        nodes=nodes,
    )


def _sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def registry_environment(site: Site, secrets: SecretBox) -> dict[str, str]:
    """The registry's ``LIENTHONG_REGISTRY_*``."""
    return _environment(
        RegistrySettings,
        database_url=site.registry.database_url,
        public_url=site.registry.url,
        token_key=site.token_key_path,
        directory_seal=site.directory_seal_path,
        directory_seal_password=secrets["directory-seal"],
        systems_key=secrets["registry-systems"],
        host=site.registry.host,
        port=site.registry.port,
    )


def signing_environment(site: Site, secrets: SecretBox) -> dict[str, str]:
    """The signing service's ``LIENTHONG_SIGNING_*``."""
    return _environment(
        SigningSettings,
        database_url=site.signing.database_url,
        state_dir=site.state_dir / "signing",
        key_password=secrets["signing-keys"],
        registry_url=site.registry.url,
        public_url=site.signing.url,
        trust_root=site.root_path,
        host=site.signing.host,
        port=site.signing.port,
    )


def node_environment(site: Site, secrets: SecretBox, node: NodeId) -> dict[str, str]:
    """A node's ``LIENTHONG_EXCHANGE_*``, for its API and its worker."""
    place = site.nodes[node]
    return _environment(
        ExchangeSettings,
        node_id=node,
        database_url=place.database_url,
        blobs_url=place.blobs_url,
        state_dir=site.state_dir / "nodes" / node,
        brokers=json.dumps(dict(place.brokers)),
        registry_url=site.registry.url,
        signing_url=site.signing.url,
        trust_root=site.root_path,
        seal=site.seal_path(node),
        seal_password=secrets[f"seal-{node}"],
        host=place.host,
        port=place.port,
        worker_port=place.worker_port,
    )


AnySettings = type[RegistrySettings] | type[SigningSettings] | type[ExchangeSettings]


def _environment(settings: AnySettings, **values: object) -> dict[str, str]:
    """The variables that give ``settings`` these values; a field that does not exist is a mistake here."""
    unknown = values.keys() - settings.model_fields.keys()
    if unknown:
        raise LookupError(f"{settings.__module__} has no settings {sorted(unknown)}")
    return {f"{settings.model_config['env_prefix']}{name.upper()}": str(value) for name, value in values.items()}


S = TypeVar("S", bound=BaseSettings)


def settings_of(settings: type[S], environment: Mapping[str, str]) -> S:
    """The settings that a process with these variables would read; what they lack, this process's own may give."""
    prefix = settings.model_config["env_prefix"]
    values: dict[str, object] = {name.removeprefix(prefix).lower(): value for name, value in environment.items()}
    if "brokers" in values:
        values["brokers"] = json.loads(environment[f"{prefix}BROKERS"])
    return settings.model_validate(values)
