"""A time-stamping authority in memory, that stamps any moment, and lies where a test asks it to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.openssl_authorities import TIME_STAMPING, issue_for
from tests.support.pki import NOW, PKI, Credential

_HASHES = {"sha1": SHA1(), "sha256": SHA256(), "sha384": SHA384()}  # noqa: S303 — a weak one, to be refused


@dataclass(frozen=True, kw_only=True)
class TimeStamper:
    """``at`` is the time that it states. ``digest`` is that of the signature, ``named`` whom the attributes name."""

    credential: Credential
    at: datetime = NOW
    digest: str = "sha256"
    announced: str | None = None
    ess: str = "sha256"
    named: Credential | None = None
    imprint: str = "sha256"
    content_type: str = "tst_info"
    nonce: int | None = None
    further_signers: int = 0
    change: Callable[[bytes], bytes] = bytes

    @classmethod
    def of(cls, pki: PKI, **options: object) -> "TimeStamper":
        credential = issue_for(pki.issuing, (TIME_STAMPING,))
        return cls(credential=credential, **options)  # type: ignore[arg-type]

    def stamp(self, digest: bytes) -> bytes:
        """A TimeStampToken, DER."""
        info = self.change(self._info(digest).dump())
        content = {"content_type": self.content_type, "content": core.ParsableOctetString(info)}
        leaf = self.credential.certificate.public_bytes(Encoding.DER)
        signer = self._signer(info, leaf)
        held = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in self.credential.chain]
        data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": self.announced or self.digest}],
            "encap_content_info": content,
            "certificates": held,
            "signer_infos": [signer] * (1 + self.further_signers),
        }
        token: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()
        return token

    def _info(self, digest: bytes) -> tsp.TSTInfo:
        return tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": {"hash_algorithm": {"algorithm": self.imprint}, "hashed_message": digest},
                "serial_number": 7,
                "gen_time": self.at.astimezone(UTC),
                "accuracy": {"seconds": 1},
                **({} if self.nonce is None else {"nonce": self.nonce}),
            }
        )

    def _signer(self, info: bytes, leaf: bytes) -> cms.SignerInfo:
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [self.content_type]},
                {"type": "message_digest", "values": [hashlib.new(self.digest, info).digest()]},
                self._names(leaf if self.named is None else self.named.certificate.public_bytes(Encoding.DER)),
            ]
        )
        parsed = asn1_x509.Certificate.load(leaf)
        kind = "rsa" if isinstance(self.credential.key, rsa.RSAPrivateKey) else "ecdsa"
        return cms.SignerInfo(
            {
                "version": "v1",
                "sid": {"issuer_and_serial_number": {"issuer": parsed.issuer, "serial_number": parsed.serial_number}},
                "digest_algorithm": {"algorithm": self.digest},
                "signed_attrs": attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_{kind}"}),
                "signature": self._sign(attributes.untag().dump(force=True)),
            }
        )

    def _names(self, certificate: bytes) -> dict[str, object]:
        if self.ess == "sha1":
            old = tsp.SigningCertificate({"certs": [{"cert_hash": hashlib.sha1(certificate).digest()}]})  # noqa: S324
            return {"type": "signing_certificate", "values": [old]}
        digest = hashlib.new(self.ess, certificate).digest()
        named = {"hash_algorithm": {"algorithm": self.ess}, "cert_hash": digest}
        return {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [named]})]}

    def _sign(self, data: bytes) -> bytes:
        key, digest = self.credential.key, _HASHES[self.digest]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(digest))
        return key.sign(data, padding.PKCS1v15(), digest)
