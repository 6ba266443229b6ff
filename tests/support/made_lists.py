"""Revocation lists from a description, with every flaw that may be asked for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import core, crl
from asn1crypto import x509 as asn1
from cryptography import x509

from tests.support.made_certificates import (
    Spec,
    algorithm_of,
    encoded_name,
    extension,
    key_called,
    key_id,
    key_of,
    raw_extension,
    serial_of,
    sign_with,
    tampered,
)

LISTED: Final = datetime(2026, 3, 1, tzinfo=UTC)
"""thisUpdate, unless a case says otherwise."""


def lists_of(given: Spec, specs: Mapping[str, Spec]) -> Iterator[bytes]:
    """Every list of a case, DER; ``given`` by the authority's name."""
    authorities = [name for name, spec in specs.items() if spec["ca"]]
    for name in authorities:
        wanted = given.get(name, {})
        for one in wanted if isinstance(wanted, list) else [wanted]:
            if one is not False:
                yield _list(one, specs[name], specs)


def _list(given: Spec, issuer: Spec, specs: Mapping[str, Spec]) -> bytes:
    signer = specs[given["signed_by"]] if given.get("signed_by") in specs else issuer
    key = key_called(given["signed_by"], "p256") if "signed_by" in given else key_of(signer)
    algorithm = algorithm_of(key, given)
    revoked = [_entry(given, specs[one]) for one in given.get("revoked", [])]
    end = given.get("next", (LISTED + timedelta(days=7)).isoformat())
    body = crl.TbsCertList(
        {
            "version": "v2",
            "signature": algorithm,
            "issuer": encoded_name(given.get("issuer_name", issuer["subject"])),
            "this_update": _moment(given.get("this", LISTED.isoformat())),
            **({"next_update": _moment(end)} if end else {}),
            **({"revoked_certificates": revoked} if revoked else {}),
            "crl_extensions": list(_list_extensions(given, issuer)),
        }
    )
    value = tampered(sign_with(key, body.dump(), given), given)
    made = {"tbs_cert_list": body, "signature_algorithm": algorithm, "signature": core.OctetBitString(value)}
    return bytes(crl.CertificateList(made).dump())


def _moment(text: str) -> asn1.Time:
    return asn1.Time(name="utc_time", value=datetime.fromisoformat(text))


def _entry(given: Spec, certificate: Spec) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "user_certificate": serial_of(certificate),
        "revocation_date": _moment(given.get("since", "2026-02-01T00:00:00+00:00")),
    }
    extensions = []
    if "reason" in given:
        reason = x509.CRLReason(x509.ReasonFlags(given["reason"]))
        extensions.append(extension(reason))
    if given.get("entry_unknown"):
        extensions.append(raw_extension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00", critical=True))
    return entry | ({"crl_entry_extensions": extensions} if extensions else {})


def _list_extensions(given: Spec, issuer: Spec) -> Sequence[dict[str, Any]]:
    made = [
        extension(x509.AuthorityKeyIdentifier(key_id(key_of(issuer)), None, None)),
        extension(x509.CRLNumber(int(str(given.get("number", 7)), 0))),
    ]
    if "delta" in given:
        made.append(extension(x509.DeltaCRLIndicator(given["delta"]), critical=True))
    if "scope" in given:
        flags = dict.fromkeys(
            ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"),
            False,
        )
        point = x509.IssuingDistributionPoint(None, None, only_some_reasons=None, **{**flags, given["scope"]: True})
        made.append(extension(point, critical=True))
    if given.get("unknown"):
        made.append(raw_extension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.3"), b"\x05\x00", critical=True))
    return made
