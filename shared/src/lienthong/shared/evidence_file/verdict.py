"""What checking an evidence file found."""

from datetime import datetime

from lienthong.shared.contracts import Contract
from lienthong.shared.evidence_file.contents import Contents
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.report import Indication, SubIndication


class EvidenceCheck(Contract):
    """One thing that was checked. ``by`` is who signed it, to be believed only with TOTAL-PASSED.

    ``proven_at``: the moment at which the thing is proven to have existed; ``source``: clause of the rule.
    """

    what: str
    by: str = ""
    indication: Indication
    sub_indication: SubIndication | None = None
    detail: str = ""
    proven_at: datetime | None = None
    source: str


class RecipientProof(Contract):
    """What the evidence proves about one recipient: the last event, who states it, and when."""

    addressed_to: str
    agency: AgencyCode | None
    event: str
    by: str
    time: datetime


class EvidenceVerdict(Contract):
    """All that was found. ``contents`` is None when the file does not open."""

    contents: Contents | None
    checks: tuple[EvidenceCheck, ...]
    recipients: tuple[RecipientProof, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every check is TOTAL-PASSED."""
        return bool(self.checks) and all(one.indication is Indication.TOTAL_PASSED for one in self.checks)
