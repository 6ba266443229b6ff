"""Judges one piece of evidence: who stated it, about what, and that nobody can have added or changed it since."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from lienthong.shared.contracts.evidence import EVIDENCE_TYPE, Event, Evidence
from lienthong.shared.contracts.log import InclusionAnswer
from lienthong.shared.evidence_file.contents import Contents, ProvenEvidence
from lienthong.shared.evidence_file.log_checks import Material, Refused, missing
from lienthong.shared.evidence_file.verdict import EvidenceCheck
from lienthong.shared.merkle import ProofInvalid, leaf_hash, verify_inclusion
from lienthong.shared.signatures.checkpoints import Checkpoint
from lienthong.shared.signatures.profiles import Profile
from lienthong.shared.signatures.report import Indication, SubIndication
from lienthong.shared.signatures.seals import SealInvalid, open_seal

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of a node and of the time-stamping authority may differ."""
_SOURCE: Final = "ETSI EN 319 522-3; RFC 9162 section 2.1.3; c2sp.org/tlog-checkpoint; c2sp.org/tlog-cosignature"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEvidence:
    """One piece after its check. ``claims`` is None unless every step holds; ``proven_at`` is its log's time stamp."""

    check: EvidenceCheck
    claims: Evidence | None = None
    proven_at: datetime

    @property
    def is_acceptance(self) -> bool:
        """Whether it says that a node took the document over from its sender."""
        return self.claims is not None and self.claims.event is Event.SUBMISSION_ACCEPTANCE


def check_evidence(named: ProvenEvidence, material: Material) -> CheckedEvidence:
    """One piece, judged; the first step that does not hold ends it.

    1. Its node's log is signed, time-stamped and witnessed (:func:`log_checks.check_log`).
    2. The piece is sealed by that node, whose certificate was good at the stamped time, and is about this document as
       the contents say.
    3. It states a time before that: nobody added it later and dated it back.
    4. The piece is in the log.
    """
    proven_at = material.at
    try:
        log = material.log(named)  # 1
        proven_at = log.stamped_at
        claims, jws = _sealed(named, material, at=proven_at)  # 2, 3
        index = _require_included(jws, log.checkpoint, named, material)  # 4
    except Refused as refused:
        check = _check(named, refused.indication, detail=refused.detail, sub_indication=refused.sub_indication)
        return CheckedEvidence(check=check, proven_at=proven_at)
    detail = f"entry {index + 1} of {log.checkpoint.size} in its log, witnessed by {', '.join(log.witnesses)}"
    check = _check(named, Indication.TOTAL_PASSED, detail=detail, proven_at=proven_at)
    return CheckedEvidence(check=check, claims=claims, proven_at=proven_at)


def _check(
    named: ProvenEvidence,
    indication: Indication,
    *,
    detail: str,
    sub_indication: SubIndication | None = None,
    proven_at: datetime | None = None,
) -> EvidenceCheck:
    return EvidenceCheck(
        what=f"{named.event.value} of {named.time.isoformat(sep=' ', timespec='seconds')}",
        by=f"node {named.node}",
        indication=indication,
        sub_indication=sub_indication,
        detail=detail,
        proven_at=proven_at,
        source=_SOURCE,
    )


def _sealed(named: ProvenEvidence, material: Material, *, at: datetime) -> tuple[Evidence, str]:
    jws = material.member(named.member).decode("ascii", "replace")
    try:
        opened = open_seal(jws, typ=EVIDENCE_TYPE, trust=material.trust, at=at, profile=Profile.NODE_SEAL)
        claims = Evidence.model_validate_json(opened.payload)
    except SealInvalid as error:
        raise Refused(error.detail, SubIndication.SIG_CRYPTO_FAILURE) from error
    except ValidationError as error:
        raise Refused("The sealed statement is no evidence.", SubIndication.FORMAT_FAILURE) from error
    if opened.subject.node != claims.issuer or _facts(claims) != _named_facts(named, material.contents):
        detail = "The statement is another node's, or about something else than the contents say."
        raise Refused(detail, SubIndication.SIG_CONSTRAINTS_FAILURE)
    if claims.time > at + CLOCK_TOLERANCE:
        raise Refused("It states a time after it was in the log.", SubIndication.SIG_CONSTRAINTS_FAILURE)
    if opened.certificate.revocation_unknown:
        raise missing("No fresh revocation list for the node's certificate is in the file.")
    return claims, jws


def _facts(claims: Evidence) -> tuple[object, ...]:
    return (
        claims.id,
        claims.issuer,
        claims.event,
        claims.time,
        claims.document,
        claims.package,
        claims.sender,
        claims.sender_document_id,
    )


def _named_facts(named: ProvenEvidence, contents: Contents) -> tuple[object, ...]:
    return (
        named.id,
        named.node,
        named.event,
        named.time,
        contents.document,
        contents.package,
        contents.sender,
        contents.sender_document_id,
    )


def _require_included(jws: str, checkpoint: Checkpoint, named: ProvenEvidence, material: Material) -> int:
    try:
        place = InclusionAnswer.model_validate_json(material.member(named.proof, gap=named.missing))
        proof = [bytes.fromhex(one) for one in place.proof]
        leaf = leaf_hash(jws.encode("ascii"))
        verify_inclusion(leaf, index=place.index, size=checkpoint.size, proof=proof, root=checkpoint.root)
    except (ValidationError, ProofInvalid) as error:
        raise Refused("The proof does not lead to the log's root.", SubIndication.HASH_FAILURE) from error
    return place.index
