"""Two persons for one certificate: asked for by one, approved by another, over REST."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from lienthong.shared.contracts.tokens import Scope
from tests.integration.signing.harness import Service
from tests.integration.signing.test_certificates import HANG_KIA, csr

SEAL = {"profile": "agency-seal", "subject": HANG_KIA}
REMOTE = {**SEAL, "remote_key": {"node": "H28.31.05"}}


def office(service: Service, agency: str = "H28.31.05") -> dict[str, str]:
    """An agency's token with every scope, the approver's included."""
    return service.bearer("e-office", *Scope, agency=agency)


async def certificates(service: Service) -> int:
    page = await service.http.get("/v1/certificates?agency=H28.31.05", headers=service.operator)
    return len(page.json()["items"])


async def asked(service: Service, headers: dict[str, str] | None = None) -> str:
    answer = await service.enrol(headers, csr=csr(), **SEAL)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_certificate_comes_of_two_persons(service: Service) -> None:
    asked_for = await service.enrol(office(service), csr=csr(), **SEAL)
    before = await certificates(service)

    approved = (await service.decide(asked_for.json()["id"])).json()

    assert (asked_for.json()["state"], before) == ("pending", 0)
    assert (approved["state"], approved["requested_by"]) == ("approved", "e-office")
    assert approved["decision"]["decided_by"] == "operator.b"
    read = (await service.http.get(f"/v1/certificates/{approved['serial']}", headers=service.operator)).json()
    assert (read["agency"], read["profile"]) == ("H28.31.05", "agency-seal")


async def test_the_asker_cannot_approve_itself(lite: Service) -> None:
    enrolment = await asked(lite)

    answer = await lite.decide(enrolment, headers=lite.operator)

    assert (answer.status_code, answer.json()["code"]) == (403, "approval-not-allowed")
    assert await certificates(lite) == 0


async def test_an_agency_cannot_approve_itself_though_another_of_its_clients_asked(lite: Service) -> None:
    enrolment = await asked(lite, lite.bearer("van-thu", *Scope, agency="H28.31.05"))

    answer = await lite.decide(enrolment, headers=office(lite))

    assert (answer.status_code, answer.json()["code"]) == (403, "approval-not-allowed")


async def test_another_agencys_enrolment_does_not_exist(lite: Service) -> None:
    enrolment = await asked(lite)
    stranger = office(lite, "H28.31")

    decided = await lite.decide(enrolment, headers=stranger)
    read = await lite.http.get(f"/v1/enrolments/{enrolment}", headers=stranger)
    listed = await lite.http.get("/v1/enrolments", headers=stranger)

    assert (decided.status_code, read.status_code, listed.json()["items"]) == (404, 404, [])


async def test_approving_needs_its_scope(lite: Service) -> None:
    headers = lite.bearer("operator.b", Scope.CERTIFICATES_ISSUE, Scope.ADMIN)

    answer = await lite.decide(await asked(lite), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


async def test_one_person_gets_no_seal_past_the_enrolment(lite: Service) -> None:
    direct = await lite.http.post("/v1/certificates", json={"csr": csr(), **SEAL}, headers=lite.operator)
    remote = await lite.http.post(
        "/v1/remote-keys", json={"agency": "H28.31.05", "name": "Hang Kia"}, headers=office(lite)
    )

    for answer in (direct, remote):
        assert (answer.status_code, answer.json()["code"]) == (403, "approval-required")
        assert "/v1/enrolments" in answer.json()["detail"]
    assert await certificates(lite) == 0


async def test_an_operator_gives_a_node_its_seal_alone(lite: Service) -> None:
    body = {"csr": csr(), "profile": "node-seal", "subject": {"name": "Hòa Bình", "node": "H28"}}

    answer = await lite.http.post("/v1/certificates", json=body, headers=lite.operator)

    assert answer.status_code == 201


async def test_a_repeated_approval_is_answered_like_the_first(service: Service) -> None:
    enrolment = await asked(service)

    first, *others = await asyncio.gather(*(service.decide(enrolment) for _ in range(4)))

    assert [one.status_code for one in (first, *others)] == [200] * 4
    assert {one.text for one in others} == {first.text}
    assert await certificates(service) == 1


async def test_what_was_rejected_is_not_approved_afterwards(service: Service) -> None:
    enrolment = await asked(service)

    rejected = await service.decide(enrolment, "rejection")
    approved = await service.decide(enrolment, headers=service.bearer("operator.c", *Scope))

    assert (rejected.status_code, rejected.json()["state"]) == (200, "rejected")
    assert (approved.status_code, approved.json()["code"]) == (409, "enrolment-decided")
    assert await certificates(service) == 0


async def test_a_stale_enrolment_expires(service: Service) -> None:
    enrolment = await asked(service)

    async with service.later(timedelta(days=15)):
        answer = await service.decide(enrolment)
        listed = await service.http.get("/v1/enrolments?state=expired", headers=service.operator)
        pending = await service.http.get("/v1/enrolments?state=pending", headers=service.operator)

    assert (answer.status_code, answer.json()["code"]) == (409, "enrolment-expired")
    assert ([one["id"] for one in listed.json()["items"]], pending.json()["items"]) == ([enrolment], [])


async def test_a_remote_key_is_made_when_the_second_person_approves_and_replaces_the_one_before(
    service: Service,
) -> None:
    keys = service.settings.keys_dir / "remote"
    asked_for = await service.enrol(office(service), **REMOTE)
    before = keys.exists()

    first = (await service.decide(asked_for.json()["id"])).json()
    second = (await service.issued(**REMOTE)).json()

    terms = {"agency": "H28.31.05", "name": "Hang Kia", "node": "H28.31", "signers": ["van-thu"]}
    kept = await service.http.post("/v1/remote-keys", json=terms, headers=office(service))
    assert (before, kept.status_code) == (False, 200)
    assert kept.json()["certificate"]["serial"] == second["serial"] != first["serial"]
    assert (kept.json()["node"], kept.json()["signers"]) == ("H28.31", ["van-thu"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (SEAL, 400, "enrolment-invalid"),
        ({**REMOTE, "csr": "x"}, 400, "enrolment-invalid"),
        ({**SEAL, "csr": "x"}, 400, "csr-invalid"),
        ({**SEAL, "csr": "x", "profile": "root"}, 403, "profile-not-allowed"),
        ({**REMOTE, "profile": "officer"}, 400, "enrolment-invalid"),
        ({**REMOTE, "subject": {"name": "\x00", "agency": "H28.31.05"}}, 400, "subject-invalid"),
    ],
)
async def test_what_no_person_could_approve_is_refused_at_once(
    lite: Service, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await lite.enrol(**body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_enrolments_are_listed_page_by_page(service: Service) -> None:
    ids = [await asked(service) for _ in range(3)]

    first = await service.http.get("/v1/enrolments?state=pending&limit=2", headers=office(service))
    second = await service.http.get(first.links["next"]["url"], headers=office(service))

    assert [one["id"] for page in (first, second) for one in page.json()["items"]] == ids
