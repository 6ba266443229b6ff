"""OpenSSL as an outside judge: a time-stamping authority and an OCSP responder made of it, and what it says of ours."""

import hashlib
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.pki import Authority, Credential, PrivateKey, name, new_key


def issue_for(
    authority: Authority,
    purposes: tuple[x509.ObjectIdentifier, ...],
    *,
    critical: bool = True,
    days: tuple[float, float] = (-1, 365),
    key: PrivateKey | None = None,
) -> Credential:
    """A certificate of any purposes, as a CA that is not ours would issue it."""
    key, start = key or new_key(), authority.now
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("Outside Service"))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start + timedelta(days=days[0]))
        .not_valid_after(start + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
        .sign(authority.key, SHA256())
    )
    return Credential(key=key, chain=(certificate, authority.certificate))


def openssl(*arguments: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run OpenSSL; raises when it fails and ``check``."""
    return subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, check=check, capture_output=True, timeout=30)


_TSA_CONFIGURATION = """
[tsa]
default_tsa = made
[made]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


@dataclass(frozen=True, kw_only=True)
class OpenSSLTimeStamping:
    """``openssl ts -reply`` with a certificate. It stamps the time of this machine."""

    credential: Credential
    folder: Path
    ess: str = "sha256"

    def stamp(self, digest: bytes) -> bytes:
        """A TimeStampToken, DER, over a SHA-256 digest."""
        self.credential.write_pem(self.folder)
        (self.folder / "leaf.pem").write_bytes(self.credential.certificate.public_bytes(Encoding.PEM))
        (self.folder / "tsa.cnf").write_text(_TSA_CONFIGURATION.format(ess=self.ess))
        (self.folder / "serial").write_text("01\n")
        openssl("ts", "-query", "-digest", digest.hex(), "-sha256", "-cert", "-out", "query.tsq", cwd=self.folder)
        where = ("-config", "tsa.cnf", "-section", "made", "-queryfile", "query.tsq")
        signer = ("-signer", "leaf.pem", "-inkey", "key.pem", "-chain", "chain.pem")
        openssl("ts", "-reply", *where, *signer, "-token_out", "-out", "token.der", cwd=self.folder)
        return (self.folder / "token.der").read_bytes()


def openssl_ocsp(
    subject: x509.Certificate,
    issuer: Authority,
    responder: Credential,
    folder: Path,
    *,
    revoked_at: datetime | None = None,
) -> bytes:
    """An answer (OCSPResponse, DER) that ``openssl ocsp`` gives about ``subject``, with a nonce."""
    responder.write_pem(folder)
    (folder / "ca.pem").write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
    (folder / "leaf.pem").write_bytes(responder.certificate.public_bytes(Encoding.PEM))
    (folder / "subject.pem").write_bytes(subject.public_bytes(Encoding.PEM))
    state = (
        f"R\t{_index_time(subject.not_valid_after_utc)}\t{_index_time(revoked_at)},superseded"
        if revoked_at
        else (f"V\t{_index_time(subject.not_valid_after_utc)}\t")
    )
    serial = f"{subject.serial_number:X}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    (folder / "index.txt").write_text(f"{state}\t{serial}\tunknown\t/CN=x\n")
    openssl("ocsp", "-issuer", "ca.pem", "-cert", "subject.pem", "-reqout", "request.der", cwd=folder)
    signer = ("-index", "index.txt", "-CA", "ca.pem", "-rsigner", "leaf.pem", "-rkey", "key.pem", "-ndays", "7")
    openssl("ocsp", *signer, "-reqin", "request.der", "-respout", "answer.der", cwd=folder)
    return (folder / "answer.der").read_bytes()


def _index_time(moment: datetime | None) -> str:
    return f"{moment:%y%m%d%H%M%SZ}" if moment else ""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
OCSP_SIGNING = ExtendedKeyUsageOID.OCSP_SIGNING
