"""The JSON of enrolments."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.api.shapes import CSR_EXAMPLE, SERIAL_EXAMPLE, RemoteTermsShape, Shape, SubjectShape
from lienthong.signing.domain.enrolment import Enrolment, EnrolmentId, EnrolmentKind, EnrolmentState
from lienthong.signing.domain.records import Serial
from lienthong.signing.domain.requests import MAX_CSR_CHARACTERS
from lienthong.signing.usecases.request_enrolment import EnrolmentOrder

MAX_REASON_CHARACTERS = 500
_ID_EXAMPLE = "01900000-0000-7000-8000-000000000000"


class EnrolmentRequest(Shape):
    """A request for a certificate: for the key of a CSR, or with a key that is kept here."""

    profile: Profile = Field(examples=["agency-seal"])
    subject: SubjectShape
    csr: str | None = Field(None, max_length=MAX_CSR_CHARACTERS, description="PKCS#10, PEM", examples=[CSR_EXAMPLE])
    remote_key: RemoteTermsShape | None = Field(None, description="Instead of 'csr'")

    def order(self) -> EnrolmentOrder:
        """As the use case takes it."""
        return EnrolmentOrder(
            profile=self.profile,
            subject=self.subject.subject(),
            csr=self.csr,
            remote=self.remote_key.terms() if self.remote_key else None,
        )


class DecisionRequest(Shape):
    """Why it is decided so."""

    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_CHARACTERS, examples=["Công văn 12/UBND-VP"])]


class DecisionShape(Shape):
    """What was decided."""

    decided_by: str = Field(description="Subject of the decider's token", examples=["operator.b"])
    decided_at: datetime
    reason: str


class EnrolmentShape(Shape):
    """One enrolment and what became of it."""

    id: EnrolmentId = Field(examples=[_ID_EXAMPLE])
    kind: EnrolmentKind
    state: EnrolmentState
    profile: Profile | None
    subject: SubjectShape | None = Field(description="None for a batch")
    csr: str | None
    remote_key: RemoteTermsShape | None
    digest: str | None = Field(description="Of a batch: SHA-256, hexadecimal")
    certificates: int = Field(description="How many are asked for")
    requested_by: str = Field(description="Subject of the asker's token", examples=["operator.a"])
    requested_at: datetime
    expires_at: datetime
    decision: DecisionShape | None
    serial: Serial | None = Field(description="The certificate that came of it", examples=[SERIAL_EXAMPLE])

    @classmethod
    def of(cls, enrolment: Enrolment, *, now: datetime) -> "EnrolmentShape":
        """From the domain's."""
        decision, kind = enrolment.decision, enrolment.kind
        return cls(
            id=enrolment.id,
            kind=kind,
            state=enrolment.state(now),
            profile=enrolment.profile,
            subject=None if kind is EnrolmentKind.BATCH else SubjectShape.of(enrolment.subject),
            csr=enrolment.csr or None,
            remote_key=RemoteTermsShape.of(enrolment.remote) if kind is EnrolmentKind.REMOTE_KEY else None,
            digest=enrolment.digest,
            certificates=enrolment.certificates,
            requested_by=enrolment.requested_by,
            requested_at=enrolment.requested_at,
            expires_at=enrolment.expires_at,
            decision=DecisionShape(decided_by=decision.by, decided_at=decision.at, reason=decision.reason)
            if decision
            else None,
            serial=enrolment.serial,
        )


class EnrolmentPage(Shape):
    """One page of enrolments in the order of asking."""

    items: list[EnrolmentShape]
    next: str | None = Field(description="'cursor' of the next page")
