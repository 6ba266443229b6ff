"""What the national samples ask, read as the platform reads them."""

from pathlib import Path

import pytest

from lienthong.exchange.domain.amending import amending
from lienthong.exchange.domain.amendment_reading import arrived_amendment, kind_of, targets_of
from lienthong.exchange.domain.amendments import AmendmentKind, NotAmendable, Target
from lienthong.exchange.domain.recall_header import Recall, recall_header
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import (
    Business,
    BusinessType,
    DocumentHeader,
    Organ,
    PackageContent,
    PromulgationInfo,
    ReplacementInfo,
)
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.sending_rules import check_document
from lienthong.shared.identifiers import AgencyCode, NodeId
from tests.support.pki import NOW, PKI
from tests.unit.exchange.carry.handover import Handover, directory

SAMPLES = Path(__file__).parents[3] / "data" / "edxml"
NUMBER_181 = "000.00.00.H28,2024/08/30,181/KH-UBND"
AGENCY = AgencyEntry(
    code=AgencyCode("H28"), name="UBND tỉnh Hòa Bình", parent=None, level=Level.PROVINCE, node=NodeId("H28")
)


def sample(name: str) -> PackageContent:
    return read_package(next(SAMPLES.rglob(name)), EDXML).content


def of(business: Business) -> PackageContent:
    header = DocumentHeader(
        from_=Organ(organ_id="H28"), to=(Organ(organ_id="G22"),), document_id="own", business=business
    )
    return PackageContent(header=header)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("recall.edxml", "recall"), ("update.edxml", "update"), ("replace.edxml", "replace"), ("13.edxml", "recall")],
)
def test_the_samples_speak_of_number_181(name: str, kind: str) -> None:
    content = sample(name)

    assert kind_of(content) == kind
    assert [one.document_id for one in targets_of(content, directory())] == [NUMBER_181]


@pytest.mark.parametrize("name", ["new.edxml", "03.edxml", "15.edxml", "16.edxml"])
def test_other_packages_ask_nothing(name: str) -> None:
    content = sample(name)

    assert kind_of(content) is None
    assert arrived_amendment(Handover(pki=PKI.new()).document(), content, directory=directory()) is None


def test_a_replacement_that_repeats_itself_names_each_document_once() -> None:
    infos = (
        ReplacementInfo(document_id="a", organ_ids=("H28",)),
        ReplacementInfo(document_id="a", organ_ids=("G22", "nobody")),
        ReplacementInfo(document_id="b", organ_ids=("H28",)),
        ReplacementInfo(document_id="b"),
        ReplacementInfo(),
    )

    found = targets_of(of(Business(business_type=BusinessType.REPLACE, replacement_infos=infos)), directory())

    assert found == (Target(document_id="a", agencies=frozenset({"H28", "G22"})), Target(document_id="b"))  # type: ignore[arg-type]


def test_an_update_that_names_nothing_speaks_of_nothing() -> None:
    assert targets_of(of(Business(business_type=BusinessType.UPDATE)), directory()) == ()


def test_a_drafted_header_is_completed_and_one_that_says_it_itself_is_left() -> None:
    header = of(Business(reason="Sửa phụ lục")).header
    assert isinstance(header, DocumentHeader)

    update = amending(header, kind=AmendmentKind.UPDATE, document_id="181")
    replacement = amending(header, kind=AmendmentKind.REPLACE, document_id="181")

    assert (update.business.document_id, update.business.reason) == ("181", "Sửa phụ lục")
    assert replacement.business.replacement_infos == (ReplacementInfo(document_id="181"),)
    assert amending(update, kind=AmendmentKind.REPLACE, document_id="182") == update


def test_a_recall_can_be_written_of_a_document_that_says_hardly_anything() -> None:
    sparse = PackageContent(
        header=DocumentHeader(
            from_=Organ(organ_id="H28"),
            to=(Organ(organ_id="G22"), Organ(organ_id="H28.31")),
            document_id="x",
            promulgation_info=PromulgationInfo(promulgation_date="2014/02/30"),
            subject="x" * 600,
        )
    )

    header = recall_header(Recall(reason="Nhầm", addressed_to=["G22"], at=NOW), sparse, agency=AGENCY)

    check_document(header)
    assert (header.document_id, [one.organ_id for one in header.to]) == ("x", ["G22"])
    assert (header.business.business_type, header.business.reason) == (BusinessType.RECALL, "Nhầm")


def test_a_recall_of_a_recall_is_not_written() -> None:
    with pytest.raises(NotAmendable):
        recall_header(Recall(reason="x", addressed_to=[], at=NOW), sample("recall.edxml"), agency=AGENCY)
