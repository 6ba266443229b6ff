"""The JSON of the signing service."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Literal

from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field

from lienthong.shared.identifiers import MAX_CODE_LENGTH, AgencyCode, NodeId
from lienthong.shared.signatures.keys import SignatureAlgorithm
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.enrolment import MAX_SIGNERS
from lienthong.signing.domain.records import (
    AGENCY_ITSELF,
    AuthorityName,
    CertificateRecord,
    RemoteTerms,
    RevocationReason,
    Serial,
)
from lienthong.signing.domain.renewal import MAX_RENEWAL_CHARACTERS
from lienthong.signing.domain.requests import MAX_CSR_CHARACTERS
from lienthong.signing.domain.subjects import Subject
from lienthong.signing.usecases.create_remote_key import RemoteKeyMade
from lienthong.signing.usecases.sign import RawSignature

MAX_NAME_CHARACTERS = 300
CODE_PATTERN = r"^[0-9A-Za-z._-]+$"
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE_LENGTH, pattern=CODE_PATTERN, examples=["H28.31.05"])]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS, examples=["Ủy ban nhân dân xã Hang Kia"])]
CSR_EXAMPLE = "-----BEGIN CERTIFICATE REQUEST-----\nMIH…\n-----END CERTIFICATE REQUEST-----\n"
_PEM_EXAMPLE = "-----BEGIN CERTIFICATE-----\nMIIC…\n-----END CERTIFICATE-----\n"
SERIAL_EXAMPLE = "44c0b48bd6a03a6fc94ffdf99d5ccda0016c24b4"


Signers = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[0-9A-Za-z._:@-]+$")], ...],
    Field(
        max_length=MAX_SIGNERS,
        description="Subjects (client ids) of the agency's tokens that may sign; none: any of the agency's",
        examples=[["e-office.H28.31.05"]],
    ),
]


class Shape(BaseModel):
    """A body; unknown members are refused, so that a misspelt one is not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SubjectShape(Shape):
    """Whom a certificate is for."""

    name: Name = Field(description="The agency's or node's name; an officer's own name")
    organisation: str = Field("", max_length=MAX_NAME_CHARACTERS, description="An officer's agency, by name")
    agency: Code | None = Field(None, description="For agency seals and officers")
    node: Code | None = Field(None, description="For node seals", examples=["H28.31"])

    def subject(self) -> Subject:
        """As the domain has it."""
        return Subject(
            name=self.name,
            organisation=self.organisation,
            agency=AgencyCode(self.agency) if self.agency else None,
            node=NodeId(self.node) if self.node else None,
        )

    @classmethod
    def of(cls, subject: Subject) -> "SubjectShape":
        """From the domain's."""
        return cls(name=subject.name, organisation=subject.organisation, agency=subject.agency, node=subject.node)


class CertificateRequest(Shape):
    """A request for a certificate. Of the CSR only the public key is taken."""

    csr: str = Field(max_length=MAX_CSR_CHARACTERS, description="PKCS#10, PEM", examples=[CSR_EXAMPLE])
    profile: Profile = Field(examples=["agency-seal"])
    subject: SubjectShape


class RenewalOrder(Shape):
    """A wish for the next certificate, signed with the key of the one before."""

    request: str = Field(
        max_length=MAX_RENEWAL_CHARACTERS,
        description="Compact JWS (ES256; RS256 or PS256 with an RSA key) of the type 'lienthong-renewal+jws' over"
        " {'serial': the certificate before, 'csr': PKCS#10 in PEM}",
        examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6Imxp….eyJzZXJpYWwiOi….MEUCIQ…"],
    )


class RevocationRequest(Shape):
    """A decision to revoke."""

    reason: RevocationReason = Field(examples=["keyCompromise"])
    effective_at: AwareDatetime | None = Field(
        None, description="Not to be trusted from then on; now if left out", examples=["2026-03-02T08:00:00Z"]
    )


class RevocationShape(Shape):
    """A revocation as it was decided."""

    reason: RevocationReason
    decided_at: datetime = Field(description="revocationDate of the CRL")
    effective_at: datetime = Field(description="invalidityDate of the CRL")


