"""Offline judgement of a package, a signed PDF, a receipt or an evidence file: file, roots and time in, verdict out."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from lienthong.sdk.composing import media_type_of
from lienthong.sdk.errors import FileUnreadable
from lienthong.shared.contracts import Contract
from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Evidence
from lienthong.shared.edxml.media_types import ASICE, CADES, EDXML, PDF
from lienthong.shared.evidence_file.checking import check_evidence_file
from lienthong.shared.evidence_file.contents import Contents
from lienthong.shared.evidence_file.verdict import EvidenceCheck, RecipientProof
from lienthong.shared.signatures.cades import ContentDigest, digest_of_file
from lienthong.shared.signatures.file_validation import validate_file
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import Indication, PackageSignature, Report, SignatureReport
from lienthong.shared.signatures.seals import MAX_SEAL_BYTES, OpenedSeal, SealInvalid, open_seal
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.trust_list import open_trust_list

_JWS = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_KINDS = {EDXML: "package", ASICE: "package", PDF: "pdf", CADES: "cms"}
_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:\\.|[^,\\])+)")


class Judged(Contract):
    """One thing that was looked at: a signature or a seal."""

    what: str
    signer: str
    """A node, or the certificate's subject (RFC 4514): to be believed only with TOTAL-PASSED."""
    indication: Indication
    detail: str = ""
    proven_at: datetime | None = None
    """When it is proven to have existed; only an evidence file knows."""

    @property
    def signer_name(self) -> str:
        """The common name in the subject; the whole where there is none."""
        found = _COMMON_NAME.search(self.signer)
        return found.group(1).replace("\\", "") if found else self.signer


class Verdict(Contract):
    """All that was found about one file. It passes when there is something signed and all of it is TOTAL-PASSED."""

    file: Path
    kind: str
    """``package``, ``pdf``, ``cms``, ``receipt`` or ``evidence``; ``unknown`` for a file that is none of them."""
    judged: tuple[Judged, ...]
    report: Report | None = None
    """All about the signatures of a package, PDF or CMS signature."""
    evidence: Evidence | None = None
    """What a receipt states."""
    contents: Contents | None = None
    """What an evidence file is about."""
    recipients: tuple[RecipientProof, ...] = ()
    """What an evidence file proves about each recipient."""

    @property
    def passed(self) -> bool:
        """Whether there is something to trust and all of it holds."""
        return bool(self.judged) and all(one.indication is Indication.TOTAL_PASSED for one in self.judged)


_UNSIGNED_AROUND_SIGNED = Judged(
    what="package",
    signer="",
    indication=Indication.INDETERMINATE,
    detail="Only attachments are signed: nothing shows who wrote the rest, or that it belongs together.",
)


class _Trusted(NamedTuple):
    trust: TrustStore
    at: datetime


def load_trust(root: Path, trust_list: Path | None, *, now: datetime) -> TrustStore:
    """Trust from a root certificate (PEM) and a published trust list, whose seal must hold ``now``.

    Without the list, revocation is not known: nothing is better than INDETERMINATE.

    Raises:
        FileUnreadable: A file cannot be read.
        SealInvalid, TrustListInvalid: The trust list is not sealed for one, or not under this root.
        TrustMaterialInvalid: A certificate in it cannot be read.
    """
    try:
        roots, jws = root.read_bytes(), trust_list.read_text("ascii", "replace").strip() if trust_list else None
    except OSError as error:
        raise FileUnreadable(f"The file {error.filename} cannot be read.") from error
    opened = open_trust_list(jws, roots=roots, now=now, held_version=None) if jws is not None else None
    return TrustStore.from_list(opened, roots=roots)


def verify_file(file: Path, *, trust: TrustStore, at: datetime) -> Verdict:
    """What can be said about a file at the moment ``at``. Blocks: call it in a thread.

    Raises:
        FileUnreadable: It is of no kind that can be judged, or cannot be opened.
    """
    receipt = _receipt_in(file)
    if receipt is not None:
        return _verify_receipt(file, receipt, _Trusted(trust, at))
    media_type = media_type_of(file)
    report = validate_file(file, media_type=media_type, trust=trust, at=at, content=_signed_content(file))
    judged = tuple(map(_judged, report.signatures))
    if report.document_type and judged and report.package is PackageSignature.ABSENT:
        judged = (_UNSIGNED_AROUND_SIGNED, *judged)  # a signed PDF fits into anybody's envelope
    return Verdict(file=file, kind=_KINDS[media_type], judged=judged, report=report)


