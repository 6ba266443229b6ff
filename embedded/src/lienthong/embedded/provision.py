"""Makes a whole network from its description: keys, registry content, settings files; repeating it is harmless.

The embedded start, ``run_services.py``, the compose stack and the system tests all begin here.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from lienthong.embedded.keys import make_keys
from lienthong.embedded.register import OPERATOR_CLIENT, client_id_of, fill_registry
from lienthong.embedded.secret_box import SecretBox, write_private
from lienthong.embedded.site import Site, node_environment, registry_environment, settings_of, signing_environment
from lienthong.exchange import config as exchange_config
from lienthong.registry.config import MIGRATIONS as REGISTRY_MIGRATIONS
from lienthong.shared.database import Database
from lienthong.shared.migrating import migrate
from lienthong.signing.config import Settings as SigningSettings
from lienthong.signing.factory import MIGRATIONS as SIGNING_MIGRATIONS
from lienthong.signing.factory import SigningFactory

EXCHANGE_MIGRATIONS = Path(exchange_config.__file__).parent / "migrations"
"""The exchange's Alembic scripts."""


async def provision(site: Site) -> SecretBox:
    """Makes what is missing of a network and gives its secrets.

    1. Databases get this version's schema.
    2. The authority, seals and keys are made where they are not there yet; ``root.pem`` and ``trust-list.jws`` are
       written, for whoever verifies offline.
    3. Nodes, agencies and clients are put into the registry.
    4. A profile for the command line is written per agency, and one for the operator.

    The services must not run yet, or be of this version. Blocks briefly.
    """
    secrets = SecretBox(site.state_dir / "secrets.json")
    (site.state_dir / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    await migrate_all(site)
    async with SigningFactory(settings_of(SigningSettings, signing_environment(site, secrets))) as signing:
        await make_keys(site, secrets, signing)
        trust_list = await signing.trust_list()
    site.trust_list_path.write_text(trust_list)
    registry = Database(site.registry.database_url)
    try:
        await fill_registry(site, secrets, registry)
    finally:
        await registry.close()
    await asyncio.to_thread(_write_profiles, site, secrets)
    return secrets


async def migrate_all(site: Site) -> None:
    """Brings every database of the network to this version's schema, one after the other."""
    await asyncio.to_thread(migrate, site.registry.database_url, REGISTRY_MIGRATIONS)
    await asyncio.to_thread(migrate, site.signing.database_url, SIGNING_MIGRATIONS)
    for node in site.nodes.values():
        await asyncio.to_thread(migrate, node.database_url, EXCHANGE_MIGRATIONS)


def write_environment_files(site: Site, secrets: SecretBox, directory: Path) -> None:
    """Writes ``registry.env``, ``signing.env`` and ``node-<id>.env`` (mode 0600): ``NAME=value`` lines, no quotes."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_environment(directory / "registry.env", registry_environment(site, secrets))
    _write_environment(directory / "signing.env", signing_environment(site, secrets))
    for node in site.nodes:
        _write_environment(directory / f"node-{node}.env", node_environment(site, secrets, node))


def _write_environment(path: Path, variables: dict[str, str]) -> None:
    write_private(path, "".join(f"{name}={value}\n" for name, value in variables.items()))


def _write_profiles(site: Site, secrets: SecretBox) -> None:
    for agency in site.network.agencies:
        if agency.node is None:
            continue
        client_id = client_id_of(agency)
        values = {
            "node_url": site.nodes[agency.node].url,
            "node_id": agency.node,
            "registry_url": site.registry.url,
            "client_id": client_id,
            "client_secret": secrets[f"client-{client_id}"],
            "agency": agency.code,
            "trust_root": str(site.root_path),
            "trust_list": str(site.trust_list_path),
            "tsa_url": f"{site.signing.url}/tsa",
            "p12": str(site.agency_path(agency.code)),
            "p12_password": secrets[f"agency-{agency.code}"],
        }
        _write_profile(site.profile_path(agency.code), values)
    first = site.network.nodes[0].id
    operator = {
        "node_url": site.nodes[first].url,
        "node_id": first,
        "registry_url": site.registry.url,
        "client_id": OPERATOR_CLIENT,
        "client_secret": secrets[f"client-{OPERATOR_CLIENT}"],
    }
    _write_profile(site.operator_profile_path, operator)


def _write_profile(path: Path, values: Mapping[str, str]) -> None:
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    write_private(path, "".join(lines))
