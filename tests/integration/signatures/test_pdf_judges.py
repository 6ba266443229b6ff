"""What pdfsig and OpenSSL say of PDFs whose signatures last, whole and after one flipped byte."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.signatures.pades import Level
from tests.support.lasting import signed_to_last
from tests.support.pki import PKI
from tests.support.time_stamping import TimeStamper

NOW = datetime.now(UTC).replace(microsecond=0)
"""Outside judges look at the real clock."""


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new(NOW)


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=30)


def lasting(pki: PKI, level: Level) -> bytes:
    return signed_to_last(pki, pki.agency("H28"), level, stamp=TimeStamper.of(pki, at=NOW).stamp, at=NOW)


def flipped(pdf: bytes) -> bytes:
    return pdf.replace(b"Cong van thu", b"Cong van thv", 1)


@pytest.mark.parametrize("level", list(Level))
def test_pdfsig_accepts_every_level_and_refuses_one_flipped_byte(pki: PKI, tmp_path: Path, level: Level) -> None:
    whole, broken = tmp_path / "whole.pdf", tmp_path / "broken.pdf"
    whole.write_bytes(lasting(pki, level))
    broken.write_bytes(flipped(whole.read_bytes()))

    accepted, refused = (run("pdfsig", "-nocert", path, cwd=tmp_path).stdout for path in (whole, broken))

    assert "Signature is Valid." in accepted
    assert "Signature is Invalid." not in accepted
    assert "Signature is Valid." not in refused


def parts(pdf: bytes, folder: Path) -> None:
    """Container and signed bytes of the first signature, cut out with nothing but its byte range."""
    numbers = re.search(rb"/ByteRange \[\s*0 (\d+) (\d+) (\d+)\s*\]", pdf)
    assert numbers is not None
    first, second, length = map(int, numbers.groups())
    container = bytes.fromhex(pdf[first + 1 : second - 1].decode())
    (folder / "cms.der").write_bytes(container[: 4 + int.from_bytes(container[2:4])])
    (folder / "data").write_bytes(pdf[:first] + pdf[second : second + length])


@pytest.mark.parametrize("level", list(Level))
def test_openssl_accepts_every_level_and_refuses_one_flipped_byte(pki: PKI, tmp_path: Path, level: Level) -> None:
    pdf = lasting(pki, level)
    (tmp_path / "root.pem").write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms.der", "-content", "data")
    trusting = ("-CAfile", "root.pem", "-purpose", "any", "-out", "out")

    parts(pdf, tmp_path)
    accepted = run(*command, *trusting, cwd=tmp_path)
    parts(flipped(pdf), tmp_path)
    refused = run(*command, *trusting, cwd=tmp_path)

    assert accepted.returncode == 0, accepted.stderr
    assert refused.returncode != 0
