"""The keys of a network: authority, seals of nodes and directory, keys of agencies and their heads."""

import asyncio
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lienthong.embedded.secret_box import SecretBox, write_private
from lienthong.embedded.site import Site
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.factory import SigningFactory
from lienthong.signing.usecases.issue_certificate import KeyOrder


async def make_keys(site: Site, secrets: SecretBox, signing: SigningFactory) -> None:
    """Makes what is missing; keys that are there stay. The signing service's database must be migrated."""
    await signing.init_ca()
    missing = [order for order in _orders(site, secrets) if not order.path.exists()]
    if missing:
        await signing.issue_keys(missing)
    for agency in site.network.agencies:
        await signing.create_remote_key(agency.code, name=agency.name, node=agency.node)
    await asyncio.to_thread(_make_token_key, site)


def _orders(site: Site, secrets: SecretBox) -> Iterator[KeyOrder]:
    yield KeyOrder(
        profile=Profile.DIRECTORY,
        subject=Subject(name="Danh bạ Liên Thông"),
        path=site.directory_seal_path,
        password=secrets["directory-seal"],
    )
    for node in site.network.nodes:
        yield KeyOrder(
            profile=Profile.NODE_SEAL,
            subject=Subject(name=node.name, node=node.id),
            path=site.seal_path(node.id),
            password=secrets[f"seal-{node.id}"],
        )
    for agency in site.network.agencies:
        yield KeyOrder(
            profile=Profile.AGENCY_SEAL,
            subject=Subject(name=agency.name, organisation=agency.name, agency=agency.code),
            path=site.agency_path(agency.code),
            password=secrets[f"agency-{agency.code}"],
        )
        yield KeyOrder(
            profile=Profile.OFFICER,
            subject=Subject(name=f"Người Ký Thử {agency.code}", organisation=agency.name, agency=agency.code),
            path=site.officer_path(agency.code),
            password=secrets[f"officer-{agency.code}"],
        )


def _make_token_key(site: Site) -> None:
    path = site.token_key_path
    if path.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
