"""What it costs to validate packages, PDFs and evidence files, beside the same cryptography alone and other libraries.

CPU time of one process, so that other work on the machine disturbs little: a count per second is a count per second and
core. Every figure is the median of several rounds, taken in turns. ``python -m benchmarks.validation``.
"""

import hashlib
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import typer
import xmlsec
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from rich.console import Console
from rich.table import Table
from signxml.verifier import SignatureConfiguration
from signxml.xades.xades import XAdESVerifier

from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.signatures.pades import sign_pdf, validate_pdf
from lienthong.shared.signatures.report import Indication, SignatureReport
from lienthong.shared.signatures.validation import validate_package
from tests.support.evidence_files import Journey
from tests.support.packages import local_key, sign, unsigned_package
from tests.support.pdf import minimal_pdf
from tests.support.pki import PKI, Credential
from tests.support.time_stamping import TimeStamper

PACKAGE_BYTES = 48 * 1024
"""One attachment: in base64 the package has 64 KiB and its header."""
ROUNDS = 7
EVIDENCE_SIGNATURES = 20
"""Values in an evidence file of four hops, certificates left out: five statements; checkpoint, co-signature and time
stamp of each of four logs; the seal, the last time stamp, and the package."""

_PYHANKOS_READING = generic.read_hex_string_from_stream
Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One line of the table; ``work`` is done ``count`` times in a round."""

    what: str
    kind: str
    work: Work
    count: int
    is_bare: bool = False


class Bench:
    """The files, all valid, and the ways to judge them."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.pki = PKI.new(self.now - timedelta(hours=1))
        self.agency, self.officer = self.pki.agency("H28"), self.pki.officer("H28")
        self.trust = self.pki.trust()
        stamp = TimeStamper.of(self.pki, at=self.now).stamp
        files = (b"%PDF-1.7 " + b"x" * PACKAGE_BYTES,)
        self.package, self.stamped = folder / "b-b.edxml", folder / "b-t.edxml"
        self.package.write_bytes(sign(unsigned_package(files), self.agency, at=self.now))
        self.stamped.write_bytes(sign(unsigned_package(files), self.agency, at=self.now, stamp=stamp))
        self.pdf = _signed_twice(self.officer, self.agency, self.now)
        self.journey = Journey(pki=PKI.new(self.now), at=self.now - timedelta(minutes=10))
        self.evidence = self.journey.write(folder)

    def measures(self) -> Iterable[Measured]:
        """Everything that is compared, kind by kind."""
        yield Measured(what="XAdES B-B, 64 KiB", kind="package", work=lambda: self.judge(self.package), count=60)
        yield Measured(
            what="bare: xmlsec", kind="package", work=lambda: self.by_xmlsec(self.package), count=60, is_bare=True
        )
        yield Measured(what="signxml, plain call", kind="package", work=self.by_signxml, count=20)
        yield Measured(what="XAdES B-T, 64 KiB", kind="stamped", work=lambda: self.judge(self.stamped), count=40)
        yield Measured(
            what="bare: xmlsec, cryptography", kind="stamped", work=self.bare_stamped, count=40, is_bare=True
        )
        yield Measured(what="PDF, new certificates", kind="pdf", work=lambda: self.judge_pdf(fresh=True), count=10)
        yield Measured(what="PDF, certificates seen", kind="pdf", work=lambda: self.judge_pdf(fresh=False), count=10)
        yield Measured(what="bare: cryptography", kind="pdf", work=self.bare_pdf, count=60, is_bare=True)
        yield Measured(what="pyHanko, plain call", kind="pdf", work=self.by_pyhanko, count=10)
        yield Measured(what="evidence file, four hops", kind="evidence", work=self.judge_evidence, count=5)
        yield Measured(what="bare: cryptography", kind="evidence", work=self.bare_evidence, count=20, is_bare=True)

    def judge(self, package: Path) -> None:
        """As a node does it: one pass over the file, then its signatures."""
        reading = read_package(package, EDXML)
        report = validate_package(package, reading, media_type=EDXML, trust=self.trust, at=self.now)
        _require_passed(report.signatures, 1)

    def bare_stamped(self) -> None:
        """The package, the stamped form of its value, and the value of the time stamp."""
        self.by_xmlsec(self.stamped)
        hashlib.sha256(_DATA).digest()
        _verify_times(self.journey, 1)

    def by_xmlsec(self, package: Path) -> None:
        """Parse, canonical forms, digests and the value; no chain, no time, no look at what is covered."""
        root = etree.fromstring(package.read_bytes(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        certificate = self.agency.certificate.public_bytes(Encoding.PEM)
        context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
        signature = xmlsec.tree.find_node(root, "Signature")
        if signature is None:
            raise LookupError("the package has no signature")
        context.verify(signature)

    def by_signxml(self) -> None:
        """With the signer's certificate given."""
        config = SignatureConfiguration(expect_references=5)
        XAdESVerifier().verify(
            self.package.read_bytes(), x509_cert=self.agency.certificate, expect_config=config, expect_references=5
        )

    def judge_pdf(self, *, fresh: bool) -> None:
        """``fresh``: nothing is remembered of any certificate."""
        trust = self.pki.trust() if fresh else self.trust
        _require_passed(validate_pdf(BytesIO(self.pdf), where="document", trust=trust, at=self.now), 2)

    def bare_pdf(self) -> None:
        """Two digests over the file, two values, and two certificates with two issuers."""
        for _ in range(2):
            hashlib.sha256(self.pdf).digest()
        _verify_times(self.journey, 6)

    def by_pyhanko(self) -> None:
        """Each signature by the library's own function and reading, without looking for revocation."""
        generic.read_hex_string_from_stream = _PYHANKOS_READING  # ours is put in place by every check of ours
        roots = [asn1_x509.Certificate.load(self.pki.root.certificate.public_bytes(Encoding.DER))]
        for signature in PdfFileReader(BytesIO(self.pdf)).embedded_signatures:
            status = validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))
            if not (status.intact and status.valid):
                raise AssertionError("pyHanko does not agree")

    def judge_evidence(self) -> None:
        """With the root alone."""
        verdict = check_evidence_file(self.evidence, roots=self.journey.pki.roots_pem, now=self.now)
        if any(one.indication is not Indication.TOTAL_PASSED for one in verdict.checks):
            raise AssertionError("the evidence file does not pass")

    def bare_evidence(self) -> None:
        """One digest over the file, and as many values as it has."""
        hashlib.sha256(self.evidence.read_bytes()).digest()
        _verify_times(self.journey, EVIDENCE_SIGNATURES)


