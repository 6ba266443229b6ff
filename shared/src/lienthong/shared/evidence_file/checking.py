"""Judges an evidence file with a root certificate and nothing else: what it proves to somebody who trusts no operator.

Pure but for reading the file. Each numbered step adds checks; without the first three there is nothing to judge.

1. The container: every member is named by the manifests and unchanged (:mod:`reading`).
2. The trust list: sealed under the root that was given.
3. The time: a time stamp over everything proves when all of it existed; certificates are judged for that moment,
   and that of the trust list's seal first of all: its maker's word for when the file was made is not enough.
4. The OCSP answers, where there are any.
5. The seal of the node that made the file.
6. Each piece of evidence (:mod:`evidence_checks`).
7. The journey: one acceptance by one origin, and nobody states the arrival of what was not sent to its node.
8. The package: its signatures, judged for the time at which the origin's acceptance is proven.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from lienthong.shared.contracts.trust import TRUST_LIST_TYPE
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import LienthongError
from lienthong.shared.evidence_file.contents import SEAL, SEAL_MANIFEST, TIME_MANIFEST, TIME_STAMP, TRUST_LIST
from lienthong.shared.evidence_file.evidence_checks import CheckedEvidence, check_evidence
from lienthong.shared.evidence_file.journey import check_journey, recipients
from lienthong.shared.evidence_file.log_checks import Material, certificates_in, seals_in
from lienthong.shared.evidence_file.ocsp_checks import check_ocsp
from lienthong.shared.evidence_file.reading import EvidenceFile, EvidenceFileInvalid, open_evidence_file
from lienthong.shared.evidence_file.verdict import EvidenceCheck, EvidenceVerdict
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.cms import CMSInvalid, open_detached
from lienthong.shared.signatures.paths import CertificateRefused
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import Indication, SignatureReport, SubIndication
from lienthong.shared.signatures.seals import SealInvalid, open_seal
from lienthong.shared.signatures.time_stamps import TimeStampInvalid, check_time_stamp
from lienthong.shared.signatures.trust import TrustStore, check_certificate
from lienthong.shared.signatures.trust_list import MAX_TRUST_LIST_BYTES, open_trust_list
from lienthong.shared.signatures.validation import validate_package

_CONTAINER = "ETSI EN 319 162-1 clause 4.4"
_TIME = "RFC 3161; ETSI EN 319 162-1 clause 4.4.5"
_SEAL = "ETSI EN 319 122-1 clause 6"
_OPEN = Indication.INDETERMINATE
_SIGNATURES = "ETSI EN 319 102-1"


class _Ended(Exception):
    """There is nothing more to judge; the checks so far say why."""


@dataclass(slots=True, kw_only=True)
class _Judgement:
    roots: bytes
    now: datetime
    checks: list[EvidenceCheck] = field(default_factory=list)

    def passed(self, what: str, *, source: str, by: str = "", detail: str = "", at: datetime | None = None) -> None:
        self.checks.append(
            EvidenceCheck(
                what=what, by=by, indication=Indication.TOTAL_PASSED, detail=detail, proven_at=at, source=source
            )
        )

    def failed(
        self,
        what: str,
        detail: str,
        *,
        source: str,
        indication: Indication = Indication.TOTAL_FAILED,
        sub: SubIndication | None = None,
    ) -> None:
        self.checks.append(
            EvidenceCheck(what=what, indication=indication, sub_indication=sub, detail=detail, source=source)
        )


def check_evidence_file(path: Path, *, roots: bytes, now: datetime) -> EvidenceVerdict:
    """What the file proves. Blocks: call it in a thread.

    Args:
        path: The evidence file.
        roots: The trust anchor: PEM, one or several certificates.
        now: The time at which the question is asked; nothing in the file may be from later.
    """
    judgement = _Judgement(roots=roots, now=now)
    try:
        file = _opened(path, judgement)  # 1
    except _Ended:
        return EvidenceVerdict(contents=None, checks=tuple(judgement.checks))
    try:
        pieces = _judge(file, judgement)
    except _Ended:
        pieces = []
    return EvidenceVerdict(contents=file.contents, checks=tuple(judgement.checks), recipients=recipients(pieces))


def _judge(file: EvidenceFile, judgement: _Judgement) -> list[CheckedEvidence]:
    trust = _trust(file, judgement)  # 2
    proven_at = _time(file, trust, judgement)  # 3
    _require_list_sealed_then(file, trust, judgement, at=proven_at)
    certificates, seals = _certificates(file, judgement)
    answers, trust = check_ocsp(file.small, certificates, trust)  # 4
    judgement.checks.extend(answers)
    _seal(file, trust, at=proven_at, judgement=judgement)  # 5
    material = Material(contents=file.contents, members=file.small, trust=trust, at=proven_at, seals=seals)
    pieces = [check_evidence(one, material) for one in file.contents.evidence]  # 6
    judgement.checks.extend(piece.check for piece in pieces)
    judgement.checks.append(check_journey(file.contents, pieces))  # 7
    accepted_at = min((piece.proven_at for piece in pieces if piece.is_acceptance), default=proven_at)
    judgement.checks.extend(_package(file, trust, at=accepted_at))  # 8
    return pieces


def _opened(path: Path, judgement: _Judgement) -> EvidenceFile:
    try:
        file = open_evidence_file(path)
    except EvidenceFileInvalid as error:
        judgement.failed("container", error.detail, source=_CONTAINER, sub=SubIndication.FORMAT_FAILURE)
        raise _Ended from error
    detail = f"{len(file.digests)} members, all named by the manifests and unchanged"
    judgement.passed("container", source=_CONTAINER, detail=detail)
    return file


def _trust(file: EvidenceFile, judgement: _Judgement) -> TrustStore:
    try:
        made_at = min(file.contents.made_at, judgement.now)
        trust_list = open_trust_list(_list_of(file), roots=judgement.roots, now=made_at, held_version=None)
        trust = TrustStore.from_list(trust_list, roots=judgement.roots)
    except LienthongError as error:
        raise _list_refused(error, judgement) from error
    judgement.passed("trust list", source="RFC 7515", detail=f"version {trust_list.version}, under the given root")
    return trust


def _require_list_sealed_then(file: EvidenceFile, trust: TrustStore, judgement: _Judgement, *, at: datetime) -> None:
    limit = MAX_TRUST_LIST_BYTES
    try:
        open_seal(
            _list_of(file), typ=TRUST_LIST_TYPE, trust=trust, at=at, profile=Profile.TRUST_LIST, limit_bytes=limit
        )
    except SealInvalid as error:
        raise _list_refused(error, judgement) from error


def _list_of(file: EvidenceFile) -> str:
    return file.small.get(TRUST_LIST, b"").decode("ascii", "replace")


def _list_refused(error: LienthongError, judgement: _Judgement) -> _Ended:
    judgement.failed("trust list", error.detail, source="RFC 7515", sub=SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    return _Ended()


def _time(file: EvidenceFile, trust: TrustStore, judgement: _Judgement) -> datetime:
    """When everything in the file is proven to have existed."""
    token = file.small.get(TIME_STAMP)
    if token is None:
        detail = "No time stamp: the authority was away when the file was made. Ask for the file again."
        judgement.failed("time stamp", detail, source=_TIME, indication=_OPEN)
        raise _Ended
    digest = hashlib.sha256(file.small[TIME_MANIFEST]).digest()
    try:
        stamp = check_time_stamp(token, digest, trust=trust, at=judgement.now)
    except TimeStampInvalid as error:
        judgement.failed("time stamp", error.detail, source=_TIME, sub=error.sub_indication)
        raise _Ended from error
    if stamp.has_strangers:  # no digest covers this member: it may hold nothing that was not checked
        detail = "The token carries certificates or attributes that do not belong to it."
        judgement.failed("time stamp", detail, source=_TIME, sub=SubIndication.FORMAT_FAILURE)
        raise _Ended
    if stamp.certificate.revocation_unknown:
        detail = "No fresh revocation list for the time-stamping authority is in the file."
        judgement.failed("time stamp", detail, source=_TIME, indication=_OPEN, sub=SubIndication.TRY_LATER)
        raise _Ended
    judgement.passed("time stamp", source=_TIME, by=stamp.authority, at=stamp.gen_time)
    return stamp.gen_time


def _seal(file: EvidenceFile, trust: TrustStore, *, at: datetime, judgement: _Judgement) -> None:
    what = f"seal of {file.contents.made_by}"
    try:
        opened = open_detached(file.small[SEAL], file.small[SEAL_MANIFEST])
        checked = check_certificate(opened.signer, opened.others, trust=trust, at=at, profile=Profile.NODE_SEAL)
    except (CMSInvalid, CertificateRefused) as error:
        judgement.failed(what, error.detail, source=_SEAL, sub=error.sub_indication)
        return
    if checked.node != file.contents.made_by:
        judgement.failed(
            what, f"The seal is {checked.node}'s.", source=_SEAL, sub=SubIndication.SIG_CONSTRAINTS_FAILURE
        )
    elif checked.revocation_unknown:
        detail = "No fresh revocation list for the seal's certificate is in the file."
        judgement.failed(what, detail, source=_SEAL, indication=_OPEN, sub=SubIndication.TRY_LATER)
    else:
        judgement.passed(what, source=_SEAL, by=_subject(opened.signer), at=at)


def _certificates(
    file: EvidenceFile, judgement: _Judgement
) -> tuple[Sequence[x509.Certificate], Mapping[NodeId, Sequence[x509.Certificate]]]:
    try:
        certificates = certificates_in(file.small)
        return certificates, seals_in(certificates)
    except ValueError as error:
        judgement.failed("certificates", "The certificates cannot be read.", source="RFC 5280")
        raise _Ended from error


def _package(file: EvidenceFile, trust: TrustStore, *, at: datetime) -> Iterator[EvidenceCheck]:
    contents, media_type = file.contents, file.contents.package.media_type
    try:
        with file.package() as path:
            reading = read_package(path, media_type)
            report = validate_package(path, reading, media_type=media_type, trust=trust, at=at, sender=contents.sender)
    except LienthongError as error:
        yield EvidenceCheck(
            what="package",
            indication=Indication.TOTAL_FAILED,
            sub_indication=SubIndication.FORMAT_FAILURE,
            detail=error.detail,
            source=_SIGNATURES,
        )
        return
    if not report.signatures:
        detail = "The package itself is not signed; it is the one that the evidence names."
        yield EvidenceCheck(what="package", indication=Indication.TOTAL_PASSED, detail=detail, source=_CONTAINER)
    yield from map(_signature_check, _signatures(report.signatures))


def _signatures(reports: Sequence[SignatureReport]) -> Sequence[SignatureReport]:
    return sorted(reports, key=lambda one: one.where != "package")


def _signature_check(report: SignatureReport) -> EvidenceCheck:
    faults = [f"{one.name}: {one.detail or 'no'}" for one in report.checks if one.passed is False]
    left_out = [f"not signed: {', '.join(report.not_covered)}"] if report.not_covered else []
    return EvidenceCheck(
        what=f"{report.where}: {report.level or report.kind.value}",
        by=report.claimed_signer,
        indication=report.indication,
        sub_indication=report.sub_indication,
        detail="; ".join([*faults, *left_out]),
        proven_at=report.best_signature_time,
        source=_SIGNATURES,
    )


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
