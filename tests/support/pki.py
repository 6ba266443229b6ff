"""A whole test PKI in memory: root, issuing CA, seals, agency and officer certificates, CRLs. Quick: P-256 keys."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from lienthong.shared.contracts.trust import TRUST_LIST_TYPE, TrustList
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import (
    DIRECTORY_URI,
    TRUST_LIST_URI,
    CertificateDraft,
    Profile,
    agency_uri,
    draft_certificate,
    node_uri,
)
from lienthong.shared.signatures.revocation import EXPIRED_CERTS_ON_CRL
from lienthong.shared.signatures.seals import SealKey
from lienthong.shared.signatures.trust import TrustStore

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""The moment in which tests live unless they say otherwise."""
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key(*, rsa_bits: int | None = None) -> PrivateKey:
    """A P-256 key, or an RSA key of ``rsa_bits``."""
    if rsa_bits is not None:
        return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A private key with its chain, leaf first, root left out."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    def seal_key(self) -> SealKey:
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        return SealKey(private_key=self.key, chain=self.chain)

    def write_p12(self, path: Path, password: str) -> Path:
        protection = BestAvailableEncryption(password.encode())
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(b"key", self.key, self.chain[0], self.chain[1:], protection)
        )
        return path

    def write_pem(self, folder: Path) -> tuple[Path, Path]:
        """``key.pem`` without a password and ``chain.pem``, for command-line tools."""
        key, chain = folder / "key.pem", folder / "chain.pem"
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        chain.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in self.chain))
        return key, chain


@dataclass(kw_only=True)
class Authority:
    """A CA that issues and revokes."""

    key: PrivateKey
    certificate: x509.Certificate
    now: datetime = NOW
    revoked: list[tuple[int, datetime, x509.ReasonFlags | None]] = field(default_factory=list)

    def issue(
        self,
        profile: Profile,
        subject: str,
        *,
        uri: str | None = None,
        key: PrivateKey | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Credential:
        key = key or new_key()
        draft = CertificateDraft(
            profile=profile,
            subject=name(subject),
            public_key=key.public_key(),
            serial=x509.random_serial_number(),
            not_before=not_before or self.now - timedelta(days=1),
            not_after=not_after or self.now + timedelta(days=365),
            issuer=self.certificate,
            uri=uri,
        )
        return Credential(key=key, chain=(draft_certificate(draft).sign(self.key, SHA256()), self.certificate))

    def revoke(self, certificate: x509.Certificate, at: datetime, *, reason: x509.ReasonFlags | None = None) -> None:
        self.revoked.append((certificate.serial_number, at, reason))

    def crl(
        self, *, at: datetime | None = None, lifetime: timedelta = timedelta(days=7), keeps_expired: bool = True
    ) -> x509.CertificateRevocationList:
        at = at or self.now
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(at + lifetime)
        )
        if keeps_expired:
            since = core.GeneralizedTime(self.certificate.not_valid_before_utc).dump()
            builder = builder.add_extension(x509.UnrecognizedExtension(EXPIRED_CERTS_ON_CRL, since), critical=False)
        for serial, moment, reason in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, SHA256())


def new_root(common_name: str = "Lien Thong Test Root", *, now: datetime = NOW) -> Authority:
    """A self-signed root."""
    key = new_key()
    draft = CertificateDraft(
        profile=Profile.ROOT,
        subject=name(common_name),
        public_key=key.public_key(),
        serial=x509.random_serial_number(),
        not_before=now - timedelta(days=365),
        not_after=now + timedelta(days=3650),
    )
    return Authority(key=key, certificate=draft_certificate(draft).sign(key, SHA256()), now=now)


def new_issuing(root: Authority, common_name: str = "Lien Thong Test Issuing CA") -> Authority:
    """An issuing CA under ``root``."""
    issued = root.issue(Profile.ISSUING, common_name, not_before=root.now - timedelta(days=300))
    return Authority(key=issued.key, certificate=issued.certificate, now=root.now)


@dataclass(frozen=True, kw_only=True)
class PKI:
    """A root, one issuing CA, and what they give out. ``now`` is when everything was made."""

    root: Authority
    issuing: Authority

    @classmethod
    def new(cls, now: datetime = NOW) -> "PKI":
        root = new_root(now=now)
        return cls(root=root, issuing=new_issuing(root))

    @property
    def roots_pem(self) -> bytes:
        return self.root.certificate.public_bytes(Encoding.PEM)

    def node(self, node: str) -> Credential:
        return self.issuing.issue(Profile.NODE_SEAL, f"Node {node}", uri=node_uri(NodeId(node)))

    def node_seal(self, node: str) -> SealKey:
        return self.node(node).seal_key()

    def directory_seal(self) -> SealKey:
        return self.issuing.issue(Profile.DIRECTORY, "Directory", uri=DIRECTORY_URI).seal_key()

    def agency(self, code: str, *, key: PrivateKey | None = None) -> Credential:
        uri = agency_uri(AgencyCode(code))
        return self.issuing.issue(Profile.AGENCY_SEAL, f"Agency {code}", uri=uri, key=key)

    def officer(self, code: str, person: str = "Người Ký Thử", *, key: PrivateKey | None = None) -> Credential:
        return self.issuing.issue(Profile.OFFICER, person, uri=agency_uri(AgencyCode(code)), key=key)

    def crls(self) -> tuple[x509.CertificateRevocationList, ...]:
        return (self.root.crl(), self.issuing.crl())

    def trust(self, *, crls: Sequence[x509.CertificateRevocationList] | None = None) -> TrustStore:
        """Trust as a node has it; call it anew after a revocation."""
        return TrustStore(
            roots=(self.root.certificate,),
            intermediates=(self.issuing.certificate,),
            crls=tuple(self.crls() if crls is None else crls),
        )

    def trust_list_seal(self) -> SealKey:
        return self.issuing.issue(Profile.TRUST_LIST, "Trust list", uri=TRUST_LIST_URI).seal_key()

    def sealed_trust_list(self, **changes: object) -> str:
        """As the signing service publishes it."""
        return self.trust_list_seal().seal(TRUST_LIST_TYPE, self.trust_list().model_copy(update=changes))

    def trust_list(self) -> TrustList:
        now = self.root.now
        return TrustList(
            version=1,
            issued_at=now,
            expires_at=now + timedelta(days=1),
            roots=(self.roots_pem.decode(),),
            intermediates=(self.issuing.certificate.public_bytes(Encoding.PEM).decode(),),
            crls=tuple(b64encode(crl.public_bytes(Encoding.DER)).decode() for crl in self.crls()),
        )
