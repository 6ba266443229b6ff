"""Judges the OCSP answers of an evidence file: a second opinion beside the revocation lists."""

from collections.abc import Iterator, Mapping, Sequence

from cryptography import x509

from lienthong.shared.evidence_file.contents import OCSP_FOLDER
from lienthong.shared.evidence_file.verdict import EvidenceCheck
from lienthong.shared.signatures.ocsp_answers import CertificateState, OCSPInvalid, read_ocsp_answer
from lienthong.shared.signatures.report import Indication, SubIndication
from lienthong.shared.signatures.trust import TrustStore

_SOURCE = "RFC 6960 section 3.2"


def check_ocsp(
    members: Mapping[str, bytes], certificates: Sequence[x509.Certificate], trust: TrustStore
) -> tuple[tuple[EvidenceCheck, ...], TrustStore]:
    """One check over all answers, none where there are none; and trust that knows whom they revoke.

    1. Each is about a certificate that is in the file, of an authority of the trust list.
    2. It is signed by that authority, or by whom it entrusted with answers.

    An answer that revokes counts for every check that comes after, like a list. The others only confirm.
    """
    revoking: list[bytes] = []
    count = 0
    try:
        for name, answer, leaf, issuer in _answers(members, certificates, trust):
            if leaf is None or issuer is None:  # 1
                return (_failed(f"{name} is about a certificate that is not in the file.", None),), trust
            count += 1
            if read_ocsp_answer(answer, leaf, issuer).state is CertificateState.REVOKED:  # 2
                revoking.append(answer)
    except OCSPInvalid as error:
        return (_failed(error.detail, error.sub_indication),), trust
    if not count:
        return (), trust
    detail = f"{count} answers, each signed for its certificate; {len(revoking)} of them revoke"
    passed = EvidenceCheck(what="OCSP answers", indication=Indication.TOTAL_PASSED, detail=detail, source=_SOURCE)
    return (passed,), trust.with_further(ocsp=revoking) if revoking else trust


def _answers(
    members: Mapping[str, bytes], certificates: Sequence[x509.Certificate], trust: TrustStore
) -> Iterator[tuple[str, bytes, x509.Certificate | None, x509.Certificate | None]]:
    leaves = {f"{OCSP_FOLDER}{one.serial_number:x}.der": one for one in certificates}
    issuers = {one.subject: one for one in trust.intermediates}
    for name in sorted(one for one in members if one.startswith(OCSP_FOLDER)):
        leaf = leaves.get(name)
        yield name, members[name], leaf, issuers.get(leaf.issuer) if leaf else None


def _failed(detail: str, sub_indication: SubIndication | None) -> EvidenceCheck:
    return EvidenceCheck(
        what="OCSP answers",
        indication=Indication.TOTAL_FAILED,
        sub_indication=sub_indication,
        detail=detail,
        source=_SOURCE,
    )
