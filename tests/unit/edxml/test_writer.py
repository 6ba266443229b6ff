"""What is written is read back as the same, and what breaks the standard is not written."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.shared.edxml.attachments import read_attachment
from lienthong.shared.edxml.errors import NotWritable
from lienthong.shared.edxml.limits import LIMITS
from lienthong.shared.edxml.media_types import EDXML
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
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    TraceHeader,
)
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reader import read_message
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.edxml.writer import AttachmentSource, write_document, write_status
from tests.support.ranges import ranges_of

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"


def xml_texts(max_size: int, min_size: int = 0) -> st.SearchStrategy[str]:
    letters = st.characters(codec="utf-8", exclude_characters="\x7f\ufffe\uffff", exclude_categories=["Cc", "Cs"])
    texts = st.text(letters | st.sampled_from("<>&\"'\t\n\r]"), max_size=max_size)
    return texts.map(str.strip).filter(lambda text: len(text) >= min_size)


DATES = st.dates().map(lambda day: f"{day.year:04}/{day.month:02}/{day.day:02}")
TIMESTAMPS = DATES.map(lambda day: f"{day} 23:59:59")
SOME, ANY = xml_texts(20, 1), xml_texts(20)
NUMBERS = st.none() | st.integers(0, 9)
CODES = st.sampled_from(["H28.31.05", "000.05.31.H28", "G22", "vxp.saas.03"])
ORGANS = st.builds(Organ, organ_id=CODES, organ_name=SOME, organ_add=ANY, email=ANY, fax=ANY)
ANSWERS = st.builds(ResponseFor, organ_id=CODES, code=ANY, document_id=SOME, promulgation_date=DATES)
STAFF = st.builds(StaffInfo, department=ANY, staff=ANY, email=ANY, mobile=ANY)
RECEIVERS = st.builds(Receiver, organ_id=CODES, receiver_type=st.sampled_from([0, 1]))
INFOS = st.builds(
    BusinessDocumentInfo,
    document_info=NUMBERS,
    document_receiver=NUMBERS,
    receivers=st.lists(RECEIVERS, max_size=2).map(tuple),
)
REPLACED = st.builds(ReplacementInfo, document_id=SOME, organ_ids=st.lists(CODES, max_size=2).map(tuple))
BUSINESS = st.builds(
    Business,
    business_type=st.just(BusinessType.REPLACE),
    reason=ANY,
    document_id=ANY,
    paper=NUMBERS,
    document_infos=st.lists(INFOS, max_size=2).map(tuple),
    replacement_infos=st.lists(REPLACED, min_size=1, max_size=2).map(tuple),
    staff_infos=st.lists(STAFF, max_size=2).map(tuple),
)
OTHER = st.builds(
    OtherInfo,
    priority=st.integers(0, 4),
    sphere_of_promulgation=ANY,
    typer_notation=ANY,
    promulgation_amount=NUMBERS,
    page_amount=NUMBERS,
    reply_fors=st.lists(SOME, max_size=2).map(tuple),
    direction=st.none() | st.booleans(),
    reference_codes=ANY,
    appendixes=st.lists(SOME, max_size=2).map(tuple),
)
DOCUMENTS = st.builds(
    DocumentHeader,
    from_=ORGANS,
    to=st.lists(ORGANS, min_size=1, max_size=3).map(tuple),
    document_id=SOME,
    code=st.builds(Code, code_number=SOME, code_notation=SOME),
    promulgation_info=st.builds(PromulgationInfo, place=SOME, promulgation_date=DATES),
    document_type=st.builds(DocumentType, type=st.integers(0, 99), type_detail=NUMBERS, type_name=SOME),
    subject=SOME,
    content=ANY,
    signer_info=st.none() | st.builds(SignerInfo, competence=ANY, position=ANY, full_name=SOME),
    due_date=st.just("") | DATES,
    other_info=st.none() | OTHER,
    response_for=st.lists(ANSWERS, max_size=2).map(tuple),
    steering_type=NUMBERS,
    response_for_task=st.lists(SOME, max_size=2).map(tuple),
    application_type=ANY,
    to_places=st.lists(SOME, max_size=2).map(tuple),
    trace=st.lists(st.builds(TraceHeader, organ_id=ANY, timestamp=TIMESTAMPS), max_size=2).map(tuple),
    business=BUSINESS,
)
STATUSES = st.builds(
    StatusHeader,
    from_=ORGANS,
    response_for=ANSWERS,
    staff_info=st.none() | STAFF,
    status_code=st.sampled_from(BusinessStatus),
    description=ANY,
    timestamp=TIMESTAMPS,
)


def written(header: DocumentHeader, *attachments: AttachmentSource, with_ids: bool = False) -> bytes:
    out = io.BytesIO()
    write_document(header, attachments, out, with_ids=with_ids)
    return out.getvalue()


def reread(package: bytes) -> PackageReading:
    return read_message(io.BytesIO(package))


def sample_header() -> DocumentHeader:
    header = read_package(SAMPLES / "java/new.edxml", EDXML).content.header
    assert isinstance(header, DocumentHeader)
    return header


@given(DOCUMENTS, st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_written_document_is_read_back_as_the_same(header: DocumentHeader, with_ids: bool) -> None:
    content = reread(written(header, with_ids=with_ids)).content

    assert content.header == header
    assert content.unknown_elements == ()


@given(STATUSES)
@settings(max_examples=20, deadline=None)
def test_a_written_status_is_read_back_as_the_same(header: StatusHeader) -> None:
    out = io.BytesIO()

    write_status(header, out)

    assert reread(out.getvalue()).content.header == header


def test_the_header_is_written_byte_for_byte_as_the_java_library_does() -> None:
    sample = (SAMPLES / "java/new.edxml").read_bytes()

    package = written(sample_header())

    assert package.startswith(sample[: sample.index(b"<Signature>")])


def test_a_status_is_written_byte_for_byte_with_the_java_order_of_staff() -> None:
    header = read_package(SAMPLES / "status/02.edxml", EDXML).content.header
    assert isinstance(header, StatusHeader)
    out = io.BytesIO()

    write_status(header, out)

    mobile, email = b"<edXML:Mobile>0900000000</edXML:Mobile>", b"<edXML:Email>canbo@h28.example</edXML:Email>"
    sample = (SAMPLES / "status/02.edxml").read_bytes()
    assert out.getvalue() == sample.replace(mobile + email, email + mobile).rstrip()


@pytest.mark.parametrize("name", ["a.pdf", "b.DOCX", "c.txt", "d", "e.docm", "f.odt", "g.zip"])
async def test_attachments_come_out_as_they_went_in(name: str, tmp_path: Path) -> None:
    content = b"%PDF-1.7\n" + bytes(range(256)) * 5_000
    (tmp_path / "file").write_bytes(content)
    source = AttachmentSource(path=tmp_path / "file", name=name, content_type="application/pdf")

    package = written(sample_header(), source, source)
    attachments = reread(package).content.attachments

    assert [attachment.name for attachment in attachments] == [name, name]
    for attachment in attachments:
        assert (attachment.encoding is Encoding.BASE64_ZIP) == source.is_wrapped
        pieces = [piece async for piece in read_attachment(ranges_of(package), attachment)]
        assert b"".join(pieces) == content


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    source = AttachmentSource(path=tmp_path / "file", name="a.txt", content_type="text/plain")

    assert written(sample_header(), source) == written(sample_header(), source)


def test_ids_are_on_every_part_that_a_signature_must_cover(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    source = AttachmentSource(path=tmp_path / "file", name="a.txt", content_type="text/plain")

    reading = reread(written(sample_header(), source, source, with_ids=True))

    assert reading.unidentified == ()
    assert [part.id for part in reading.parts] == [
        "MessageHeader",
        "Bussiness",
        "edXMLManifest",
        "Attachment-1",
        "Attachment-2",
    ]


BROKEN = {
    "From/OrganName": {"from_": Organ(organ_id="H28")},
    "To": {"to": ()},
    "To[1]/OrganId": {"to": (Organ(organ_id=" ", organ_name="x"),)},
    "DocumentId": {"document_id": "x" * (LIMITS.document_id + 1)},
    "Code/CodeNotation": {"code": Code(code_number="1", code_notation="x" * 51)},
    "PromulgationInfo/PromulgationDate": {
        "promulgation_info": PromulgationInfo(place="Hòa Bình", promulgation_date="2024/02/30")
    },
    "DocumentType/Type": {"document_type": DocumentType(type_name="Kế hoạch")},
    "Subject": {"subject": "x" * 501},
    "DueDate": {"due_date": "1/10/2024"},
    "OtherInfo/Priority": {"other_info": OtherInfo(priority=5)},
    "TraceHeader[1]/Timestamp": {"trace": (TraceHeader(organ_id="H28", timestamp="2024/08/30"),)},
    "MessageHeader": {"content": "a\x00b"},
    "Bussiness/DocumentId": {"business": Business(business_type=BusinessType.UPDATE)},
    "Bussiness/ReplacementInfoList": {"business": Business(business_type=BusinessType.REPLACE)},
}


@pytest.mark.parametrize(("path", "change"), BROKEN.items())
def test_a_header_that_breaks_the_standard_is_not_written(path: str, change: dict[str, object]) -> None:
    out = io.BytesIO()

    with pytest.raises(NotWritable) as refused:
        write_document(sample_header().model_copy(update=change), [], out)

    fields = refused.value.facts["fields"]
    assert isinstance(fields, list)
    assert path in [field["path"] for field in fields]
    assert out.getvalue() == b""


def test_a_recall_that_names_another_document_is_not_written() -> None:
    business = Business(business_type=BusinessType.RECALL, document_id="x")

    with pytest.raises(NotWritable):
        written(sample_header().model_copy(update={"business": business}))


@pytest.mark.parametrize("name", ["", "../a.pdf", "a\\b.pdf", "a\x00.pdf", "..", "x" * 256])
def test_an_attachment_without_a_plain_name_is_not_written(name: str, tmp_path: Path) -> None:
    source = AttachmentSource(path=tmp_path / "file", name=name, content_type="application/pdf")

    with pytest.raises(NotWritable):
        written(sample_header(), source)
