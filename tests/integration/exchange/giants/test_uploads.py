"""Uploads over tus: what is durable stays, what is another's is not there, what is whole becomes a document once."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from lienthong.exchange.domain.uploads import IDLE_LIFETIME, MAX_UPLOADS
from lienthong.exchange.storage.schema import documents
from lienthong.exchange.storage.upload_schema import uploads
from lienthong.exchange.usecases.receive_upload import Arriving, append_to_upload
from lienthong.exchange.usecases.sweep_uploads import sweep_uploads
from lienthong.shared.edxml.media_types import PDF
from lienthong.shared.spooling import BodyTruncated
from tests.integration.exchange.carry.tree import Tree, letter
from tests.integration.exchange.giants.tus import BYTES, HERE, TUS, Tus, metadata
from tests.support.full_disk import full_after


@pytest.fixture
def tus(tree: Tree) -> Tus:
    return Tus(tree=tree)


@pytest.fixture
def package(tree: Tree) -> bytes:
    return letter(HERE, ["G22"], attachment=b"%PDF-1.7" + os.urandom(50_000), folder=tree.folder)


def _files(tree: Tree) -> list[Path]:
    return sorted(tree[HERE].factory.settings.uploads_dir.iterdir())


async def test_the_server_says_what_it_speaks(tree: Tree) -> None:
    async with tree.client(HERE) as client:
        answer = await client.options("/v1/uploads")

    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert answer.headers["tus-checksum-algorithm"] == "sha256,sha1"
    assert answer.headers["tus-max-size"] == str(tree[HERE].factory.settings.max_package_bytes)


async def test_an_upload_in_pieces_becomes_a_document_with_the_packages_bytes(tus: Tus, package: bytes) -> None:
    url = await tus.begin(len(package))
    for start in range(0, len(package), 20_000):
        answer = await tus.send(url, package[start : start + 20_000], offset=start)
        assert (answer.status_code, answer.headers["upload-offset"]) == (
            204,
            str(min(start + 20_000, len(package))),
        )

    submitted = await tus.submit(url, sha256=hashlib.sha256(package).hexdigest())

    assert submitted.status_code == 201
    assert submitted.json()["package"]["sha256"] == hashlib.sha256(package).hexdigest()
    async with tus.tree.client(HERE) as client:
        stored = await client.get(f"/v1/documents/{submitted.json()['id']}/package")
    assert stored.content == package
    assert _files(tus.tree) == list(tus.tree[HERE].factory.settings.spool_dir.iterdir()) == []


async def test_an_upload_may_begin_with_its_first_bytes(tus: Tus, package: bytes) -> None:
    answer = await tus.ask(
        "POST", body=package, Upload_Length=str(len(package)), Upload_Metadata=metadata(), Content_Type=BYTES
    )

    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(package)))
    assert (await tus.submit(answer.headers["location"])).status_code == 201


async def test_a_repeat_of_the_submission_gets_the_same_bytes_as_one_of_the_package_does(
    tus: Tus, package: bytes
) -> None:
    url = await tus.upload(package)

    first, again = await tus.submit(url), await tus.submit(url)
    by_bytes = await tus.tree.submit(HERE, package)
    other_key = await tus.submit(url, **{"Idempotency-Key": "another"})

    assert first.content == again.content == by_bytes.content
    assert again.headers["idempotency-replayed"] == by_bytes.headers["idempotency-replayed"] == "true"
    assert len(await tus.tree[HERE].rows(documents)) == 1
    assert (other_key.status_code, other_key.json()["code"]) == (409, "upload-consumed")


async def test_a_refused_submission_leaves_the_upload(tus: Tus, tree: Tree) -> None:
    package = letter(HERE, ["X99"], folder=tree.folder)
    url = await tus.upload(package)

    refused = await tus.submit(url)

    assert refused.json()["code"] == "no-known-recipient"
    assert await tus.offset(url) == len(package)
    assert [path.read_bytes() for path in _files(tree)] == [package]


async def test_an_upload_that_is_not_whole_is_not_submitted(tus: Tus, package: bytes) -> None:
    url = await tus.begin(len(package))
    await tus.send(url, package[:-1], offset=0)

    answer = await tus.submit(url)

    assert (answer.status_code, answer.json()["code"]) == (409, "upload-incomplete")
    assert (answer.json()["offset"], answer.json()["size"]) == (len(package) - 1, len(package))


async def test_other_bytes_than_the_client_means_are_not_submitted(tus: Tus, package: bytes) -> None:
    url = await tus.upload(package)

    answer = await tus.submit(url, sha256="0" * 64)

    assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
    assert await tus.tree[HERE].rows(documents) == []


async def test_bytes_that_belong_elsewhere_are_refused_with_where_the_upload_stands(tus: Tus, package: bytes) -> None:
    url = await tus.begin(len(package))
    await tus.send(url, package[:1_000], offset=0)

    for offset in (0, 999, 1_001):
        answer = await tus.send(url, b"x", offset=offset)
        assert (answer.status_code, answer.json()["code"]) == (409, "upload-offset-mismatch")
        assert answer.json()["offset"] == 1_000
    assert await tus.offset(url) == 1_000


async def test_more_bytes_than_declared_are_refused(tus: Tus, package: bytes) -> None:
    url = await tus.begin(10)

    declared = await tus.send(url, package[:11], offset=0)

    async def chunks() -> AsyncIterator[bytes]:
        yield package[:11]

    factory = tus.tree[HERE].factory
    arriving = Arriving(offset=0, length=None, pieces=chunks(), checksum=None)
    with pytest.raises(Exception, match="beyond the 10 bytes"):
        await append_to_upload(url.rsplit("/", 1)[1], "eoffice.H28.31", factory, arriving=arriving)
    assert (declared.status_code, declared.json()["code"]) == (400, "upload-malformed")
    assert await tus.offset(url) == 0


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_bytes_with_another_checksum_are_not_kept(tus: Tus, package: bytes, algorithm: str) -> None:
    url = await tus.begin(len(package))
    digest = base64.b64encode(hashlib.new(algorithm, package).digest()).decode()

    wrong = await tus.send(url, package[:-1] + b"?", offset=0, Upload_Checksum=f"{algorithm} {digest}")
    after = await tus.offset(url)
    right = await tus.send(url, package, offset=0, Upload_Checksum=f"{algorithm} {digest}")

    assert (wrong.status_code, wrong.json()["code"], wrong.json()["status"]) == (460, "upload-checksum-mismatch", 460)
    assert after == 0
    assert (right.status_code, right.headers["upload-offset"]) == (204, str(len(package)))
    assert (await tus.submit(url)).json()["package"]["sha256"] == hashlib.sha256(package).hexdigest()


async def test_an_upload_is_its_clients_alone(tus: Tus, package: bytes) -> None:
    url = await tus.upload(package)
    stranger = Tus(tree=tus.tree, agency="H28.31.01")

    answers = [
        await stranger.ask("HEAD", url),
        await stranger.send(url, b"x", offset=0),
        await stranger.ask("DELETE", url),
        await stranger.submit(url),
    ]

    assert [one.status_code for one in answers] == [404] * 4
    assert answers[3].json()["code"] == "upload-not-found"
    assert await tus.offset(url) == len(package)


async def test_an_upload_that_was_given_up_is_gone_with_its_bytes(tus: Tus, package: bytes) -> None:
    url = await tus.upload(package)

    ended = await tus.ask("DELETE", url)

    assert (ended.status_code, ended.headers["tus-resumable"]) == (204, "1.0.0")
    assert (await tus.ask("HEAD", url)).status_code == 404
    assert _files(tus.tree) == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Upload_Length": "x"}, 400, "upload-malformed"),
        ({"Upload_Length": "-1"}, 400, "upload-malformed"),
        ({"Upload_Length": "0"}, 400, "upload-malformed"),
        ({"Upload_Length": str(7 * 1024**3)}, 413, "package-too-large"),
        ({"Upload_Length": "5", "Upload_Metadata": "filetype !!"}, 400, "upload-malformed"),
        ({"Upload_Length": "5", "Upload_Metadata": "a" * 5_000}, 400, "upload-malformed"),
        ({"Upload_Length": "5", "Upload_Metadata": metadata(PDF)}, 415, "unsupported-media-type"),
        ({"Upload_Length": "5", "Upload_Metadata": ""}, 415, "unsupported-media-type"),
        ({"Upload_Length": "5", "Tus_Resumable": "0.2.2"}, 412, "tus-version-unsupported"),
    ],
)
async def test_a_beginning_that_is_not_tus_is_refused(
    tus: Tus, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await tus.ask("POST", "", b"", **{"Upload_Metadata": metadata(), **headers})

    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert await tus.tree[HERE].rows(uploads) == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Type": "application/octet-stream"}, 415, "unsupported-media-type"),
        ({"Upload_Offset": "x"}, 400, "upload-malformed"),
        ({"Upload_Checksum": "md5 AAAA"}, 400, "upload-malformed"),
        ({"Upload_Checksum": "sha256"}, 400, "upload-malformed"),
    ],
)
async def test_bytes_that_do_not_come_as_tus_are_refused(
    tus: Tus, headers: dict[str, str], status: int, code: str
) -> None:
    url = await tus.begin(10)
    sent = {"Content_Type": BYTES, "Upload_Offset": "0", **headers}

    answer = await tus.ask("PATCH", url, b"x", **sent)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await tus.offset(url) == 0


async def test_a_client_has_so_many_uploads_and_gets_room_by_submitting_one(tus: Tus, package: bytes) -> None:
    urls = [await tus.upload(package), *[await tus.begin(5) for _ in range(MAX_UPLOADS - 1)]]

    refused = await tus.ask("POST", Upload_Length="5", Upload_Metadata=metadata())
    await tus.submit(urls[0])
    taken = await tus.ask("POST", Upload_Length="5", Upload_Metadata=metadata())

    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-uploads")
    assert taken.status_code == 201


async def test_two_requests_do_not_write_at_once(tus: Tus, package: bytes) -> None:
    url = await tus.begin(len(package))
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield package[:1_000]
        await go_on.wait()
        yield package[1_000:]

    factory, upload = tus.tree[HERE].factory, url.rsplit("/", 1)[1]
    arriving = Arriving(offset=0, length=len(package), pieces=slowly(), checksum=None)
    first = asyncio.create_task(append_to_upload(upload, "eoffice.H28.31", factory, arriving=arriving))
    await asyncio.sleep(0.2)

    second = await tus.send(url, package, offset=0)
    ended = await tus.ask("DELETE", url)
    go_on.set()

    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (423, "upload-busy", "1")
    assert ended.status_code == 423
    assert (await first).is_complete
    assert (await tus.submit(url)).status_code == 201


async def test_what_came_before_a_break_stays(tus: Tus, package: bytes) -> None:
    url = await tus.begin(len(package))

    async def broken() -> AsyncIterator[bytes]:
        yield package[:30_000]
        raise BodyTruncated("The connection broke.")

    arriving = Arriving(offset=0, length=len(package), pieces=broken(), checksum=None)
    with pytest.raises(BodyTruncated):
        await append_to_upload(url.rsplit("/", 1)[1], "eoffice.H28.31", tus.tree[HERE].factory, arriving=arriving)

    assert await tus.offset(url) == 30_000
    await tus.send(url, package[30_000:], offset=30_000)
    assert (await tus.submit(url)).json()["package"]["sha256"] == hashlib.sha256(package).hexdigest()


async def test_bytes_that_were_never_durable_do_not_count_and_are_cut_off(tus: Tus, package: bytes) -> None:
    """After a kill the file is longer than the row says; after a power cut what is beyond may be anything."""
    url = await tus.begin(len(package))
    await tus.send(url, package[:10_000], offset=0)
    [file] = _files(tus.tree)
    file.write_bytes(package[:10_000] + b"?" * 5_000)

    assert await tus.offset(url) == 10_000
    await tus.send(url, package[10_000:12_000], offset=10_000)
    assert file.read_bytes() == package[:12_000]


async def test_a_file_that_lost_bytes_counts_as_far_as_it_goes(tus: Tus, package: bytes) -> None:
    url = await tus.upload(package)
    [file] = _files(tus.tree)
    file.write_bytes(package[:7_000])

    assert await tus.offset(url) == 7_000
    assert (await tus.submit(url)).json()["code"] == "upload-incomplete"
    await tus.send(url, package[7_000:], offset=7_000)
    assert (await tus.submit(url)).json()["package"]["sha256"] == hashlib.sha256(package).hexdigest()


async def test_a_disk_that_fills_up_keeps_what_fits(tus: Tus) -> None:
    big = os.urandom(3_000_000)
    url = await tus.begin(len(big))

    with full_after(2_000_000):
        answer = await tus.send(url, big, offset=0)
    stands = await tus.offset(url)
    rest = await tus.send(url, big[stands:], offset=stands)

    assert (answer.status_code, answer.json()["code"]) == (503, "insufficient-storage")
    assert 0 <= stands <= 2_000_000
    assert rest.headers["upload-offset"] == str(len(big))
    assert _files(tus.tree)[0].read_bytes() == big


async def test_an_upload_whose_time_is_over_is_gone_and_its_bytes_are_swept(tus: Tus, package: bytes) -> None:
    factory = tus.tree[HERE].factory
    old, young = await tus.upload(package), await tus.upload(package)
    later = factory.clock() + IDLE_LIFETIME + timedelta(minutes=1)
    async with factory.database.begin() as connection:
        mine = uploads.c.id == young.rsplit("/", 1)[1]
        await connection.execute(uploads.update().where(mine).values(expires_at=later + timedelta(days=1)))
        others = uploads.c.id == old.rsplit("/", 1)[1]
        await connection.execute(uploads.update().where(others).values(expires_at=factory.clock()))
    (factory.settings.uploads_dir / "left-by-a-kill").write_bytes(b"x")

    gone = await tus.ask("HEAD", old)
    removed = await sweep_uploads(factory)

    assert gone.status_code == 404
    assert removed == 2
    assert [path.name for path in _files(tus.tree)] == [young.rsplit("/", 1)[1]]


async def test_an_expiry_is_told(tus: Tus) -> None:
    url = await tus.begin(5)

    answer = await tus.ask("HEAD", url)

    assert answer.headers["upload-expires"].endswith("GMT")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["upload-metadata"] == metadata()
    assert answer.headers["upload-length"] == "5"


async def test_a_stranger_without_a_token_begins_nothing(tree: Tree) -> None:
    async with tree.client(HERE) as client:
        del client.headers["Authorization"]
        answer = await client.post("/v1/uploads", headers={**TUS, "Upload-Length": "5", "Upload-Metadata": metadata()})

    assert (answer.status_code, answer.json()["code"]) == (401, "token-missing")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "submission-malformed"),
        (b"[]", 400, "submission-malformed"),
        (b'{"upload": 5}', 400, "submission-malformed"),
        (b'{"upload": "x\\u0000"}', 400, "submission-malformed"),
        (b"{" + b" " * 5_000 + b"}", 413, "request-too-large"),
    ],
)
async def test_json_that_names_no_upload_is_refused(tree: Tree, body: bytes, status: int, code: str) -> None:
    async with tree.client(HERE) as client:
        answer = await client.post("/v1/documents", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
