"""Checkpoints as signed notes: what is accepted, what OpenSSL says of them, and every way to pass off another one."""

import subprocess
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.checkpoints import (
    Checkpoint,
    CheckpointInvalid,
    cosign,
    origin_of,
    read_note,
    sign_checkpoint,
    verify_checkpoint,
    verify_cosignature,
    with_cosignatures,
)
from tests.support.pki import NOW, PKI, Credential

DISTRICT, PROVINCE = NodeId("H28.31"), NodeId("H28")
CHECKPOINT = Checkpoint(origin=origin_of(DISTRICT), size=20_852_163, root=bytes(range(32)))


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def district(pki: PKI) -> Credential:
    return pki.node(DISTRICT)


@pytest.fixture(scope="module")
def province(pki: PKI) -> Credential:
    return pki.node(PROVINCE)


def checked(text: str, pki: PKI, seal: Credential, *, node: NodeId = DISTRICT) -> Checkpoint:
    return verify_checkpoint(read_note(text), node=node, certificates=seal.chain, trust=pki.trust(), at=NOW)


def test_a_checkpoint_is_read_back_from_its_note(pki: PKI, district: Credential, province: Credential) -> None:
    note = sign_checkpoint(CHECKPOINT, district.seal_key())
    line = cosign(CHECKPOINT, province.seal_key(), witness=PROVINCE, at=NOW)

    both = with_cosignatures(note, [line])

    assert note.startswith("lienthong.node/H28.31\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— ")
    assert checked(note, pki, district) == checked(both, pki, district) == CHECKPOINT
    assert [one.name for one in read_note(both).signatures] == [origin_of(DISTRICT), origin_of(PROVINCE)]


def test_openssl_verifies_the_note_body(tmp_path: Path, district: Credential) -> None:
    body, signature, key = tmp_path / "body", tmp_path / "signature", tmp_path / "key.pem"
    note = sign_checkpoint(CHECKPOINT, district.seal_key())
    text, lines = note.split("\n\n")
    signature.write_bytes(b64decode(lines.split()[-1])[4:])
    public = district.certificate.public_key()
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "dgst", "-sha256", "-verify", str(key), "-signature", str(signature), str(body)]

    body.write_text(text + "\n")
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    body.write_text(text.replace("20852163", "20852164") + "\n")
    bad = subprocess.run(command, capture_output=True, text=True, check=False)

    assert good.stdout == "Verified OK\n"
    assert bad.returncode != 0


def test_a_witness_says_when_it_found_the_checkpoint_consistent(pki: PKI, province: Credential) -> None:
    line = cosign(CHECKPOINT, province.seal_key(), witness=PROVINCE, at=NOW)

    at = verify_cosignature(CHECKPOINT, line, witness=PROVINCE, certificates=province.chain, trust=pki.trust(), at=NOW)

    assert at == NOW


def test_a_checkpoint_from_another_node_is_refused(pki: PKI, district: Credential, province: Credential) -> None:
    theirs = replace(CHECKPOINT, origin=origin_of(PROVINCE))
    passed_off = sign_checkpoint(CHECKPOINT, province.seal_key())

    with pytest.raises(CheckpointInvalid, match=r"is of lienthong\.node/H28, not"):
        checked(sign_checkpoint(theirs, province.seal_key()), pki, province)
    with pytest.raises(CheckpointInvalid, match=r"seal is of H28, not of H28\.31"):
        checked(passed_off, pki, province)
    with pytest.raises(CheckpointInvalid, match="first signature"):
        checked(passed_off, pki, district)


def test_a_seal_of_a_foreign_authority_is_refused(pki: PKI) -> None:
    foreign = PKI.new().node(DISTRICT)

    with pytest.raises(CheckpointInvalid, match="was refused"):
        checked(sign_checkpoint(CHECKPOINT, foreign.seal_key()), pki, foreign)


@pytest.mark.parametrize("part", ["20852163", "AAECAwQ"])
def test_a_changed_checkpoint_is_refused(pki: PKI, district: Credential, part: str) -> None:
    note = sign_checkpoint(CHECKPOINT, district.seal_key())

    with pytest.raises(CheckpointInvalid, match="does not verify"):
        checked(note.replace(part, part[::-1].swapcase()), pki, district)


def test_a_cosignature_over_another_checkpoint_time_or_by_another_is_refused(pki: PKI, province: Credential) -> None:
    line = cosign(CHECKPOINT, province.seal_key(), witness=PROVINCE, at=NOW)
    early = cosign(CHECKPOINT, province.seal_key(), witness=PROVINCE, at=NOW + timedelta(hours=1))
    as_log = sign_checkpoint(CHECKPOINT, province.seal_key()).splitlines()[-1]
    data = bytearray(b64decode(line.split()[-1]))
    data[11] ^= 1  # the last byte of the time
    later = line.replace(line.split()[-1], b64encode(data).decode())

    for checkpoint, offered, witness in (
        (replace(CHECKPOINT, size=1), line, PROVINCE),
        (CHECKPOINT, later, PROVINCE),
        (CHECKPOINT, early, PROVINCE),
        (CHECKPOINT, as_log, PROVINCE),
        (CHECKPOINT, line, DISTRICT),
    ):
        with pytest.raises(CheckpointInvalid):
            verify_cosignature(
                checkpoint, offered, witness=witness, certificates=province.chain, trust=pki.trust(), at=NOW
            )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "x" * 20_000,
        "lienthong.node/H28\n1\n\n— lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n01\n{'A' * 43}=\n\n— lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n-1\n{'A' * 43}=\n\n— lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n9999999999999999999\n{'A' * 43}=\n\n— lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n1\n{'A' * 42}B=\n\n— lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n1\n{'A' * 43}=\nmore\n\n— lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n1\n{'A' * 43}=\n\n— lienthong.node/H28 AAAA\n",
        f"lienthong.node/H28\n1\n{'A' * 43}=\n\n- lienthong.node/H28 AAAAAAA=\n",
        f"lienthong.node/H28\n1\n{'A' * 43}=\n\n" + "— lienthong.node/H28 AAAAAAA=\n" * 33,
        f"sum.example\n1\n{'A' * 43}=\n\n— sum.example AAAAAAA=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointInvalid):
        read_note(text)
