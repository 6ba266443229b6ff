"""What an edXML package says, as values. Source: QCVN 102:2016/BTTTT, amended by SĐ1:2022.

Strict on send is the writer's work; these shapes are lenient, since real packages lack many members. Dates are kept
as the text that the package has (``yyyy/MM/dd``): an official sample holds 30 February.
"""

from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict, Field

from lienthong.shared.identifiers import Sha256


class BusinessType(IntEnum):
    """``BussinessDocType``."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class BusinessStatus(StrEnum):
    """``StatusCode``."""

    ARRIVED = "01"
    REFUSED = "02"
    RECEIVED = "03"
    ASSIGNED = "04"
    IN_PROGRESS = "05"
    COMPLETED = "06"
    RECALL_ASKED = "13"
    RECALL_AGREED = "15"
    RECALL_REFUSED = "16"


class Part(BaseModel):
    """A part of a header."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Organ(Part):
    """``From`` or ``To``."""

    organ_id: str
    organization_in_charge: str = ""
    organ_name: str = ""
    organ_add: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


class Code(Part):
    """``Code``: number and symbol, ``7816/VPCP-TTĐT``."""

    code_number: str = ""
    code_notation: str = ""


class PromulgationInfo(Part):
    """``PromulgationInfo``."""

    place: str = ""
    promulgation_date: str = ""


class DocumentType(Part):
    """``DocumentType``. The number is used loosely: show ``type_name``, never reject on ``type``."""

    type: int | None = None
    type_detail: int | None = None
    type_name: str = ""


class SignerInfo(Part):
    """``SignerInfo``."""

    competence: str = ""
    position: str = ""
    full_name: str = ""


class OtherInfo(Part):
    """``OtherInfo``."""

    priority: int = 0
    sphere_of_promulgation: str = ""
    typer_notation: str = ""
    promulgation_amount: int | None = None
    page_amount: int | None = None
    reply_fors: tuple[str, ...] = ()
    direction: bool | None = None
    reference_codes: str = ""
    appendixes: tuple[str, ...] = ()


class ResponseFor(Part):
    """``ResponseFor``: the document that this one answers; in a status, the document that it speaks of."""

    organ_id: str = ""
    code: str = ""
    document_id: str = ""
    promulgation_date: str = ""


class TraceHeader(Part):
    """``TraceHeader``. The national axis appends its own, once without an ``OrganId``."""

    organ_id: str = ""
    timestamp: str = ""


class StaffInfo(Part):
    """``StaffInfo``."""

    department: str = ""
    staff: str = ""
    email: str = ""
    mobile: str = ""


class Receiver(Part):
    """``Receiver`` of an update: ``receiver_type`` 0 removed, 1 added."""

    organ_id: str = ""
    receiver_type: int | None = None


class BusinessDocumentInfo(Part):
    """``BussinessDocumentInfo``: what an update changes."""

    document_info: int | None = None
    document_receiver: int | None = None
    receivers: tuple[Receiver, ...] = ()


class ReplacementInfo(Part):
    """``ReplacementInfo``: a document that this one replaces, for whom. May repeat itself."""

    document_id: str = ""
    organ_ids: tuple[str, ...] = ()


class Business(Part):
    """``Bussiness`` (the standard's spelling)."""

    business_type: BusinessType = BusinessType.NEW
    reason: str = ""
    document_id: str = ""
    paper: int | None = None
    document_infos: tuple[BusinessDocumentInfo, ...] = ()
    replacement_infos: tuple[ReplacementInfo, ...] = ()
    staff_infos: tuple[StaffInfo, ...] = ()


class DocumentHeader(Part):
    """Everything that the header of a document says."""

    from_: Organ = Field(validation_alias="from", serialization_alias="from")
    to: tuple[Organ, ...]
    document_id: str
    code: Code = Code()
    promulgation_info: PromulgationInfo = PromulgationInfo()
    document_type: DocumentType = DocumentType()
    subject: str = ""
    content: str = ""
    signer_info: SignerInfo | None = None
    due_date: str = ""
    other_info: OtherInfo | None = None
    response_for: tuple[ResponseFor, ...] = ()
    steering_type: int | None = None
    response_for_task: tuple[str, ...] = ()
    application_type: str = ""
    to_places: tuple[str, ...] = ()
    trace: tuple[TraceHeader, ...] = ()
    business: Business = Business()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class StatusHeader(Part):
    """Everything that a status message says. Its addressee is ``response_for.organ_id``."""

    from_: Organ = Field(validation_alias="from", serialization_alias="from")
    response_for: ResponseFor
    staff_info: StaffInfo | None = None
    status_code: BusinessStatus
    description: str = ""
    timestamp: str = ""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Reference(Part):
    """``Reference`` of the manifest, as the package has it."""

    content_id: str = ""
    content_type: str = ""
    description: str = ""
    attachment_name: str = ""


class Encoding(StrEnum):
    """How the attachment's file stands in the package, between ``offset`` and ``offset + encoded_size``."""

    BASE64 = "base64"
    BASE64_ZIP = "base64+zip"
    """A ZIP with one entry, which is the file."""
    STORED = "stored"
    """Plain bytes: a stored entry of an ASiC-E container."""
    DEFLATED = "deflated"
    """A deflated entry of an ASiC-E container."""


class AttachmentIndex(Part):
    """Where one attachment stands in the package and what it is, by its bytes and not by its label."""

    n: int = Field(description="1 is the first, in the order of the package")
    content_id: str = ""
    name: str
    description: str = ""
    declared_content_type: str = ""
    content_type: str = Field(description="Sniffed from the bytes")
    size: int = Field(description="Bytes of the file, decoded and unwrapped")
    sha256: Sha256 = Field(description="Of the file, decoded and unwrapped")
    encoding: Encoding
    offset: int = Field(description="Bytes from the start of the package")
    encoded_size: int


class PackageContent(Part):
    """What one package holds, read in one pass."""

    header: DocumentHeader | StatusHeader
    references: tuple[Reference, ...] = ()
    attachments: tuple[AttachmentIndex, ...] = ()
    unknown_elements: tuple[str, ...] = Field(
        default=(), description="Paths of elements that the standard does not name"
    )
    warnings: tuple[str, ...] = Field(default=(), description="Stable codes of what was read leniently")

    @property
    def is_status(self) -> bool:
        """Whether the package is a status message."""
        return isinstance(self.header, StatusHeader)
