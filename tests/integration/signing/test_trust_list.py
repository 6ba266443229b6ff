"""The published trust list: sealed, numbered with every change, with external authorities under constraints."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from lienthong.shared.contracts.trust import TrustList, TrustPurpose
from lienthong.shared.errors import LienthongError
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.trust_list import open_trust_list
from lienthong.signing.command import app
from lienthong.signing.domain.records import RevocationReason
from lienthong.signing.domain.trusted import Constraints, trusted_authority
from lienthong.signing.errors import TrustedAuthorityInvalid, TrustedAuthorityUnknown
from lienthong.signing.usecases.publish_crl import publish_due_crls
from lienthong.signing.usecases.revoke_certificate import revoke_certificate
from lienthong.signing.usecases.service_keys import renew_service_keys
from lienthong.signing.usecases.trust_authorities import add_authority, remove_authority, trusted_authorities
from lienthong.signing.usecases.trust_list import current_trust, published_trust_list
from tests.integration.signing.harness import Service, running, settings_for
from tests.integration.signing.test_ocsp import seal
from tests.support.pki import NOW, Authority, new_issuing, new_root

DOCUMENTS = Constraints(purposes=[TrustPurpose.DOCUMENTS], names=["O=Cục Chứng thực số", "H28"])


def pem(authority: Authority) -> bytes:
    return authority.certificate.public_bytes(Encoding.PEM)


def foreign() -> Authority:
    return new_root("Foreign Root", now=datetime.now(UTC))


async def fetched(service: Service) -> TrustList:
    jws = (await service.http.get("/v1/trust-list")).text
    now = service.factory.resources.clock()
    return open_trust_list(jws, roots=await service.root_pem(), now=now, held_version=None)


async def test_the_version_grows_with_every_change_and_only_then(service: Service, tmp_path: Path) -> None:
    record = await seal(service, tmp_path)
    versions = [(await fetched(service)).version, (await fetched(service)).version]

    reason = RevocationReason.SUPERSEDED
    await revoke_certificate(service.factory.resources, record.serial, reason, effective_at=None, caller=None)
    versions.append((await fetched(service)).version)
    await add_authority(service.factory.resources, pem(foreign()), DOCUMENTS)
    versions.append((await fetched(service)).version)

    assert versions[0] == versions[1] < versions[2] < versions[3]


async def test_trust_of_this_process_is_kept_until_something_changes(service: Service, tmp_path: Path) -> None:
    record = await seal(service, tmp_path)
    resources = service.factory.resources
    before = await current_trust(resources)
    unchanged = await current_trust(resources)

    await revoke_certificate(resources, record.serial, RevocationReason.SUPERSEDED, effective_at=None, caller=None)

    assert unchanged is before
    assert await current_trust(resources) is not before


async def test_many_readers_at_once_get_one_and_the_same_next_version(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "state", database_url)
    async with running(settings) as one, running(settings) as other:
        answers = await asyncio.gather(*(service.http.get("/v1/trust-list") for service in (one, other) * 4))

    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert len({answer.text for answer in answers}) == 1


async def test_the_number_goes_on_growing_over_a_database_of_yesterday(lite: Service, tmp_path: Path) -> None:
    before = (await fetched(lite)).version
    tomorrow = replace(lite.factory.resources, clock=lambda: datetime.now(UTC) + timedelta(days=1))
    fresh = settings_for(tmp_path / "state", f"sqlite:///{tmp_path}/restored.sqlite")

    async with running(fresh) as restored:
        restored.factory.resources = replace(restored.factory.resources, clock=tomorrow.clock)
        assert (await fetched(restored)).version > before


async def test_a_caller_that_has_the_list_is_told_so(lite: Service) -> None:
    first = await lite.http.get("/v1/trust-list")
    again = await lite.http.get("/v1/trust-list", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, first.headers["content-type"]) == (200, "application/jose")
    assert (again.status_code, again.content) == (304, b"")


async def test_a_renewed_seal_seals_the_next_list(lite: Service) -> None:
    resources = lite.factory.resources
    before = await published_trust_list(resources)
    next_year = replace(resources, clock=lambda: datetime.now(UTC) + timedelta(days=400))
    await publish_due_crls(next_year)
    await renew_service_keys(next_year)

    after = await published_trust_list(next_year)

    opened = open_trust_list(after.jws, roots=await lite.root_pem(), now=next_year.clock(), held_version=before.version)
    assert opened.version > before.version
    assert before.jws.split(".")[0] != after.jws.split(".")[0]


async def test_an_external_authority_is_published_with_its_constraints(lite: Service) -> None:
    authority, until = foreign(), datetime(2030, 1, 1, tzinfo=UTC)
    crl = authority.crl().public_bytes(Encoding.DER)

    constraints = replace(DOCUMENTS, until=until)
    fingerprint, _entry = await add_authority(lite.factory.resources, pem(authority), constraints, crls=[crl])

    (entry,) = (await fetched(lite)).authorities
    assert (entry.purposes, entry.names) == ((TrustPurpose.DOCUMENTS,), tuple(DOCUMENTS.names))
    assert (entry.not_before, entry.not_after) == (authority.certificate.not_valid_before_utc, until)
    assert TrustStore.from_list(await fetched(lite), roots=await lite.root_pem()).authorities
    await remove_authority(lite.factory.resources, fingerprint.upper())
    assert (await fetched(lite)).authorities == ()
    with pytest.raises(TrustedAuthorityUnknown):
        await remove_authority(lite.factory.resources, fingerprint)


async def test_an_authority_put_on_the_list_again_is_changed_not_doubled(lite: Service) -> None:
    authority = pem(foreign())
    await add_authority(lite.factory.resources, authority, DOCUMENTS)

    await add_authority(lite.factory.resources, authority, Constraints(purposes=[TrustPurpose.TIME_STAMPS]))

    (entry,) = (await trusted_authorities(lite.factory.resources)).values()
    assert (entry.purposes, entry.names) == ((TrustPurpose.TIME_STAMPS,), ())


ROOT = new_root()
WRONG = {
    "no certificate": (b"-----BEGIN", DOCUMENTS, []),
    "two certificates": (pem(ROOT) + pem(new_issuing(ROOT)), DOCUMENTS, []),
    "no purpose": (pem(ROOT), Constraints(purposes=[]), []),
    "a name of no kind": (pem(ROOT), Constraints(purposes=[TrustPurpose.DOCUMENTS], names=["h28 "]), []),
    "a time that has passed": (pem(ROOT), replace(DOCUMENTS, until=NOW), []),
    "no time at all": (pem(ROOT), replace(DOCUMENTS, since=NOW + timedelta(5), until=NOW + timedelta(4)), []),
    "another's revocation list": (pem(ROOT), DOCUMENTS, [new_root().crl().public_bytes(Encoding.DER)]),
    "no revocation list": (pem(ROOT), DOCUMENTS, [b"crl"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_trusted_is_not_put_on_the_list(name: str) -> None:
    certificate, constraints, crls = WRONG[name]

    with pytest.raises(TrustedAuthorityInvalid):
        trusted_authority(certificate, constraints, crls=crls, now=NOW)


def test_certificate_that_is_no_authority_is_not_put_on_the_list() -> None:
    leaf = ROOT.issue(Profile.OFFICER, "Người Ký Thử", uri="urn:lienthong:agency:H28").certificate

    with pytest.raises(TrustedAuthorityInvalid, match="not one of a certificate authority"):
        trusted_authority(leaf.public_bytes(Encoding.PEM), DOCUMENTS, crls=(), now=NOW)


def test_the_operators_command_adds_shows_and_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path / "state", f"sqlite:///{tmp_path}/signing.sqlite")
    for name in ("database_url", "state_dir", "registry_url", "public_url"):
        monkeypatch.setenv(f"LIENTHONG_SIGNING_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("LIENTHONG_SIGNING_KEY_PASSWORD", settings.key_password.get_secret_value())
    (tmp_path / "ca.pem").write_bytes(pem(foreign()))
    run = CliRunner().invoke

    names = ["--purpose", "documents", "--names", "O=Cục Chứng thực số", "--until", "2030-01-01"]
    assert run(app, ["migrate"]).exit_code == 0
    added = run(app, ["trust", "add", str(tmp_path / "ca.pem"), *names])
    shown = run(app, ["trust", "list"])
    removed = run(app, ["trust", "remove", added.stdout.split()[0]])

    assert [one.exit_code for one in (added, shown, removed)] == [0, 0, 0], added.output + shown.output
    assert "CN=Foreign Root\tdocuments\tO=Cục Chứng thực số" in shown.stdout
    assert "until 2030-01-01T00:00:00+00:00" in added.stdout
    assert isinstance(run(app, ["trust", "remove", "00"]).exception, LienthongError)
