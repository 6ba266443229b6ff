"""The authority itself: made once, adopted after a crash, renewed, and its lists published in time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.seals import SealKey, open_seal
from lienthong.shared.signatures.trust import TrustStore, check_certificate
from lienthong.shared.signatures.trust_list import open_trust_list
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.errors import KeyOffline, NotInitialised, SubjectInvalid
from lienthong.signing.factory import SigningFactory, utc_now
from lienthong.signing.usecases.init_ca import renew_issuing
from lienthong.signing.usecases.issue_certificate import KeyOrder
from lienthong.signing.usecases.publish_crl import publish_due_crls
from tests.integration.signing.harness import running, settings_for

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
async def factory(database_url: str, tmp_path: Path) -> AsyncIterator[SigningFactory]:
    async with SigningFactory(settings_for(tmp_path / "state", database_url)) as opened:
        await opened.migrate()
        yield opened


def at(factory: SigningFactory, now: datetime) -> SigningFactory:
    """The same service at another time."""
    factory.resources = replace(factory.resources, clock=lambda: now)
    return factory


async def trust_of(factory: SigningFactory) -> TrustStore:
    root = factory.resources.settings.root_path.read_bytes()
    now = factory.resources.clock()
    opened = open_trust_list(await factory.trust_list(), roots=root, now=now, held_version=None)
    return TrustStore.from_list(opened, roots=root)


async def test_init_is_done_once(factory: SigningFactory) -> None:
    first = await factory.init_ca()
    trust = await factory.trust_list()

    again = await factory.init_ca()

    assert again == first
    assert await factory.trust_list() == trust


async def test_init_goes_on_with_the_keys_that_a_crash_left(factory: SigningFactory, tmp_path: Path) -> None:
    lost = await factory.init_ca()
    settings = settings_for(tmp_path / "state", f"sqlite+aiosqlite:///{tmp_path}/fresh.sqlite")

    async with SigningFactory(settings) as fresh:
        await fresh.migrate()
        adopted = await fresh.init_ca()

    assert adopted.certificate == lost.certificate


async def test_before_init_nothing_is_issued_and_the_service_is_not_ready(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(tmp_path / "state", database_url), initialised=False) as service:
        ready = await service.http.get("/health/ready")
        with pytest.raises(NotInitialised):
            await service.factory.create_remote_key(AgencyCode("H28"), name="Hòa Bình", node=None)

    assert ready.status_code == 503
    assert ready.json()["checks"] == {"database": True, "revocation-lists": False}


async def test_lists_are_published_before_they_lapse_and_the_roots_rarely(factory: SigningFactory) -> None:
    await at(factory, START).init_ca()

    at_once = await publish_due_crls(factory.resources)
    next_day = await publish_due_crls(at(factory, START + timedelta(days=1)).resources)
    next_year = await publish_due_crls(at(factory, START + timedelta(days=310)).resources)

    assert at_once == []
    assert [(crl.issuer, crl.number) for crl in next_day] == [("issuing-1", 2)]
    assert [(crl.issuer, crl.number) for crl in next_year] == [("root", 2), ("issuing-1", 3)]
    assert next_day[0].next_update == START + timedelta(days=8)


async def test_the_roots_list_waits_for_its_key_and_holds_up_no_other(factory: SigningFactory) -> None:
    await at(factory, START).init_ca()
    (factory.resources.settings.keys_dir / "root.p12").unlink()

    published = await publish_due_crls(at(factory, START + timedelta(days=310)).resources)

    assert [crl.issuer for crl in published] == ["issuing-1"]


async def test_a_running_service_publishes_by_itself(tmp_path: Path) -> None:
    settings = settings_for(
        tmp_path / "state",
        f"sqlite:///{tmp_path}/signing.sqlite",
        crl_interval=timedelta(0),
        crl_check_interval=timedelta(milliseconds=5),
    )
    async with running(settings) as service, asyncio.timeout(20):
        while (await service.http.get("/crl/issuing-1.crl")).headers["ETag"] < '"issuing-1-3"':
            await asyncio.sleep(0.005)


async def test_a_new_issuing_authority_leaves_the_old_ones_certificates_good(
    factory: SigningFactory, tmp_path: Path
) -> None:
    await factory.init_ca()
    old, new = Subject(name="Hòa Bình", node=NodeId("H28")), Subject(name="Mai Châu", node=NodeId("H28.31"))
    before = await factory.issue_key(Profile.NODE_SEAL, old, out_p12=tmp_path / "old.p12", password="một")
    await renew_issuing(factory.resources)
    after = await factory.issue_key(Profile.NODE_SEAL, new, out_p12=tmp_path / "new.p12", password="hai")

    trust = await trust_of(factory)

    assert (before.issuer, after.issuer) == ("issuing-1", "issuing-2")
    for record in (before, after):
        checked = check_certificate(record.certificate, [], trust=trust, at=utc_now(), profile=Profile.NODE_SEAL)
        assert not checked.revocation_unknown


async def test_renewing_needs_the_root_key(factory: SigningFactory) -> None:
    await factory.init_ca()
    (factory.resources.settings.keys_dir / "root.p12").unlink()

    with pytest.raises(KeyOffline):
        await renew_issuing(factory.resources)


async def test_a_new_key_seals_for_its_node(factory: SigningFactory, tmp_path: Path) -> None:
    await factory.init_ca()
    subject = Subject(name="Hòa Bình", node=NodeId("H28"))
    await factory.issue_key(Profile.NODE_SEAL, subject, out_p12=tmp_path / "h28.p12", password="mật khẩu")

    jws = SealKey.load(tmp_path / "h28.p12", "mật khẩu").seal("test+jws", b"statement")

    opened = open_seal(jws, typ="test+jws", trust=await trust_of(factory), at=utc_now(), profile=Profile.NODE_SEAL)
    assert (opened.payload, opened.subject.node) == (b"statement", "H28")


async def test_one_wrong_order_among_many_issues_none(factory: SigningFactory, tmp_path: Path) -> None:
    await factory.init_ca()
    good = KeyOrder(
        profile=Profile.AGENCY_SEAL,
        subject=Subject(name="Hang Kia", agency=AgencyCode("H28.31.05")),
        path=tmp_path / "good.p12",
        password="một",
    )
    orders: list[KeyOrder] = [good, replace(good, subject=Subject(name="No agency"), path=tmp_path / "bad.p12")]

    with pytest.raises(SubjectInvalid):
        await factory.issue_keys(orders)

    assert list(tmp_path.glob("*.p12")) == []
