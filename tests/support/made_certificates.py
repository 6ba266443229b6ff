"""Certificates from a description, with every flaw that may be asked for; DER by hand, since libraries refuse many."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, Final

from asn1crypto import algos, core, keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from lienthong.shared.signatures.profiles import ARC

Spec = Mapping[str, Any]
"""A certificate or list as the table describes it, defaults filled in."""
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
BEGIN, END = "250101000000Z", "350101000000Z"
_CURVES: Final = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p192": ec.SECP192R1(), "k256": ec.SECP256K1()}
_ATTRIBUTES: Final = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_OIDS: Final = {
    "node": f"{ARC}.1.1",
    "any": "2.5.29.32.0",
    "other": "1.3.6.1.4.1.99999.9",
    "node-purpose": f"{ARC}.2.1",
    "server": "1.3.6.1.5.5.7.3.1",
    "email": "1.3.6.1.5.5.7.3.4",
    "agency": f"{ARC}.1.3",
    "documents": "1.3.6.1.5.5.7.3.36",
}
"""Names that the table has for policies and purposes."""


@cache
def key_called(name: str, kind: str = "p256") -> Key:
    """One key for each name: an attack that needs another key uses another name."""
    del name
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(_CURVES[kind])


def key_of(spec: Spec) -> Key:
    """The subject's own key."""
    return key_called(spec["key"], spec.get("kind", "p256"))


def _public(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: Key) -> bytes:
    """A key identifier."""
    return hashlib.sha256(_public(key)).digest()[:20]


def certificate(spec: Spec, specs: Mapping[str, Spec]) -> bytes:
    """One certificate, DER; ``specs`` has its issuer."""
    issuer = specs[spec["issuer"]]
    key = key_called(spec["signed_by"], "p256") if "signed_by" in spec else key_of(issuer)
    algorithm = algorithm_of(key, spec)
    extensions = [] if spec.get("version") == "v1" else list(_extensions(spec, issuer))
    body = asn1.TbsCertificate(
        {
            "version": spec.get("version", "v3"),
            "serial_number": serial_of(spec),
            "signature": algorithm,
            "issuer": encoded_name(spec.get("issuer_name", issuer["subject"])),
            "validity": {"not_before": _time(spec.get("from", BEGIN)), "not_after": _time(spec.get("until", END))},
            "subject": encoded_name(spec["subject"]),
            "subject_public_key_info": keys.PublicKeyInfo.load(_public(key_of(spec))),
            **({"extensions": extensions} if extensions else {}),
        }
    )
    outer = algorithm_of(key, {**spec, "digest": spec["outer_digest"]}) if "outer_digest" in spec else algorithm
    value = tampered(sign_with(key, body.dump(), spec), spec)
    made = asn1.Certificate(
        {"tbs_certificate": body, "signature_algorithm": outer, "signature_value": core.OctetBitString(value)}
    )
    return bytes(made.dump())


def serial_of(spec: Spec) -> int:
    """As given, or one that follows from the name."""
    given = spec.get("serial")
    return (
        int(given, 0) if given is not None else int.from_bytes(hashlib.sha256(spec["name"].encode()).digest()[:8]) | 1
    )


def algorithm_of(key: Key, spec: Spec) -> algos.SignedDigestAlgorithm:
    """The algorithm that ``key`` signs with."""
    digest = spec.get("digest", "sha256")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return algos.SignedDigestAlgorithm({"algorithm": "1.3.101.112"})
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})
    return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_rsa", "parameters": core.Null()})


def sign_with(key: Key, data: bytes, spec: Spec) -> bytes:
    """The signature's value."""
    digest: hashes.HashAlgorithm = getattr(hashes, spec.get("digest", "sha256").upper())()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(digest))
    return key.sign(data, padding.PKCS1v15(), digest)


def tampered(value: bytes, spec: Spec) -> bytes:
    """The value, its last bit flipped where that is asked for."""
    return value[:-1] + bytes([value[-1] ^ 1]) if spec.get("tamper") else value


def _time(text: str) -> asn1.Time:
    """13 characters are UTCTime, 15 are GeneralizedTime; ``utc:`` before any other forces UTCTime."""
    form, value = ("utc_time", text[4:]) if text.startswith("utc:") else ("utc_time", text)
    if len(text) == len("20500101000000Z"):
        form, value = "general_time", text
    kind = core.UTCTime if form == "utc_time" else core.GeneralizedTime
    raw = kind(contents=value.encode("ascii"))
    return asn1.Time(name=form, value=raw)


