import io
from datetime import UTC, datetime

import pytest

from lienthong.exchange.domain.status_header import StatusAnswer, StatusNotAnswerable, status_header
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.edxml.model import (
    BusinessStatus,
    Code,
    DocumentHeader,
    Organ,
    PackageContent,
    PromulgationInfo,
    ResponseFor,
    StaffInfo,
    StatusHeader,
)
from lienthong.shared.edxml.writer import write_status
from lienthong.shared.identifiers import AgencyCode, NodeId

AT = datetime(2025, 6, 30, 18, 30, tzinfo=UTC)
MAI_CHAU = AgencyEntry(
    code=AgencyCode("H28.31"),
    old_code=AgencyCode("000.00.31.H28"),
    name="UBND huyện Mai Châu",
    parent=None,
    level=Level.DISTRICT,
    node=NodeId("H28.31"),
)


def content(*, promulgated: str = "2025/06/16") -> PackageContent:
    header = DocumentHeader(
        from_=Organ(organ_id="000.00.00.H28"),
        to=(Organ(organ_id="000.00.31.H28"),),
        document_id="000.00.00.H28,2025/06/16,181/KH-UBND",
        code=Code(code_number="181", code_notation="KH-UBND"),
        promulgation_info=PromulgationInfo(promulgation_date=promulgated),
    )
    return PackageContent(header=header)


def answered(of: PackageContent, *, addressed_to: str = "000.00.31.H28") -> StatusHeader:
    said = StatusAnswer(code=BusinessStatus.RECEIVED, description="Đã vào sổ", staff=StaffInfo(staff="Cán Bộ Thử"))
    return status_header(said, of, agency=MAI_CHAU, addressed_to=addressed_to, at=AT)


def test_a_status_speaks_of_the_document_in_the_document_s_own_words() -> None:
    header = answered(content())

    assert header.response_for == ResponseFor(
        organ_id="000.00.00.H28",
        code="181/KH-UBND",
        document_id="000.00.00.H28,2025/06/16,181/KH-UBND",
        promulgation_date="2025/06/16",
    )


def test_a_status_names_its_sender_and_tells_vietnam_s_time() -> None:
    header = answered(content())

    assert (header.from_.organ_name, header.timestamp) == ("UBND huyện Mai Châu", "2025/07/01 01:30:00")


@pytest.mark.parametrize(
    ("addressed_to", "expected"),
    [("000.00.31.H28", "000.00.31.H28"), ("H28.31", "H28.31"), ("H28.99", "H28.31")],
)
def test_a_status_names_its_sender_by_the_code_that_the_document_used(addressed_to: str, expected: str) -> None:
    assert answered(content(), addressed_to=addressed_to).from_.organ_id == expected


@pytest.mark.parametrize("promulgated", ["2014/02/30", "", "16-06-2025"])
def test_a_document_of_a_day_that_never_was_is_answered_all_the_same(promulgated: str) -> None:
    header = answered(content(promulgated=promulgated))

    assert header.response_for.promulgation_date == ""
    write_status(header, io.BytesIO())


def test_a_status_is_not_answered() -> None:
    status = PackageContent(header=answered(content()))

    with pytest.raises(StatusNotAnswerable):
        answered(status)
