"""What a submission is answered with; its bytes are made once and kept."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.resolve_recipients import Outcome, Recipient
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId
from lienthong.shared.signatures.report import Indication, PackageSignature, Report


class RecipientAnswer(BaseModel):
    """What happens for one addressee."""

    addressed_to: str
    code: AgencyCode | None
    name: str
    node: NodeId | None
    delivery_id: DeliveryId | None
    outcome: Outcome
    detail: str


class SignaturesAnswer(BaseModel):
    """The verdict about the package's signatures; ``indication`` null: there are none."""

    indication: Indication | None
    package: PackageSignature


class SubmissionAnswer(BaseModel):
    """The platform has taken the document over; ``receipt`` proves it (compact JWS of a SubmissionAcceptance)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c11",
                    "kind": "document",
                    "package": {"sha256": "0" * 64, "size": 65536, "media_type": "application/edxml+xml"},
                    "recipients": [
                        {
                            "addressed_to": "000.00.00.G22",
                            "code": "G22",
                            "name": "Văn phòng Chính phủ",
                            "node": "G22",
                            "delivery_id": "019b2f70-5f6e-7c30-8f5a-3a2f6d1f0c12",
                            "outcome": "accepted",
                            "detail": "",
                        }
                    ],
                    "signatures": {"indication": "TOTAL-PASSED", "package": "valid"},
                    "warnings": [],
                    "receipt": "eyJhbGciOiJFUzI1NiIs…",
                }
            ]
        }
    )

    id: DocumentId
    kind: DocumentKind
    package: PackageReference
    recipients: tuple[RecipientAnswer, ...]
    signatures: SignaturesAnswer
    warnings: tuple[str, ...]
    receipt: str


def answer(
    document: DocumentRecord,
    recipients: Sequence[Recipient],
    *,
    report: Report,
    warnings: Sequence[str],
    receipt: str,
) -> SubmissionAnswer:
    """The answer to the submission of ``document``."""
    return SubmissionAnswer(
        id=document.id,
        kind=document.kind,
        package=document.package,
        recipients=tuple(
            RecipientAnswer(
                addressed_to=one.addressed_to,
                code=one.code,
                name=one.name,
                node=one.node,
                delivery_id=one.delivery,
                outcome=one.outcome,
                detail=one.detail,
            )
            for one in recipients
        ),
        signatures=SignaturesAnswer(indication=report.indication, package=report.package),
        warnings=tuple(warnings),
        receipt=receipt,
    )
