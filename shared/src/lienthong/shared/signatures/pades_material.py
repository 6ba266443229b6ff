"""What a PDF brings along to be checked with: its document security store. Unverified help, never trust.

Source: ETSI EN 319 142-1 clause 5.4.2, ISO 32000-2 clause 12.8.4.3.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, pairwise
from typing import Any, Final, TypeVar

from cryptography import x509
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.generic import StreamObject

from lienthong.shared.signatures.certificates import certificate_from_der
from lienthong.shared.signatures.ocsp_answers import MAX_OCSP_BYTES
from lienthong.shared.signatures.pades_reading import BoundedReader
from lienthong.shared.signatures.trust import TrustStore

MAX_MATERIAL: Final = 32
"""Certificates, CRLs and OCSP answers of one PDF that are read, of each kind."""

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Certificates, CRLs and OCSP answers (DER) of a PDF. Parsed, not verified; what cannot be read is left out."""

    certificates: tuple[x509.Certificate, ...] = ()
    crls: tuple[x509.CertificateRevocationList, ...] = ()
    ocsp: tuple[bytes, ...] = ()

    def helping(self, trust: TrustStore) -> TrustStore:
        """``trust`` with what it does not have; itself when there is nothing."""
        certificates = tuple(one for one in self.certificates if one not in trust.intermediates)
        crls = tuple(one for one in self.crls if one not in trust.crls)
        if not (certificates or crls or self.ocsp):
            return trust
        return trust.with_further(crls=crls, ocsp=self.ocsp, intermediates=certificates)

    def suffices(self, path: tuple[x509.Certificate, ...], *, trust: TrustStore, at: datetime) -> bool:
        """Whether it alone has a fresh statement, by its issuer, about each certificate of ``path`` at ``at``."""
        alone = replace(trust, crls=(), ocsp=()).with_further(crls=self.crls, ocsp=self.ocsp)
        stated = [alone.statement(certificate, issuer) for certificate, issuer in pairwise(path)]
        return bool(stated) and all(one is not None and one.is_fresh(at) for one in stated)


def read_material(reader: BoundedReader) -> Material:
    """The store of the file as it is now. Raises whatever the reader raises for damaged files."""
    if "/DSS" not in reader.root:
        return Material()
    store = reader.root["/DSS"]
    return Material(
        certificates=tuple(_parts(store, "/Certs", DecodePurpose.CERTIFICATE, certificate_from_der)),
        crls=tuple(_parts(store, "/CRLs", DecodePurpose.CRL, x509.load_der_x509_crl)),
        ocsp=tuple(_parts(store, "/OCSPs", DecodePurpose.OCSP_RESPONSE, _short)),
    )


def has_material(reader: BoundedReader, revision: int) -> bool:
    """Whether the file had a store at ``revision``."""
    return "/DSS" in reader.get_historical_root(revision)


def _parts(store: Any, key: str, purpose: DecodePurpose, parse: Callable[[bytes], Part]) -> Iterator[Part]:  # noqa: ANN401
    if key not in store:
        return
    for held in islice(store[key], MAX_MATERIAL):
        part = held.get_object()
        if not isinstance(part, StreamObject):
            continue
        try:
            yield parse(part.read_data(purpose))
        except ValueError:
            continue  # nothing is lost: what is missing is told as unknown


def _short(answer: bytes) -> bytes:
    if len(answer) > MAX_OCSP_BYTES:
        raise ValueError("too long")
    return answer