def _signed_content(file: Path) -> ContentDigest | None:
    """What ``letter.pdf.p7s`` is over: ``letter.pdf``, if it stands beside it."""
    content = file.with_suffix("")
    return digest_of_file(content) if file.suffix.lower() in {".p7s", ".p7m"} and content.is_file() else None


def verify_evidence(file: Path, *, roots: bytes, at: datetime) -> Verdict:
    """What an evidence file proves to somebody who asks at ``at``. Blocks: call it in a thread.

    ``roots``: the trust anchor, PEM; everything else is in the file.
    """
    verdict = check_evidence_file(file, roots=roots, now=at)
    return Verdict(
        file=file,
        kind="evidence",
        judged=tuple(map(_judged_evidence, verdict.checks)),
        contents=verdict.contents,
        recipients=verdict.recipients,
    )


def _judged_evidence(check: EvidenceCheck) -> Judged:
    sub = [check.sub_indication.value] if check.sub_indication else []
    return Judged(
        what=check.what,
        signer=check.by,
        indication=check.indication,
        detail="; ".join([*sub, *([check.detail] if check.detail else [])]),
        proven_at=check.proven_at,
    )


def _verify_receipt(file: Path, jws: str, trusted: _Trusted) -> Verdict:
    try:
        opened = open_seal(jws, typ=EVIDENCE_TYPE, trust=trusted.trust, at=trusted.at, profile=Profile.NODE_SEAL)
        evidence = Evidence.model_validate_json(opened.payload)
    except SealInvalid as error:
        failed = Judged(what="seal", signer="", indication=Indication.TOTAL_FAILED, detail=error.detail)
        return Verdict(file=file, kind="receipt", judged=(failed,))
    except ValidationError:
        failed = Judged(what="seal", signer="", indication=Indication.TOTAL_FAILED, detail="It states no evidence.")
        return Verdict(file=file, kind="receipt", judged=(failed,))
    return Verdict(file=file, kind="receipt", judged=(_judged_seal(opened, evidence),), evidence=evidence)


def _judged_seal(opened: OpenedSeal, evidence: Evidence) -> Judged:
    indication, detail = Indication.TOTAL_PASSED, f"{evidence.event.value} at {evidence.time.isoformat()}"
    if opened.subject.node != evidence.issuer:
        indication, detail = Indication.TOTAL_FAILED, f"The statement is {evidence.issuer}'s, the seal another's."
    elif opened.certificate.revocation_unknown:
        indication, detail = Indication.INDETERMINATE, "Revocation is not known: give a fresh --trust-list."
    signer = f"node {opened.subject.node}"
    return Judged(what="seal", signer=signer, indication=indication, detail=detail)


def _judged(report: SignatureReport) -> Judged:
    faults = [f"{check.name}: {check.detail or 'no'}" for check in report.checks if check.passed is not True]
    sub = [report.sub_indication.value] if report.sub_indication else []
    return Judged(
        what=f"{report.where} ({report.kind.value})",
        signer=report.claimed_signer,
        indication=report.indication,
        detail="; ".join([*sub, *faults]),
    )


def _receipt_in(file: Path) -> str | None:
    """The JWS in the file: alone, or as ``receipt`` of an answer kept as JSON; None when there is none."""
    try:
        if file.stat().st_size > MAX_SEAL_BYTES:
            return None
        text = file.read_bytes().decode("ascii", "replace").strip()
    except OSError as error:
        raise FileUnreadable(f"The file {file} cannot be read.") from error
    if text.startswith("{"):
        try:
            text = str(json.loads(text).get("receipt", ""))
        except ValueError:
            return None
    return text if _JWS.fullmatch(text) else None
