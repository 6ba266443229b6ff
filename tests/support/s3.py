"""A real S3 for tests: SeaweedFS, one private server a session."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from deploy.processes import LOOPBACK, START_TIMEOUT_S, PrivateServer, free_port

ACCESS_KEY = "test"
SECRET_KEY = "test-secret"


class PrivateS3(PrivateServer):
    """Master, volume server, filer and S3 gateway of SeaweedFS in one process."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        parts = ["master.port", "volume.port", "filer.port"]
        options = [*parts, *(f"{part}.grpc" for part in parts), "s3.port.grpc"]
        self._ports = {option: free_port() for option in options}

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        identity = {"name": "test", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
        (self.directory / "s3.json").write_text(json.dumps({"identities": [identity]}))
        here = self.directory
        self.run_server(
            [str(Path(sys.executable).with_name("weed")), "-logtostderr", "server", f"-dir={here}"]
            + [f"-{option}={port}" for option, port in self._ports.items()]
            + [f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", "-filer", "-s3", f"-s3.port={self.port}"]
            + ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={here / 's3.json'}"]
            + [f"-filer.localSocket={here / 'filer.sock'}", f"-s3.localSocket={here / 's3.sock'}"]
            + ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=8"]
        )

    def stop(self) -> None:
        self.kill()
        for port in self._ports.values():  # it puts sockets there, whatever the options say
            for leftover in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):  # noqa: S108
                leftover.unlink(missing_ok=True)

    def answers(self) -> bool:
        try:
            with urlopen(f"http://{LOOPBACK}:{self.port}/", timeout=5):
                return True
        except HTTPError:  # "access denied" is an answer
            return True
        except (URLError, OSError):
            return False

    def environment(self) -> dict[str, str]:
        """What the product reads to reach this S3."""
        return {
            "AWS_ENDPOINT": f"http://{LOOPBACK}:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }


@pytest.fixture(scope="session")
def s3(server_directory: Path) -> Iterator[PrivateS3]:
    with PrivateS3(server_directory / "s3") as server:
        yield server


@pytest.fixture
def s3_url(s3: PrivateS3, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place in a bucket, reachable through the environment as in production."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    _await_writable()
    return f"s3://packages/{uuid.uuid4().hex}"


def _await_writable() -> None:
    """The gateway answers before the first volume is there to write to."""
    store = S3Store("packages", retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)})
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            obstore.put(store, "ready", b"yes")
        except BaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