_DATA = b"bare"


def _verify_times(journey: Journey, times: int) -> None:
    key = next(iter(journey.nodes.values())).key
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the bench has P-256 keys")
    value = _VALUES.setdefault(id(key), key.sign(_DATA, ec.ECDSA(SHA256())))
    public = key.public_key()
    for _ in range(times):
        public.verify(value, _DATA, ec.ECDSA(SHA256()))


_VALUES: dict[int, bytes] = {}


def _signed_twice(officer: Credential, agency: Credential, at: datetime) -> bytes:
    once, twice = BytesIO(), BytesIO()
    sign_pdf(BytesIO(minimal_pdf("x" * 50_000)), once, key=local_key(officer), at=at)
    sign_pdf(once, twice, key=local_key(agency), at=at)
    return twice.getvalue()


def _require_passed(reports: tuple[SignatureReport, ...], count: int) -> None:
    if [one.indication for one in reports] != [Indication.TOTAL_PASSED] * count:
        raise AssertionError("a file of the bench does not pass")


def _milliseconds(one: Measured) -> float:
    begun = time.process_time()
    for _ in range(one.count):
        one.work()
    return (time.process_time() - begun) / one.count * 1000


def main(rounds: int = ROUNDS) -> None:
    """Measures and prints one table."""
    with tempfile.TemporaryDirectory() as folder:
        measures = list(Bench(Path(folder)).measures())
        for one in measures:
            one.work()
        samples = [[_milliseconds(one) for one in measures] for _ in range(rounds)]
    cost = {
        (one.kind, one.what): statistics.median(column)
        for one, column in zip(measures, zip(*samples, strict=True), strict=True)
    }
    bare = {one.kind: cost[one.kind, one.what] for one in measures if one.is_bare}
    title = f"Validation, CPU time of one core; P-256 keys; {platform.machine()}, Python {platform.python_version()}"
    table = Table("", "ms", "per second and core", "times the bare cost", title=title)
    for one in measures:
        spent = cost[one.kind, one.what]
        table.add_row(one.what, f"{spent:.2f}", f"{1000 / spent:.0f}", f"{spent / bare[one.kind]:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
