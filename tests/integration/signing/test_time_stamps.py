"""Time stamps over REST, judged by openssl and by our own client."""

import asyncio
import hashlib
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.clients.time_stamping import (
    QUERY_MEDIA_TYPE,
    TimeStampingClient,
    TimeStampingUnavailable,
    TimeStampRefused,
    token_in,
)
from lienthong.shared.signatures.asn1 import TimeStampReply
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.time_stamps import Failure, refused
from lienthong.signing.usecases.service_keys import renew_service_keys, service_key
from tests.integration.signing.harness import PUBLIC_URL, Service, running, settings_for

DATA = "Kế hoạch số 181".encode()
DIGEST = hashlib.sha256(DATA).digest()


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)


def query_for(folder: Path, *options: str) -> bytes:
    (folder / "data").write_bytes(DATA)
    made = openssl("ts", "-query", "-data", folder / "data", "-out", folder / "query.tsq", *options)
    assert made.returncode == 0, made.stderr
    return (folder / "query.tsq").read_bytes()


async def ask(service: Service, query: bytes) -> bytes:
    answer = await service.http.post("/tsa", content=query, headers={"Content-Type": QUERY_MEDIA_TYPE})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/timestamp-reply")
    return answer.content


def info_in(reply: bytes) -> tsp.TSTInfo:
    return TimeStampReply.load(reply)["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


async def judged(service: Service, folder: Path, reply: bytes) -> subprocess.CompletedProcess[bytes]:
    """What openssl says, given the query, the root and the issuing authority."""
    (folder / "reply.tsr").write_bytes(reply)
    issuing = await service.factory.resources.issuing_authority()
    (folder / "issuing.pem").write_bytes(issuing.certificate.public_bytes(Encoding.PEM))
    trust = ("-CAfile", service.settings.root_path, "-untrusted", folder / "issuing.pem")
    return await asyncio.to_thread(
        openssl, "ts", "-verify", "-queryfile", folder / "query.tsq", "-in", folder / "reply.tsr", *trust
    )


@pytest.mark.parametrize("options", [("-sha256", "-cert"), ("-sha384", "-cert"), ("-sha512", "-cert", "-no_nonce")])
async def test_openssl_accepts_our_time_stamp(service: Service, tmp_path: Path, options: tuple[str, ...]) -> None:
    query = query_for(tmp_path, *options)

    reply = await ask(service, query)

    verdict = await judged(service, tmp_path, reply)
    assert verdict.returncode == 0, verdict.stderr
    shown = openssl("ts", "-reply", "-in", tmp_path / "reply.tsr", "-text").stdout.decode()
    assert "Status: Granted." in shown
    assert f"Policy OID: {service.settings.time_stamp_policy}" in shown


@pytest.mark.parametrize("place", [0.2, 0.5, 0.99])
async def test_openssl_refuses_our_time_stamp_after_one_flipped_byte(
    lite: Service, tmp_path: Path, place: float
) -> None:
    reply = bytearray(await ask(lite, query_for(tmp_path, "-cert")))

    index = reply.index(hashlib.sha256(DATA).digest()) if place == 0.2 else int(len(reply) * place)
    reply[index] ^= 1

    assert (await judged(lite, tmp_path, bytes(reply))).returncode != 0


async def test_certificates_are_in_the_token_only_when_asked_for(lite: Service, tmp_path: Path) -> None:
    with_them = await ask(lite, query_for(tmp_path, "-cert"))
    without = await ask(lite, query_for(tmp_path))

    sets = [TimeStampReply.load(one)["time_stamp_token"]["content"]["certificates"] for one in (with_them, without)]

    assert [len(one or ()) for one in sets] == [2, 0]


async def test_serial_numbers_grow_strictly_in_two_processes_and_after_a_restart(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "state", database_url)
    query = query_for(tmp_path)
    async with running(settings) as one, running(settings) as other:
        side_by_side = await asyncio.gather(*(ask(service, query) for service in (one, other) * 6))
    async with running(settings) as restarted:
        later = await ask(restarted, query)

    stamps = sorted(
        (info_in(reply)["serial_number"].native, info_in(reply)["gen_time"].native) for reply in side_by_side
    )

    assert len({serial for serial, _at in stamps}) == 12
    assert [at for _serial, at in stamps] == sorted(at for _serial, at in stamps)
    assert info_in(later)["serial_number"].native > stamps[-1][0]


async def test_a_clock_that_went_back_stamps_nothing(lite: Service, tmp_path: Path) -> None:
    query, now = query_for(tmp_path), lite.factory.resources.clock()
    await ask(lite, query)

    lite.factory.resources = replace(lite.factory.resources, clock=lambda: now - timedelta(minutes=1))
    reply = await ask(lite, query)

    assert TimeStampReply.load(reply)["status"]["fail_info"].native == {"time_not_available"}


@pytest.mark.parametrize(
    ("options", "failure"), [(("-sha1",), "bad_alg"), (("-tspolicy", "1.2.3"), "unaccepted_policy")]
)
async def test_a_query_that_breaks_a_rule_is_rejected_with_its_failure_info(
    lite: Service, tmp_path: Path, options: tuple[str, ...], failure: str
) -> None:
    reply = await ask(lite, query_for(tmp_path, *options))

    status = TimeStampReply.load(reply)["status"]

    assert (status["status"].native, status["fail_info"].native) == ("rejection", {failure})


async def test_a_body_of_another_kind_or_length_is_no_query(lite: Service) -> None:
    wrong = await lite.http.post("/tsa", content=b"{}", headers={"Content-Type": "application/json"})
    long = await lite.http.post("/tsa", content=b"0" * 4097, headers={"Content-Type": QUERY_MEDIA_TYPE})

    assert (wrong.status_code, wrong.json()["code"]) == (400, "media-type-not-supported")
    assert (long.status_code, long.json()["code"]) == (413, "package-too-large")


async def test_the_client_gets_a_token_that_openssl_accepts(lite: Service, tmp_path: Path) -> None:
    query_for(tmp_path)

    token = await TimeStampingClient(f"{PUBLIC_URL}/tsa", lite.http).stamp(DIGEST)

    (tmp_path / "token.der").write_bytes(token)
    issuing = await lite.factory.resources.issuing_authority()
    (tmp_path / "issuing.pem").write_bytes(issuing.certificate.public_bytes(Encoding.PEM))
    trust = ("-CAfile", lite.settings.root_path, "-untrusted", tmp_path / "issuing.pem")
    verdict = openssl("ts", "-verify", "-data", tmp_path / "data", "-token_in", "-in", tmp_path / "token.der", *trust)
    assert verdict.returncode == 0, verdict.stderr
    assert cms.ContentInfo.load(token)["content_type"].native == "signed_data"


async def test_the_client_tells_a_refusal_from_an_absence(lite: Service) -> None:
    client = TimeStampingClient(f"{PUBLIC_URL}/certs/issuing-1.crt", lite.http)

    with pytest.raises(TimeStampingUnavailable):
        await client.stamp(DIGEST)
    with pytest.raises(TimeStampRefused):
        token_in(refused(Failure.BAD_ALG, "No."), digest=DIGEST, nonce=1)
    with pytest.raises(TimeStampingUnavailable):
        token_in(refused(Failure.TIME_NOT_AVAILABLE, "Later."), digest=DIGEST, nonce=1)


async def test_time_stamp_over_other_bytes_or_of_another_request_is_not_taken(lite: Service, tmp_path: Path) -> None:
    reply = await ask(lite, query_for(tmp_path, "-cert"))
    nonce = info_in(reply)["nonce"].native

    assert token_in(reply, digest=DIGEST, nonce=nonce)
    with pytest.raises(TimeStampingUnavailable, match="something else than was asked"):
        token_in(reply, digest=hashlib.sha256(b"other").digest(), nonce=nonce)
    with pytest.raises(TimeStampingUnavailable, match="another request"):
        token_in(reply, digest=DIGEST, nonce=nonce + 1)


async def test_the_client_says_when_the_authority_is_away() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as http:
        with pytest.raises(TimeStampingUnavailable):
            await TimeStampingClient("http://tsa.example", http).stamp(DIGEST)


async def test_the_key_is_renewed_before_it_lapses_and_the_old_one_destroyed(lite: Service) -> None:
    resources = lite.factory.resources
    before = (await service_key(resources, Profile.TIME_STAMPING)).certificate_chain[0]

    half_a_year = replace(resources, clock=lambda: before.not_valid_before_utc + timedelta(days=183))
    renewed = {record.profile for record in await renew_service_keys(half_a_year)}
    after = (await service_key(half_a_year, Profile.TIME_STAMPING)).certificate_chain[0]
    later = replace(resources, clock=lambda: after.not_valid_before_utc + timedelta(days=183))
    await renew_service_keys(later)

    held = {path.stem for path in (lite.settings.keys_dir / "service").iterdir()}
    assert renewed == {Profile.TIME_STAMPING, Profile.OCSP_RESPONDER}
    assert f"{after.serial_number:040x}" in held
    assert f"{before.serial_number:040x}" not in held
