"""Every sample package is read as what it is."""

import base64
import hashlib
from pathlib import Path

import pytest

from lienthong.shared.edxml.media_types import EDXML, PDF
from lienthong.shared.edxml.model import (
    Business,
    BusinessDocumentInfo,
    BusinessStatus,
    BusinessType,
    Code,
    DocumentHeader,
    DocumentType,
    Encoding,
    Organ,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    Reference,
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    TraceHeader,
)
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reading import QCVN, PackageReading

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"
READABLE = sorted(path for path in SAMPLES.rglob("*.edxml") if path.parent.name != "broken")
STAFF = StaffInfo(department="Văn thư", staff="Cán Bộ Thử", email="canbo@h28.example", mobile="0900000000")
EARLIER = "000.00.00.H28,2024/08/30,181/KH-UBND"


def read(name: str) -> PackageReading:
    return read_package(SAMPLES / name, EDXML)


def document(name: str) -> DocumentHeader:
    header = read(name).content.header
    assert isinstance(header, DocumentHeader)
    return header


def organ(code: str, name: str) -> Organ:
    host = f"{code.lower()}.example"
    return Organ(
        organ_id=code,
        organization_in_charge=name,
        organ_name=name,
        organ_add="Số 1, đường Thử Nghiệm",
        email=f"vanthu@{host}",
        telephone="02180000000",
        fax="02180000001",
        website=host,
    )


PROVINCE = organ("000.00.00.H28", "UBND tỉnh Hòa Bình")
DISTRICT = organ("000.00.31.H28", "UBND huyện Mai Châu")
COMMUNE = organ("000.05.31.H28", "UBND xã Hang Kia")
NEW = DocumentHeader(
    from_=PROVINCE,
    to=(DISTRICT, COMMUNE),
    document_id=EARLIER,
    code=Code(code_number="181", code_notation="KH-UBND"),
    promulgation_info=PromulgationInfo(place="Hòa Bình", promulgation_date="2024/08/30"),
    document_type=DocumentType(type=1, type_detail=0, type_name="Kế hoạch"),
    subject="Kế hoạch hưởng ứng Ngày Chuyển đổi số quốc gia năm 2024",
    content="Kế hoạch hưởng ứng Ngày Chuyển đổi số quốc gia năm 2024",
    signer_info=SignerInfo(competence="TM. UBND", position="Chủ tịch", full_name="Người Ký Thử"),
    due_date="2024/10/10",
    other_info=OtherInfo(
        priority=1,
        sphere_of_promulgation="Công khai",
        typer_notation="VT",
        promulgation_amount=1,
        page_amount=1,
        direction=False,
        appendixes=("Phụ lục I",),
    ),
    steering_type=1,
    to_places=("Như trên", "Lưu: VT"),
    trace=(TraceHeader(organ_id="000.00.00.H28", timestamp="2024/08/30 08:00:00"),),
    business=Business(
        business_type=BusinessType.NEW,
        reason="Văn bản điện tử mới",
        document_id="000.00.00.H28,2014/02/30,180/KH-UBND",
        paper=0,
        staff_infos=(STAFF,),
    ),
)


