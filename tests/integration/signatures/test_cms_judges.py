"""What OpenSSL says of our CMS signatures, and what we say of its own and of changed ones."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.signatures.cades import validate_cades
from lienthong.shared.signatures.cms import CMSInvalid, open_detached, sign_detached, sign_enveloping
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.report import Indication
from tests.support.pki import PKI, Credential, new_key
from tests.support.time_stamping import TimeStamper

NOW = datetime.now(UTC).replace(microsecond=0)
CONTENT = "Kế hoạch chuyển đổi số".encode() * 20


@pytest.fixture
def pki() -> PKI:
    return PKI.new(NOW)


def _key(credential: Credential) -> LocalKey:
    return LocalKey(private_key=credential.key, certificate_chain=credential.chain)


def _judged(tmp_path: Path, signature: bytes, content: bytes, roots: bytes) -> bool:
    for name, data in {"s.p7s": signature, "content": content, "root.pem": roots}.items():
        (tmp_path / name).write_bytes(data)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "s.p7s", "-content", "content"]
    command += ["-CAfile", "root.pem", "-purpose", "any", "-cades", "-out", "out"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_openssl_accepts_our_signature_and_refuses_a_changed_byte(
    pki: PKI, tmp_path: Path, rsa_bits: int | None
) -> None:
    agency = pki.agency("H28", key=new_key(rsa_bits=rsa_bits))

    signature = sign_detached(CONTENT, key=_key(agency), at=NOW)

    assert open_detached(signature, CONTENT).signer == agency.certificate
    assert open_detached(signature, CONTENT).signing_time == NOW
    assert _judged(tmp_path, signature, CONTENT, pki.roots_pem)
    assert not _judged(tmp_path, signature, CONTENT[:-1] + b"!", pki.roots_pem)


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_openssl_accepts_our_time_stamped_enveloping_signature_and_refuses_a_changed_byte(
    pki: PKI, tmp_path: Path, rsa_bits: int | None
) -> None:
    agency = pki.agency("H28", key=new_key(rsa_bits=rsa_bits))
    signature = sign_enveloping(CONTENT, key=_key(agency), at=NOW, stamp=TimeStamper.of(pki, at=NOW).stamp)
    changed = signature.replace(CONTENT, CONTENT[:-1] + b"!")
    (tmp_path / "root.pem").write_bytes(pki.roots_pem)

    accepted, refused = _opened_by_openssl(tmp_path, signature), _opened_by_openssl(tmp_path, changed)

    assert accepted == CONTENT
    assert refused is None


def _opened_by_openssl(folder: Path, signature: bytes) -> bytes | None:
    (folder / "s.p7m").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "s.p7m", "-CAfile", "root.pem"]
    command += ["-purpose", "any", "-cades", "-out", "out"]
    judged = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=30)
    return (folder / "out").read_bytes() if judged.returncode == 0 else None


@pytest.mark.parametrize("options", [["-nodetach"], ["-nodetach", "-stream"]], ids=["definite", "streamed"])
def test_we_agree_on_enveloping_signatures_of_openssl(pki: PKI, tmp_path: Path, options: list[str]) -> None:
    key, chain = pki.officer("H28").write_pem(tmp_path)
    (tmp_path / "content").write_bytes(CONTENT)
    command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-in", "content", "-signer", str(chain)]
    command += ["-inkey", str(key), "-cades", "-md", "sha384", *options, "-out", "s.p7m"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30)
    signature = (tmp_path / "s.p7m").read_bytes()
    changed = signature.replace(CONTENT, CONTENT[:-1] + b"!")
    assert changed != signature

    verdicts = [
        validate_cades(one, None, where="document", trust=pki.trust(), at=datetime.now(UTC) + timedelta(minutes=1))
        for one in (signature, changed)
    ]

    assert [one.indication for one in verdicts] == [Indication.TOTAL_PASSED, Indication.TOTAL_FAILED]


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_signature_made_by_openssl_opens(pki: PKI, tmp_path: Path, rsa_bits: int | None) -> None:
    officer = pki.officer("H28", key=new_key(rsa_bits=rsa_bits))
    key, chain = officer.write_pem(tmp_path)
    (tmp_path / "content").write_bytes(CONTENT)
    command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-in", "content", "-signer", str(chain)]
    command += ["-inkey", str(key), "-cades", "-md", "sha256", "-out", "s.p7s"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30)

    opened = open_detached((tmp_path / "s.p7s").read_bytes(), CONTENT)

    assert opened.signer == officer.certificate


def test_every_changed_byte_is_refused_or_changes_no_fact(pki: PKI) -> None:
    """Bytes that no signature covers (versions, lists of algorithms, certificates beside) may change; no fact does."""
    signature = sign_detached(CONTENT, key=_key(pki.agency("H28")), at=NOW)
    facts = open_detached(signature, CONTENT)
    kept = 0

    for position in range(len(signature)):
        changed = signature[:position] + bytes([signature[position] ^ 0x01]) + signature[position + 1 :]
        try:
            opened = open_detached(changed, CONTENT)
        except CMSInvalid:
            continue
        kept += 1
        assert (opened.signer, opened.signing_time) == (facts.signer, facts.signing_time)

    assert kept < len(signature) / 2


def test_signature_over_other_content_is_refused(pki: PKI) -> None:
    signature = sign_detached(CONTENT, key=_key(pki.agency("H28")), at=NOW)

    with pytest.raises(CMSInvalid, match="another's"):
        open_detached(signature, b"other")


def test_certificate_swapped_for_one_with_the_same_key_is_refused(pki: PKI) -> None:
    """Same key, other name: the signature value alone would fit."""
    key = new_key()
    honest, other = pki.agency("H28", key=key), pki.agency("G22", key=key)
    signature = sign_detached(CONTENT, key=_key(honest), at=NOW)

    swapped = _swap(signature, honest.certificate, other.certificate)

    with pytest.raises(CMSInvalid):
        open_detached(swapped, CONTENT)


def _swap(signature: bytes, old: x509.Certificate, new: x509.Certificate) -> bytes:
    info = cms.ContentInfo.load(signature)
    data = info["content"]
    certificate = asn1.Certificate.load(new.public_bytes(Encoding.DER))
    data["certificates"] = [
        certificate if one.chosen.sha256 == _fingerprint(old) else one for one in data["certificates"]
    ]
    data["signer_infos"][0]["sid"] = cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
    swapped: bytes = info.dump(force=True)
    return swapped


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


@pytest.mark.parametrize("junk", [b"", b"\x30", b"\x30\x80\x00\x00", b"%PDF", b"\x30\x03\x02\x01\x01", b"\xff" * 300])
def test_junk_is_a_clear_refusal(junk: bytes) -> None:
    with pytest.raises(CMSInvalid):
        open_detached(junk, CONTENT)