def encoded_name(text: str) -> asn1.Name:
    """``CN=a, O=b``; ``printable:`` before it chooses PrintableString instead of UTF8String."""
    kind = _ASN1Type.PrintableString if text.startswith("printable:") else _ASN1Type.UTF8String
    return asn1.Name.load(_x509_name(text.removeprefix("printable:"), kind).public_bytes())


def _x509_name(text: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    pairs = [one.split("=", 1) for one in text.split(", ") if one]
    return x509.Name([x509.NameAttribute(_ATTRIBUTES[label], value, kind) for label, value in pairs])


def _extensions(spec: Spec, issuer: Spec) -> Iterator[dict[str, Any]]:
    if spec.get("bc", True) and (spec["ca"] or "path_length" in spec or spec.get("bc")):
        yield raw_extension(x509.BasicConstraints.oid, _basic_constraints(spec), critical=spec.get("bc_critical", True))
    if spec["usage"] is not False:
        allowed = x509.KeyUsage(**{one: one in spec["usage"] for one in _USAGES})
        yield extension(allowed, critical=spec.get("usage_critical", True))
    yield extension(x509.SubjectKeyIdentifier(key_id(key_of(spec))))
    known = key_id(key_called(spec["aki"], "p256") if "aki" in spec else key_of(issuer))
    yield extension(x509.AuthorityKeyIdentifier(known, None, None))
    yield from _optional_extensions(spec)
    if spec.get("twice"):
        yield extension(x509.SubjectKeyIdentifier(key_id(key_of(spec))))


def _basic_constraints(spec: Spec) -> bytes:
    """Also those that no library makes: a negative length, a length without an authority."""
    fields: dict[str, Any] = {"ca": spec["ca"]}
    if "path_length" in spec:
        fields["path_len_constraint"] = spec["path_length"]
    return bytes(asn1.BasicConstraints(fields).dump())


def _optional_extensions(spec: Spec) -> Iterator[dict[str, Any]]:
    if "policies" in spec:
        policies = [x509.PolicyInformation(x509.ObjectIdentifier(_OIDS[one]), None) for one in spec["policies"]]
        yield extension(x509.CertificatePolicies(policies))
    if "eku" in spec:
        yield extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(_OIDS[one]) for one in spec["eku"]]))
    if "san" in spec:
        names = x509.SubjectAlternativeName([_general_name(one) for one in spec["san"]])
        yield extension(names, critical=spec.get("san_critical", False))
    if "permitted" in spec or "excluded" in spec:
        permitted, excluded = (
            [_general_name(one, is_range=True) for one in spec[side]] if side in spec else None
            for side in ("permitted", "excluded")
        )
        yield extension(x509.NameConstraints(permitted, excluded), critical=True)
    if "require_policy" in spec:
        yield extension(x509.PolicyConstraints(spec["require_policy"], None), critical=True)
    if "inhibit_any" in spec:
        yield extension(x509.InhibitAnyPolicy(spec["inhibit_any"]), critical=True)
    if "mapping" in spec:
        above, below = (_OIDS[one] for one in spec["mapping"])
        pair = [{"issuer_domain_policy": above, "subject_domain_policy": below}]
        critical = spec.get("mapping_critical", True)
        yield raw_extension(x509.ObjectIdentifier("2.5.29.33"), asn1.PolicyMappings(pair).dump(), critical=critical)
    if "unknown" in spec:
        yield raw_extension(
            x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00", critical=spec["unknown"] == "critical"
        )


def _general_name(text: str, *, is_range: bool = False) -> x509.GeneralName:
    kind, _, value = text.partition(":")
    if kind == "IP":
        return x509.IPAddress(ip_network(value) if is_range else ip_address(value))
    if kind == "DN":
        return x509.DirectoryName(_x509_name(value))
    if kind == "RID":
        return x509.RegisteredID(x509.ObjectIdentifier(value))
    if kind == "email":
        return x509.RFC822Name(value)
    return x509.DNSName(value) if kind == "DNS" else x509.UniformResourceIdentifier(value)


def extension(value: x509.ExtensionType, *, critical: bool = False) -> dict[str, Any]:
    """An extension that a library knows."""
    return raw_extension(value.oid, value.public_bytes(), critical=critical)


def raw_extension(oid: x509.ObjectIdentifier, der: bytes, *, critical: bool) -> dict[str, Any]:
    """Any extension."""
    return {"extn_id": oid.dotted_string, "critical": critical, "extn_value": core.ParsableOctetString(der)}