class CertificateShape(Shape):
    """One certificate and what became of it."""

    serial: Serial = Field(examples=[SERIAL_EXAMPLE])
    issuer: AuthorityName = Field(examples=["issuing-1"])
    profile: Profile
    subject: str = Field(description="RFC 4514", examples=["CN=Ủy ban nhân dân xã Hang Kia,C=VN"])
    agency: str | None
    node: str | None
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    renews: Serial | None = Field(description="The certificate before, if it is a renewal")
    revocation: RevocationShape | None
    certificate: str = Field(description="PEM", examples=[_PEM_EXAMPLE])

    @classmethod
    def of(cls, record: CertificateRecord) -> "CertificateShape":
        """From the record."""
        gone = record.revocation
        return cls(
            serial=record.serial,
            issuer=record.issuer,
            profile=record.profile,
            subject=record.subject,
            agency=record.agency,
            node=record.node,
            not_before=record.not_before,
            not_after=record.not_after,
            issued_at=record.issued_at,
            renews=record.renews,
            revocation=RevocationShape(reason=gone.reason, decided_at=gone.decided_at, effective_at=gone.effective_at)
            if gone
            else None,
            certificate=record.pem,
        )


class CertificatePage(Shape):
    """One page of certificates in the order of issue."""

    items: list[CertificateShape]
    next: str | None = Field(description="'cursor' of the next page")


class RemoteTermsShape(Shape):
    """A key that is made here and stays here, and who may sign with it."""

    officer: Code | None = Field(None, description="The officer within the agency; none: the agency's seal")
    node: Code | None = Field(None, description="The node that may ask for the seal's signatures", examples=["H28.31"])
    signers: Signers = ()

    def terms(self) -> RemoteTerms:
        """As the domain has it."""
        return RemoteTerms(
            officer=self.officer or AGENCY_ITSELF,
            node=NodeId(self.node) if self.node else None,
            signers=tuple(self.signers),
        )

    @classmethod
    def of(cls, terms: RemoteTerms) -> "RemoteTermsShape":
        """From the domain's."""
        return cls(officer=terms.officer or None, node=terms.node, signers=terms.signers)


class RemoteKeyRequest(RemoteTermsShape):
    """A request for a key that this service keeps for an agency or its officer, or new terms for it."""

    agency: Code
    name: Name = Field(description="The agency's or officer's name, for the certificate")
    organisation: str = Field("", max_length=MAX_NAME_CHARACTERS, description="An officer's agency, by name")

    def subject(self) -> Subject:
        """Whom the certificate is for."""
        organisation = self.organisation if self.officer else self.name
        return Subject(name=self.name, organisation=organisation, agency=AgencyCode(self.agency))


class RemoteKeyShape(Shape):
    """An agency's remote key: what may be known of it."""

    agency: str
    officer: str | None
    node: str | None
    signers: Signers
    created_at: datetime
    certificate: CertificateShape

    @classmethod
    def of(cls, made: RemoteKeyMade) -> "RemoteKeyShape":
        """From what the use case made."""
        return cls(
            agency=made.key.agency,
            officer=made.key.terms.officer or None,
            node=made.key.terms.node,
            signers=made.key.terms.signers,
            created_at=made.key.created_at,
            certificate=CertificateShape.of(made.record),
        )


class SignatureRequest(Shape):
    """Bytes to be signed as they are."""

    agency: Code
    officer: Code | None = Field(None, description="Whose key it is within the agency; none: the agency's seal")
    format: Literal["raw"] = "raw"
    data: Base64Bytes = Field(description="1 to 65,536 bytes in base64, such as a SignedInfo", examples=["PGRzOl…"])


class SignatureShape(Shape):
    """A signature and the certificates to check it with."""

    signature: str = Field(description="Base64; DER for ECDSA, PKCS#1 v1.5 for RSA", examples=["MEUCIQ…"])
    algorithm: SignatureAlgorithm
    certificates: list[str] = Field(description="PEM, leaf first; the root is left out", examples=[[_PEM_EXAMPLE]])

    @classmethod
    def of(cls, signature: RawSignature) -> "SignatureShape":
        """From what the use case made."""
        return cls(
            signature=b64encode(signature.value).decode(),
            algorithm=signature.algorithm,
            certificates=[one.public_bytes(Encoding.PEM).decode() for one in signature.certificates],
        )
