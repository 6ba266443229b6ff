"""Make the certificate authority: a root, which may then go offline, and the authority below it that issues."""

import asyncio
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.issuance import draft_issuing, draft_root, record_of
from lienthong.signing.domain.records import ROOT, Authority, AuthorityName, CertificateRecord, serial_text
from lienthong.signing.errors import KeyStoreUnavailable, NotInitialised
from lienthong.signing.keys.files import write_atomically
from lienthong.signing.keys.handles import KeyKind, new_serial
from lienthong.signing.storage import authorities as rows
from lienthong.signing.storage.certificates import add_certificates
from lienthong.signing.usecases.publish_crl import add_next_crl
from lienthong.signing.usecases.resources import Resources

OPERATOR = "operator"
"""Who asked, when it was the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """An authority whose key is on the disk and whose rows are not yet written."""

    authority: Authority
    number: int
    record: CertificateRecord


async def init_ca(resources: Resources) -> Authority:
    """The authority that issues; made if it is not there yet, so repeating it is harmless.

    1. Root key and certificate are made and written, then those of ``issuing-1``. A power cut here leaves key files
       that the next run adopts: a key file is never overwritten.
    2. One transaction: both authorities, their certificates, the first list of each.
    3. The root certificate is written in PEM, for every node to be configured with.

    Raises:
        KeyStoreUnavailable: The keys cannot be written, or those that are there belong to another authority.
    """
    async with resources.database.read() as connection:
        known = await rows.all_authorities(connection)
    if not known:
        root = await asyncio.to_thread(_make_root, resources)
        issuing = await asyncio.to_thread(_make_issuing, resources, root.authority, 1)
        known = await _store_first(resources, (root, issuing))
    await asyncio.to_thread(_write_root, resources, known[0])
    return known[-1]


async def renew_issuing(resources: Resources) -> Authority:
    """A new issuing authority; what the old one issued stays good, and its lists go on. Needs the root key.

    Raises:
        NotInitialised: There is no root yet.
        KeyOffline: The root key is not on this machine.
    """
    async with resources.database.read() as connection:
        known = await rows.all_authorities(connection)
    if not known:
        raise NotInitialised("The operator must run 'lienthong-signing init' first.")
    new = await asyncio.to_thread(_make_issuing, resources, known[0], len(known))
    async with resources.database.begin() as connection:
        await _store(connection, resources, new)
    return new.authority


async def _store_first(resources: Resources, made: tuple[_New, ...]) -> tuple[Authority, ...]:
    async with resources.database.begin() as connection:
        if not await rows.all_authorities(connection):
            for new in made:
                await _store(connection, resources, new)
        return await rows.all_authorities(connection)


async def _store(connection: AsyncConnection, resources: Resources, new: _New) -> None:
    now = resources.clock()
    await rows.add_authority(connection, new.record, name=new.authority.name, number=new.number, now=now)
    await add_certificates(connection, [new.record])
    await add_next_crl(connection, resources, new.authority)


def _make_root(resources: Resources) -> _New:
    if not resources.keys.has(ROOT):
        handle = resources.keys.generate(KeyKind.P384)
        draft = draft_root(
            handle.public_key,
            organisation=resources.settings.organisation,
            serial=new_serial(),
            now=resources.clock(),
        )
        resources.keys.add(ROOT, handle, (handle.sign_certificate(draft),))
    return _adopt(resources, ROOT, number=0, issuer=None)


def _make_issuing(resources: Resources, root: Authority, number: int) -> _New:
    name = AuthorityName(f"issuing-{number}")
    if not resources.keys.has(name):
        root_handle, _chain = resources.keys.load(root.name)
        handle = resources.keys.generate(KeyKind.P256)
        draft = draft_issuing(
            handle.public_key,
            root,
            number=number,
            organisation=resources.settings.organisation,
            serial=new_serial(),
            now=resources.clock(),
            addresses=resources.addresses,
        )
        resources.keys.add(name, handle, (root_handle.sign_certificate(draft),))
    return _adopt(resources, name, number=number, issuer=root)


def _adopt(resources: Resources, name: AuthorityName, *, number: int, issuer: Authority | None) -> _New:
    _handle, (certificate, *_) = resources.keys.load(name)
    _require_issued_by(certificate, issuer.certificate if issuer else certificate)
    authority = Authority(name=name, serial=serial_text(certificate.serial_number), certificate=certificate)
    record = record_of(
        certificate,
        Profile.ISSUING if issuer else Profile.ROOT,
        issuer=issuer.name if issuer else ROOT,
        subject=None,
        issued_at=resources.clock(),
        issued_by=OPERATOR,
    )
    return _New(authority=authority, number=number, record=record)


def _require_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise KeyStoreUnavailable("The key folder holds keys of another authority; use an empty one.") from error


def _write_root(resources: Resources, root: Authority) -> None:
    """Adds the root to the file unless it is there: an operator may keep foreign roots next to it."""
    path = resources.settings.root_path
    pem = root.certificate.public_bytes(Encoding.PEM)
    try:
        held = path.read_bytes() if path.exists() else b""
        if pem not in held:
            write_atomically(path, held + pem, replace=True)
    except OSError as error:
        raise KeyStoreUnavailable("The root certificate cannot be written.") from error