@pytest.mark.parametrize("path", READABLE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_samples_are_read_without_unknown_elements(path: Path) -> None:
    content = read_package(path, EDXML).content

    assert content.unknown_elements == ()
    assert content.is_status == (path.parent.name == "status")


def test_every_field_of_a_new_document_is_read() -> None:
    assert document("java/new.edxml") == NEW


def test_the_dotnet_dialect_says_the_same_in_another_order() -> None:
    expected = NEW.business.model_copy(update={"reason": "Văn bản mới", "document_id": ""})

    assert document("dotnet/new.edxml") == NEW.model_copy(update={"business": expected})


def test_every_field_of_an_update_is_read() -> None:
    assert document("java/update.edxml").business == Business(
        business_type=BusinessType.UPDATE,
        reason="Cập nhật văn bản điện tử",
        document_id=EARLIER,
        paper=0,
        document_infos=(
            BusinessDocumentInfo(
                document_info=1,
                document_receiver=1,
                receivers=(
                    Receiver(organ_id="000.00.31.H28", receiver_type=0),
                    Receiver(organ_id="000.05.31.H28", receiver_type=1),
                ),
            ),
        ),
        staff_infos=(STAFF,),
    )


def test_a_replacement_may_repeat_itself() -> None:
    replaced = ReplacementInfo(document_id=EARLIER, organ_ids=("000.00.31.H28", "000.05.31.H28"))

    assert document("java/replace.edxml").business == Business(
        business_type=BusinessType.REPLACE,
        reason="Thay thế văn bản điện tử",
        paper=0,
        replacement_infos=(replaced, replaced),
        staff_infos=(STAFF,),
    )


def test_a_recall_names_the_document_in_its_message_header_only() -> None:
    header = document("java/recall.edxml")

    assert header.business.business_type is BusinessType.RECALL
    assert header.business.document_id == ""
    assert header.document_id == EARLIER


def test_an_answer_names_what_it_answers_and_attachments_may_be_prefixed() -> None:
    reading = read("java/prefixed-attachments.edxml")

    assert isinstance(reading.content.header, DocumentHeader)
    assert reading.content.header.response_for == (
        ResponseFor(
            organ_id="000.00.00.H28",
            code="181/KH-UBND",
            document_id=EARLIER,
            promulgation_date="2024/08/30",
        ),
    )
    assert [attachment.name for attachment in reading.content.attachments] == ["181_KH-UBND.pdf"]


def test_a_relayed_package_lacks_members_and_has_a_trace_without_an_agency() -> None:
    reading = read("java/relayed.edxml")

    assert isinstance(reading.content.header, DocumentHeader)
    assert reading.content.header.signer_info is None
    assert reading.content.header.trace[1] == TraceHeader(organ_id="", timestamp="2024/08/30 08:00:07")
    assert reading.content.warnings == ("signer-competence-missing",)


def test_every_field_of_a_refusal_is_read() -> None:
    assert read("status/02.edxml").content.header == StatusHeader(
        from_=DISTRICT,
        response_for=ResponseFor(
            organ_id="000.00.00.H28",
            code="181/KH-UBND",
            document_id=EARLIER,
            promulgation_date="2024/08/30",
        ),
        staff_info=STAFF,
        status_code=BusinessStatus.REFUSED,
        description="Từ chối: sai thẩm quyền",
        timestamp="2024/08/20 11:08:36",
    )


@pytest.mark.parametrize("status", BusinessStatus)
def test_every_status_is_read(status: BusinessStatus) -> None:
    header = read(f"status/{status}.edxml").content.header

    assert isinstance(header, StatusHeader)
    assert header.status_code is status


def test_a_wrapped_attachment_is_the_file_inside() -> None:
    content = read("java/new.edxml").content
    plain = read("dotnet/new.edxml").content.attachments[0]

    (attachment,) = content.attachments
    assert content.references == (
        Reference(
            content_id="cid:209",
            content_type="application/zip",
            description="181_KH-UBND.pdf",
            attachment_name="181_KH-UBND.pdf",
        ),
    )
    assert (attachment.encoding, attachment.content_type, attachment.n) == (Encoding.BASE64_ZIP, PDF, 1)
    assert (attachment.sha256, attachment.size) == (plain.sha256, plain.size)
    assert plain.encoding is Encoding.BASE64


def test_the_offset_points_to_the_base64_in_bytes() -> None:
    package = (SAMPLES / "dotnet/new.edxml").read_bytes()
    (attachment,) = read("dotnet/new.edxml").content.attachments

    encoded = package[attachment.offset :][: attachment.encoded_size]

    assert package[: attachment.offset].endswith(b"<ContentTransferEncoded>")
    assert package[attachment.offset + attachment.encoded_size :].startswith(b"</ContentTransferEncoded>")
    assert hashlib.sha256(base64.b64decode(encoded)).hexdigest() == attachment.sha256


def test_a_label_that_lies_is_noted() -> None:
    content = read("java/two-attachments.edxml").content

    assert [attachment.content_type for attachment in content.attachments] == [PDF, PDF]
    assert content.warnings == ("content-type-mismatch",)


def test_the_copied_signature_is_kept_as_unverifiable() -> None:
    reading = read("java/new.edxml")

    assert [signature.namespace for signature in reading.signatures] == [QCVN]
    assert reading.signatures[0].xml.startswith(b"<Signature xmlns=")
    assert reading.unidentified[0] == "edXML/edXMLEnvelope/edXMLHeader/MessageHeader"
    assert len(reading.unidentified) == 4


def test_a_signature_may_be_inserted_where_the_header_ends() -> None:
    package = (SAMPLES / "java/new.edxml").read_bytes()

    assert package[read("java/new.edxml").header_end_offset :].startswith(b"</edXML:edXMLHeader>")
