"""Attempts to make a node speak to where it should not, or to tell what it should not."""

import asyncio
import contextlib
import dataclasses
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lienthong.exchange.usecases import send_webhook
from lienthong.exchange.usecases.guarded_transport import Resolve
from lienthong.exchange.usecases.send_webhook import open_sender
from lienthong.shared.contracts.events import CloudEvent
from lienthong.shared.directory import Directory
from lienthong.shared.identifiers import AgencyCode
from tests.integration.exchange.push.feeds import event, tell
from tests.integration.exchange.push.receivers import (
    Receiver,
    act,
    deliver,
    drain,
    listening,
    standing,
    subscribe,
)
from tests.integration.exchange.receive.receiving_node import ReceivingNode, snapshot
from tests.support.pki import NOW

NAME = "vanthu.maichau.example"


def _resolving(*addresses: str) -> Resolve:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


async def _last_error(node: ReceivingNode, url: str, resolve: Resolve) -> str:
    webhook = await subscribe(node, url)
    await tell(node.factory, event())
    async with open_sender(node.factory, resolve=resolve) as sender:
        await drain(node.factory, sender)
    return str((await standing(node, webhook))["last_error"])


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["10.0.0.5"], ["113.160.0.10", "127.0.0.1"], ["169.254.169.254"]])
async def test_a_name_that_leads_into_the_nodes_neighbourhood_is_not_called(
    node: ReceivingNode, addresses: list[str]
) -> None:
    async with listening(Receiver()) as receiver:
        port = receiver.url.rsplit(":", 1)[1].split("/")[0]
        error = await _last_error(node, f"https://{NAME}:{port}/", _resolving(*addresses))

    assert "address" in error
    assert not receiver.requests


