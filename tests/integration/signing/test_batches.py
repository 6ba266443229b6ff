"""A batch: approved by its digest, issued at the machine with the keys, killed anywhere and taken up again."""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from lienthong.signing.domain.batches import Batch, read_batch
from lienthong.signing.errors import ApprovalRequired, EnrolmentDecided
from lienthong.signing.usecases import issue_batch as module
from lienthong.signing.usecases.batch_files import BatchFolder
from lienthong.signing.usecases.issue_batch import LineResult, issue_batch, require_approved
from tests.integration.signing.harness import Service
from tests.integration.signing.test_certificates import csr, openssl_verify

HEAD = "profile,name,organisation,agency,node,csr\n"
NAMES = ("Bùi Văn Ấn", "Nguyễn Thị Ở", "Đặng Hữu Ỷ", "Lường Thị Ộp")


class PowerCut(BaseException):
    """Nothing of ours catches it."""


def batch_of(*rows: str) -> Batch:
    content = HEAD + "".join(f"{row}\n" for row in rows)
    request = csr().encode()
    return read_batch(content.encode(), lambda _path: request)


def officers() -> Batch:
    return batch_of(*(f"officer,{name},UBND xã Hang Kia,H28.31.05,," for name in NAMES))


async def issue(service: Service, batch: Batch, out: Path) -> list[LineResult]:
    approval = await require_approved(service.factory.resources, batch, name="requests.csv")
    folder = BatchFolder(path=out)
    return await issue_batch(service.factory.resources, batch, approval, folder=folder, progress=lambda _done: None)


async def approve(service: Service, batch: Batch, verdict: str = "approval") -> dict[str, Any]:
    with pytest.raises(ApprovalRequired) as waiting:
        await require_approved(service.factory.resources, batch, name="requests.csv")
    answer = await service.decide(str(waiting.value.facts["enrolment"]), verdict)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def serials(service: Service) -> list[str]:
    page = await service.http.get("/v1/certificates?agency=H28.31.05", headers=service.operator)
    return [one["serial"] for one in page.json()["items"]]


async def test_a_batch_is_approved_by_its_digest_and_issued_with_keys_and_passwords(
    service: Service, tmp_path: Path
) -> None:
    batch, out = officers(), tmp_path / "out"
    approved = await approve(service, batch)

    results = await issue(service, batch, out)

    assert (approved["kind"], approved["digest"], approved["certificates"]) == ("batch", batch.digest, 4)
    assert [one.error for one in results] == [""] * 4
    for line, name in zip(range(2, 6), NAMES, strict=True):
        place = out / f"{line:05d}-H28.31.05.p12"
        password = place.with_suffix(".password").read_text().strip()
        bundle = pkcs12.load_pkcs12(place.read_bytes(), password.encode())
        assert bundle.cert is not None
        (common,) = bundle.cert.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert (common.value, place.stat().st_mode & 0o777) == (name, 0o600)
    assert list((out / ".staged").iterdir()) == []


async def test_openssl_accepts_a_certificate_of_a_batch(lite: Service, tmp_path: Path) -> None:
    batch = batch_of("officer,Bùi Văn Ấn,,H28.31.05,,a.csr")
    await approve(lite, batch)

    (result,) = await issue(lite, batch, tmp_path / "out")

    assert result.file is not None
    leaf, _issuer = x509.load_pem_x509_certificates(result.file.read_bytes())
    judged = await openssl_verify(lite, result.file.read_text(), tmp_path)
    assert (judged.returncode, f"{leaf.serial_number:040x}") == (0, result.serial), judged.stderr


async def test_nothing_of_a_batch_is_issued_before_or_against_the_second_person(lite: Service, tmp_path: Path) -> None:
    batch, rejected = officers(), batch_of("officer,A,,H28.31.05,,")
    await approve(lite, rejected, "rejection")

    with pytest.raises(ApprovalRequired):
        await issue(lite, batch, tmp_path / "out")
    with pytest.raises(EnrolmentDecided):
        await issue(lite, rejected, tmp_path / "out")

    assert await serials(lite) == []


async def test_an_approved_batch_that_was_changed_is_another_batch(lite: Service, tmp_path: Path) -> None:
    await approve(lite, officers())

    with pytest.raises(ApprovalRequired):
        await issue(lite, batch_of("officer,Kẻ Gian,,H28.31.05,,"), tmp_path / "out")


async def test_asking_again_makes_no_second_enrolment(lite: Service) -> None:
    batch, ids = officers(), set()
    for _ in range(3):
        with pytest.raises(ApprovalRequired) as waiting:
            await require_approved(lite.factory.resources, batch, name="requests.csv")
        ids.add(waiting.value.facts["enrolment"])

    assert len(ids) == 1


@pytest.mark.parametrize("step", ["_remember", "_place"])
async def test_a_power_cut_at_any_step_is_mended_by_the_next_run(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    batch, out = officers(), tmp_path / "out"
    await approve(service, batch)
    monkeypatch.setattr(module, "CHUNK", 2)
    with monkeypatch.context() as cut:
        cut.setattr(module, step, _cut)
        with pytest.raises(PowerCut):
            await issue(service, batch, out)

    results = await issue(service, batch, out)
    again = await issue(service, batch, out)

    assert [one.error for one in results] == [""] * 4
    assert [one.serial for one in again] == [one.serial for one in results]
    assert sorted(await serials(service)) == sorted(one.serial for one in results)
    for one in results:
        assert one.file is not None
        password = one.file.with_suffix(".password").read_text().strip()
        bundle = pkcs12.load_pkcs12(one.file.read_bytes(), password.encode())
        assert bundle.cert is not None
        assert f"{bundle.cert.certificate.serial_number:040x}" == one.serial


async def test_a_key_file_that_was_taken_away_is_named_and_not_issued_anew(lite: Service, tmp_path: Path) -> None:
    batch, out = officers(), tmp_path / "out"
    await approve(lite, batch)
    first = await issue(lite, batch, out)
    (out / "00003-H28.31.05.p12").unlink()

    again = await issue(lite, batch, out)

    assert [bool(one.error) for one in again] == [False, True, False, False]
    assert first[1].serial in again[1].error
    assert len(await serials(lite)) == 4


def _cut(*_arguments: object) -> None:
    raise PowerCut
