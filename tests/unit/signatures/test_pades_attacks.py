"""Changes after signing: one test for each attack on the signatures of PDFs."""

from io import BytesIO
from typing import Any

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from lienthong.shared.signatures.pades import sign_pdf, validate_pdf
from lienthong.shared.signatures.pades_signing import _KeySigner
from lienthong.shared.signatures.report import Indication, SignatureReport, SubIndication
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pdf_attacks import (
    Writer,
    add_annotation,
    annotation,
    appearance,
    page_of,
    pdf_with_form_field,
    pdf_with_stamp,
    stream,
    updated,
    with_raw_revision,
)
from tests.support.pki import NOW, PKI, Credential


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def officer(pki: PKI) -> Credential:
    return pki.officer("H28.31")


def signed(pdf: bytes, credential: Credential) -> bytes:
    out = BytesIO()
    sign_pdf(BytesIO(pdf), out, key=local_key(credential), at=NOW)
    return out.getvalue()


def validate(pdf: bytes, pki: PKI) -> tuple[SignatureReport, ...]:
    return validate_pdf(BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=NOW)


def assert_refused_as_changed(pdf: bytes, pki: PKI) -> None:
    report = validate(pdf, pki)[0]
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.indication is Indication.TOTAL_FAILED
    assert report.checks[-1].name == "changes after signing"
    assert report.not_covered


def add_page(writer: Writer) -> None:
    page = DictionaryObject(page_of(writer))
    page[NameObject("/Contents")] = writer.add_object(stream(b"BT (one more page) Tj ET"))
    pages = writer.root["/Pages"]
    pages["/Kids"].append(writer.add_object(page))
    pages[NameObject("/Count")] = NumberObject(2)
    writer.update_container(pages)
    writer.update_container(pages["/Kids"])


def replace_content(writer: Writer) -> None:
    page = page_of(writer)
    page[NameObject("/Contents")] = writer.add_object(stream(b"BT (forged) Tj ET"))
    writer.update_container(page)


def overwrite_content_in_place(writer: Writer) -> None:
    content = page_of(writer)["/Contents"]
    content._data = b"BT (forged) Tj ET"
    content._encoded_data = None
    writer.update_container(content)


def redefine_font(writer: Writer) -> None:
    font = page_of(writer)["/Resources"]["/Font"]["/F1"]
    font[NameObject("/Encoding")] = DictionaryObject(
        {NameObject("/Differences"): ArrayObject([NumberObject(67), NameObject("/D")])}
    )
    writer.update_container(font)


def cover_with_annotation(writer: Writer) -> None:
    add_annotation(writer, annotation("/FreeText", writer.add_object(appearance(b"forged"))))


def swap_page_tree(writer: Writer) -> None:
    page = DictionaryObject(page_of(writer))
    page[NameObject("/Contents")] = writer.add_object(stream(b"BT (another document) Tj ET"))
    pages = {"/Type": NameObject("/Pages"), "/Kids": ArrayObject([writer.add_object(page)]), "/Count": NumberObject(1)}
    writer.root[NameObject("/Pages")] = writer.add_object(
        DictionaryObject({NameObject(key): value for key, value in pages.items()})
    )
    writer.update_root()


def add_script(writer: Writer) -> None:
    script = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")}
    action = DictionaryObject({NameObject(key): value for key, value in script.items()})
    writer.root[NameObject("/OpenAction")] = writer.add_object(action)
    writer.update_root()


def hide_layer(writer: Writer) -> None:
    writer.root[NameObject("/OCProperties")] = DictionaryObject({NameObject("/OCGs"): ArrayObject()})
    writer.update_root()


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(add_page, id="incremental update: page added"),
        pytest.param(replace_content, id="incremental update: content replaced"),
        pytest.param(overwrite_content_in_place, id="shadow: content replaced"),
        pytest.param(redefine_font, id="shadow: font replaced"),
        pytest.param(cover_with_annotation, id="shadow: content hidden behind an annotation"),
        pytest.param(swap_page_tree, id="shadow: hide and replace"),
        pytest.param(hide_layer, id="shadow: layer hidden"),
        pytest.param(add_script, id="incremental update: script added"),
    ],
)
def test_what_an_update_changes_after_signing_fails(pki: PKI, officer: Credential, attack: Any) -> None:
    genuine = signed(minimal_pdf(), officer)
    forged = updated(genuine, attack)

    assert validate(genuine, pki)[0].indication is Indication.TOTAL_PASSED
    assert_refused_as_changed(forged, pki)


def test_shadow_hide_and_replace_by_reference_table_alone_fails(pki: PKI, officer: Credential) -> None:
    hidden = b"4 0 obj\n<< /Length 16 >>\nstream\nBT (other) Tj ET\nendstream\nendobj\n"
    shadow = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(hidden), hidden)
    prepared = signed(with_raw_revision(minimal_pdf(), {6: shadow}), officer)

    swapped = with_entry(prepared, 4, prepared.index(hidden))

    assert validate(prepared, pki)[0].indication is Indication.TOTAL_PASSED
    assert_refused_as_changed(swapped, pki)


def with_entry(pdf: bytes, number: int, offset: int) -> bytes:
    previous = pdf.rsplit(b"startxref", 1)[1].split()[0]
    size = pdf.rsplit(b"/Size ", 1)[1].split()[0]
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, offset)
    last = b"trailer\n<< /Size %s /Root 1 0 R /Prev %s >>\n" % (size, previous)
    return pdf + table + last + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


def test_shadow_hide_by_freeing_an_object_fails(pki: PKI, officer: Credential) -> None:
    genuine = signed(pdf_with_stamp(), officer)
    freed = with_entry(genuine, 6, 0).replace(b"0000000000 00000 n \ntrailer", b"0000000000 00001 f \ntrailer")

    assert_refused_as_changed(freed, pki)


def test_changed_annotation_appearance_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        stamp = page_of(writer)["/Annots"][0]
        stamp["/AP"][NameObject("/N")] = writer.add_object(appearance(b"NOT OK"))
        writer.update_container(stamp["/AP"])

    assert_refused_as_changed(updated(signed(pdf_with_stamp(), officer), attack), pki)


def field_of(writer: Writer) -> Any:
    return writer.root["/AcroForm"]["/Fields"][0]


def test_form_field_value_changed_after_signing_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        field = field_of(writer)
        field[NameObject("/V")] = TextStringObject("9.000")
        field["/AP"][NameObject("/N")] = writer.add_object(appearance(b"9.000"))
        writer.update_container(field)

    assert_refused_as_changed(updated(signed(pdf_with_form_field(), officer), attack), pki)


def test_hidden_form_field_shown_after_signing_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        field = field_of(writer)
        field[NameObject("/F")] = NumberObject(4)
        writer.update_container(field)

    assert_refused_as_changed(updated(signed(pdf_with_form_field(flags=2), officer), attack), pki)


def test_form_field_added_after_signing_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        shown = writer.add_object(appearance(b"9.000"))
        field = annotation("/Widget", shown, FT=NameObject("/Tx"), T=TextStringObject("new"))
        add_annotation(writer, field)
        form = writer.root["/AcroForm"]
        form["/Fields"].append(page_of(writer)["/Annots"].raw_get(-1))
        writer.update_container(form["/Fields"])

    assert_refused_as_changed(updated(signed(minimal_pdf(), officer), attack), pki)


def test_picture_of_a_signature_field_that_nobody_signed_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        append_signature_field(writer, SigFieldSpec("Overlay", box=(72, 690, 400, 730)))

    assert_refused_as_changed(updated(signed(minimal_pdf(), officer), attack), pki)


def test_appearance_of_a_signature_changed_later_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        field = field_of(writer)
        field[NameObject("/AP")] = DictionaryObject({NameObject("/N"): writer.add_object(appearance(b"forged"))})
        writer.update_container(field)

    assert_refused_as_changed(updated(signed(minimal_pdf(), officer), attack), pki)


def test_certified_without_changes_then_signed_visibly_fails(pki: PKI, officer: Credential) -> None:
    out = BytesIO()
    metadata = PdfSignatureMetadata(field_name="C", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    PdfSigner(metadata, _KeySigner(local_key(officer))).sign_pdf(Writer(BytesIO(minimal_pdf())), output=out)
    certified = out.getvalue()

    assert_refused_as_changed(updated(certified, cover_with_annotation), pki)
    assert_refused_as_changed(
        updated(certified, lambda writer: append_signature_field(writer, SigFieldSpec("S", box=(1, 1, 90, 90)))), pki
    )


def test_second_signature_that_covers_only_what_the_first_does_fails(pki: PKI, officer: Credential) -> None:
    def attack(writer: Writer) -> None:
        append_signature_field(writer, SigFieldSpec("Second"))
        second = writer.root["/AcroForm"]["/Fields"][1]
        second[NameObject("/V")] = writer.add_object(DictionaryObject(field_of(writer)["/V"]))
        writer.update_container(second)

    first, second = validate(updated(signed(minimal_pdf(), officer), attack), pki)

    assert first.indication is Indication.TOTAL_PASSED
    assert second.indication is Indication.TOTAL_FAILED
    assert second.checks[-1].name == "coverage"