async def test_a_name_is_resolved_once_for_each_attempt_and_that_address_is_called(hooked: ReceivingNode) -> None:
    asked: list[str] = []

    def rebinds(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.5"]

    error = await _last_error(hooked, f"https://{NAME}:9443/", rebinds)

    assert asked == [NAME]
    assert error.startswith("No connection")


async def test_a_redirect_is_not_followed(hooked: ReceivingNode) -> None:
    async def moved(_event: CloudEvent) -> int:
        return 307

    async with listening(Receiver()) as target, listening(Receiver(answers=moved)) as receiver:
        receiver.headers = [(b"location", target.url.encode())]
        webhook = await subscribe(hooked, receiver.url)
        await tell(hooked.factory, event())
        await deliver(hooked.factory)

    assert (len(receiver.requests), len(target.requests)) == (1, 0)
    assert (await standing(hooked, webhook))["last_error"] == "The receiver answered 307."


async def test_an_endless_answer_is_not_read(hooked: ReceivingNode) -> None:
    async with listening(Receiver(body=b"x" * 50_000_000)) as receiver:
        webhook = await subscribe(hooked, receiver.url)
        await tell(hooked.factory, event())
        await deliver(hooked.factory)

    assert (await standing(hooked, webhook))["backlog"] == 0


async def test_a_receiver_that_drips_its_answer_is_given_up(
    hooked: ReceivingNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_webhook, "ANSWER_TIME", timedelta(seconds=0.5))

    given_up = asyncio.Event()

    async def drips(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()
        given_up.set()

    server = await asyncio.start_server(drips, "127.0.0.1", 0)
    webhook = await subscribe(hooked, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await tell(hooked.factory, event())
    began = time.monotonic()
    await deliver(hooked.factory)
    await given_up.wait()
    server.close()

    assert time.monotonic() - began < 5
    assert (await standing(hooked, webhook))["state"] == "failing"


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"])
async def test_an_answer_that_is_no_http_fails_and_breaks_nothing(hooked: ReceivingNode, answer: bytes) -> None:
    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(says, "127.0.0.1", 0)
    webhook = await subscribe(hooked, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await tell(hooked.factory, event())
    await deliver(hooked.factory)
    server.close()

    assert (await standing(hooked, webhook))["state"] == "failing"


@pytest.mark.parametrize(("name", "taken"), [(NAME, 1), ("vanthu.khac.example", 0)])
async def test_the_receivers_certificate_must_be_for_its_name(
    hooked: ReceivingNode, tmp_path: Path, name: str, taken: int
) -> None:
    certificate, key = _certificate(tmp_path, name)
    settings = hooked.factory.settings.model_copy(update={"webhook_roots": certificate})
    factory = dataclasses.replace(hooked.factory, settings=settings)
    async with listening(Receiver(), ssl_certfile=certificate, ssl_keyfile=key) as receiver:
        port = receiver.url.rsplit(":", 1)[1].split("/")[0]
        await subscribe(hooked, f"https://{NAME}:{port}/hook")
        await tell(factory, event())
        async with open_sender(factory, resolve=_resolving("127.0.0.1")) as sender:
            await drain(factory, sender)

    assert len(receiver.taken) == taken
    assert all(one.headers["host"] == f"{NAME}:{port}" for one in receiver.requests)


async def test_a_certificate_of_nobodys_is_not_trusted(hooked: ReceivingNode, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path, NAME)
    async with listening(Receiver(), ssl_certfile=certificate, ssl_keyfile=key) as receiver:
        port = receiver.url.rsplit(":", 1)[1].split("/")[0]
        error = await _last_error(hooked, f"https://{NAME}:{port}/", _resolving("127.0.0.1"))

    assert error.startswith("No connection")
    assert not receiver.requests


@pytest.mark.parametrize("url", ["http://127.0.0.1:5432/", "https://169.254.169.254/", "https://postgres/"])
async def test_a_webhook_to_the_nodes_own_services_is_not_made(node: ReceivingNode, url: str) -> None:
    async with node.client() as client:
        answer = await client.post("/v1/webhooks", json={"url": url})

    assert (answer.status_code, answer.json()["code"]) == (400, "webhook-address-refused")


async def test_a_range_that_the_operator_takes_back_is_not_called_any_more(hooked: ReceivingNode) -> None:
    async with listening(Receiver()) as receiver:
        webhook = await subscribe(hooked, receiver.url)
        await tell(hooked.factory, event())
        settings = hooked.factory.settings.model_copy(update={"webhook_networks": ()})
        await deliver(dataclasses.replace(hooked.factory, settings=settings))

    assert not receiver.requests
    assert (await standing(hooked, webhook))["state"] == "failing"


class _Held:
    """Another copy of the directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def current(self) -> Directory:
        return self._directory


@pytest.mark.parametrize("when", ["before it waits", "while it waits"])
async def test_a_delegate_gets_nothing_after_the_delegation_has_ended(hooked: ReceivingNode, when: str) -> None:
    ended = _Held(Directory(snapshot().model_copy(update={"delegations": ()})))
    without = dataclasses.replace(hooked.factory, directory=ended)  # type: ignore[arg-type]  # as HeldCopy behaves
    agency = AgencyCode("H28.31.01")
    async with listening(Receiver(answers=_unavailable)) as receiver:
        webhook = await subscribe(hooked, receiver.url, agency=agency)
        await tell(hooked.factory, event(agency=agency))
        if when == "while it waits":
            await deliver(hooked.factory)
            receiver.requests.clear()
            hooked.clock.pass_by(600)
        await deliver(without)

    view = await standing(hooked, webhook)
    assert (view["state"], view["paused"], receiver.requests) == ("paused", "not-allowed", [])


async def _unavailable(_event: CloudEvent) -> int:
    return 503


async def test_webhooks_of_other_agencies_do_not_exist_for_a_caller(hooked: ReceivingNode) -> None:
    async with hooked.client("H28.31.02") as owner:
        made = (await owner.post("/v1/webhooks", json={"url": "https://vanthu.example/"})).json()

    async with hooked.client("H28.31") as stranger:
        path = f"/v1/webhooks/{made['id']}"
        answers = [
            await stranger.get(path),
            await stranger.delete(path),
            await stranger.put(path, json={"url": "https://ke-xau.example/"}),
            await stranger.post(f"{path}/replay", json={"after": 0}),
            *[await stranger.post(f"{path}/{what}") for what in ("pause", "resume", "ping")],
        ]
        foreign = await stranger.post("/v1/webhooks", json={"url": "https://x.example/", "agency": "H28.31.02"})

    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "webhook-not-found")}
    assert (foreign.status_code, foreign.json()["code"]) == (403, "sender-not-allowed")
    assert (await _as(hooked, "H28.31.02", made["id"]))["url"] == "https://vanthu.example/"


async def _as(node: ReceivingNode, agency: str, webhook: str) -> dict[str, str]:
    async with node.client(agency) as client:
        found: dict[str, str] = (await client.get(f"/v1/webhooks/{webhook}")).json()
    return found


async def test_a_ping_does_not_reach_what_a_webhook_may_not(hooked: ReceivingNode) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        webhook = await subscribe(hooked, f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        answer = (await act(hooked, webhook, "ping")).json()

    assert answer == {"taken": False, "error": "No connection: no such name, refused, or not trusted (TLS)."}


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for ``name``, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    certificate, secret = folder / "receiver.pem", folder / "receiver.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret
