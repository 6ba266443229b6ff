"""Remote signatures: by the persons whom a key names, each with its line in the log, and not too many."""

import asyncio
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.edxml.media_types import PDF
from lienthong.shared.signatures.report import Indication
from lienthong.signing.storage.schema import signature_log
from tests.integration.signing.harness import Service, running, settings_for
from tests.integration.signing.test_certificates import HANG_KIA, revoke
from tests.integration.signing.test_signatures import client
from tests.support.pdf import minimal_pdf

AGENCY = "H28.31.05"
OFFICER = {"officer": "bui-van-an", "signers": ["bui-van-an.hang-kia"]}
LIMITS = {"signatures_per_key": 3, "signatures_per_caller": 5}


@pytest.fixture
async def narrow(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    """With narrow limits."""
    async with running(settings_for(tmp_path / "state", database_url, **LIMITS)) as service:
        yield service


def person(service: Service, client_id: str, agency: str | None = AGENCY) -> dict[str, str]:
    return service.bearer(client_id, Scope.SIGNATURES_CREATE, Scope.VALIDATIONS_CREATE, agency=agency)


async def make_keys(service: Service) -> None:
    """The agency's seal for a clerk, and an officer's key."""
    seal = {"profile": "agency-seal", "subject": HANG_KIA, "remote_key": {"signers": ["van-thu.hang-kia"]}}
    officer = {
        "profile": "officer",
        "subject": {"name": "Bùi Văn Ấn", "organisation": HANG_KIA["name"], "agency": AGENCY},
        "remote_key": OFFICER,
    }
    for body in (seal, officer):
        assert (await service.issued(**body)).status_code == 200


async def sign(service: Service, client_id: str, *, data: bytes = b"SignedInfo", **more: Any) -> httpx.Response:
    body = {"agency": AGENCY, "format": "raw", "data": b64encode(data).decode(), **more}
    return await service.http.post("/v1/signatures", json=body, headers=person(service, client_id))


async def log_of(service: Service, headers: dict[str, str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.http.get("/v1/signatures", headers=headers)).json()["items"]
    return items


async def test_each_person_signs_with_its_own_key_and_no_other(service: Service) -> None:
    await make_keys(service)

    seal = await sign(service, "van-thu.hang-kia")
    officer = await sign(service, "bui-van-an.hang-kia", officer="bui-van-an")
    swapped = [
        await sign(service, "van-thu.hang-kia", officer="bui-van-an"),
        await sign(service, "bui-van-an.hang-kia"),
        await sign(service, "e-office.H28.31.05"),
    ]

    assert (seal.status_code, officer.status_code) == (200, 200)
    assert seal.json()["certificates"][0] != officer.json()["certificates"][0]
    assert [(one.status_code, one.json()["code"]) for one in swapped] == [(403, "signing-not-allowed")] * 3


async def test_every_signature_and_every_refusal_has_its_line(service: Service) -> None:
    await make_keys(service)
    before = {"caller": "van-thu.hang-kia", "agency": AGENCY, "officer": None, "format": "raw", "outcome": "signed"}

    await sign(service, "van-thu.hang-kia", data=b"one")
    await sign(service, "van-thu.hang-kia", data=b"two", officer="bui-van-an")

    first, second = await log_of(service, person(service, "van-thu.hang-kia"))
    assert {name: first[name] for name in before} == before
    assert [one["digest"] for one in (first, second)] == [hashlib.sha256(one).hexdigest() for one in (b"one", b"two")]
    assert (second["outcome"], second["officer"], second["serial"]) == ("signing-not-allowed", "bui-van-an", None)
    assert first["serial"] is not None


async def test_an_agency_reads_its_own_lines_a_node_what_it_asked_for_and_an_operator_all(lite: Service) -> None:
    await make_keys(lite)
    await sign(lite, "van-thu.hang-kia")

    seen = [
        len(await log_of(lite, headers))
        for headers in (
            person(lite, "any", AGENCY),
            person(lite, "any", "H28.31"),
            person(lite, "node.H28", None),
            lite.operator,
        )
    ]

    assert seen == [1, 0, 0, 1]


async def test_the_log_is_read_page_by_page(lite: Service) -> None:
    await make_keys(lite)
    for number in range(3):
        await sign(lite, "van-thu.hang-kia", data=bytes([number]))

    first = await lite.http.get("/v1/signatures?limit=2", headers=lite.operator)
    second = await lite.http.get(first.links["next"]["url"], headers=lite.operator)

    digests = [one["digest"] for page in (first, second) for one in page.json()["items"]]
    assert digests == [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]


async def test_the_database_refuses_to_change_or_delete_a_line(service: Service) -> None:
    await make_keys(service)
    await sign(service, "van-thu.hang-kia")
    database = service.factory.resources.database

    for statement in (update(signature_log).values(outcome="x"), delete(signature_log)):
        with pytest.raises(DBAPIError, match="only added to"):
            async with database.begin() as connection:
                await connection.execute(statement)


async def test_a_key_over_its_limit_waits_even_when_all_ask_at_once_and_after_a_restart(narrow: Service) -> None:
    await make_keys(narrow)

    answers = await asyncio.gather(*(sign(narrow, "van-thu.hang-kia") for _ in range(5)))
    async with running(narrow.settings) as restarted:
        after = await sign(restarted, "van-thu.hang-kia")
    async with narrow.later(timedelta(minutes=2)):
        later = await sign(narrow, "van-thu.hang-kia")

    assert sorted(one.status_code for one in answers) == [200, 200, 200, 429, 429]
    assert (after.status_code, after.json()["code"]) == (429, "too-many-signatures")
    assert 0 < int(after.headers["Retry-After"]) <= 60
    assert later.status_code == 200


async def test_a_caller_that_tries_every_key_is_stopped_and_fills_no_log(narrow: Service) -> None:
    answers = [await sign(narrow, "ke-gian") for _ in range(8)]

    assert [one.status_code for one in answers] == [404] * 5 + [429] * 3
    assert len(await log_of(narrow, narrow.operator)) == 5


async def test_a_revoked_officer_signs_no_more(lite: Service) -> None:
    await make_keys(lite)
    first = await sign(lite, "bui-van-an.hang-kia", officer="bui-van-an")
    (line,) = await log_of(lite, lite.operator)
    await revoke(lite, line["serial"])

    after = await sign(lite, "bui-van-an.hang-kia", officer="bui-van-an")

    assert (first.status_code, after.status_code, after.json()["code"]) == (200, 404, "remote-key-missing")


async def test_a_pdf_carries_the_officers_and_the_agencys_signatures(lite: Service, tmp_path: Path) -> None:
    await make_keys(lite)
    signed = minimal_pdf()
    for client_id, query in (("bui-van-an.hang-kia", {"officer": "bui-van-an"}), ("van-thu.hang-kia", {})):
        headers = {**person(lite, client_id), "Content-Type": PDF}
        params = {"agency": AGENCY, "format": "pades", **query}
        answer = await lite.http.post("/v1/signatures", params=params, content=signed, headers=headers)
        assert answer.status_code == 200, answer.text
        signed = answer.content
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed)

    report = await client(lite, "e-office", AGENCY).validate(path, media_type=PDF)

    assert [one.indication for one in report.signatures] == [Indication.TOTAL_PASSED] * 2, report
    assert [one.agency for one in report.signatures] == [AGENCY] * 2
    assert [one["officer"] for one in await log_of(lite, lite.operator)] == ["bui-van-an", None]


async def test_no_route_and_no_log_yields_anything_of_a_private_key(
    lite: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_keys(lite)
    answers = [await sign(lite, "van-thu.hang-kia"), await sign(lite, "bui-van-an.hang-kia", officer="bui-van-an")]
    paths = lite.app.openapi()["paths"]
    for path in (one for one, item in paths.items() if "get" in item):
        for line in await log_of(lite, lite.operator):
            names = {"serial": line["serial"], "name": "issuing-1", "id": line["id"], "encoded": "MAo"}
            answers.append(await lite.http.get(path.format(**names), headers=lite.operator))

    said = b"".join(one.content for one in answers) + capsys.readouterr().out.encode()
    decoded = b"".join(
        b64decode(part + b"==") for part in re.findall(rb"[A-Za-z0-9+/]{40,}", said) if len(part) % 4 != 1
    )
    password = lite.settings.key_password.get_secret_value()
    stored = list(lite.settings.keys_dir.rglob("*.p12"))
    assert len(stored) >= 4
    assert b"PRIVATE KEY" not in said
    for place in stored:
        key = pkcs12.load_pkcs12(place.read_bytes(), password.encode()).key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        number = key.private_numbers().private_value
        secret = number.to_bytes((key.curve.key_size + 7) // 8)
        assert secret not in said + decoded
        assert secret.hex().encode() not in said.lower()
        assert str(number).encode() not in said
        assert place.read_bytes()[:64] not in said + decoded
