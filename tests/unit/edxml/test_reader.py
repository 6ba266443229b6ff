"""Rules of reading that no sample shows."""

import base64
import hashlib
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from lienthong.shared.edxml.reader import read_message
from lienthong.shared.edxml.reading import XMLDSIG, PackageReading
from lienthong.shared.errors import InvalidInput, LienthongError, TooLarge

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"
NEW = (SAMPLES / "java/new.edxml").read_bytes()
PLAIN = (SAMPLES / "dotnet/new.edxml").read_bytes()
STATUS = (SAMPLES / "status/03.edxml").read_bytes()
RELAYED = (SAMPLES / "java/relayed.edxml").read_bytes()
ENCODED = re.compile(rb"(?<=<ContentTransferEncoded>)[^<]*(?=<)")
HEADER_END = b"</edXML:MessageHeader>"
SECOND_SUBJECT = b"<edXML:Subject>x</edXML:Subject>" + HEADER_END


def with_ids(package: bytes, *names: bytes) -> bytes:
    """The package with the same ``Id`` on each of the elements."""
    for name in names:
        package = package.replace(b"<" + name + b">", b"<" + name + b' Id="a">')
    return package


class ShortReads(io.BytesIO):
    """A file that gives few bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__(content)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        del size
        return super().read(self._step)


def reread(package: bytes, *, step: int = 1 << 18) -> PackageReading:
    return read_message(ShortReads(package, step))


def refusal(package: bytes) -> LienthongError:
    with pytest.raises(LienthongError) as refused:
        reread(package)
    return refused.value


def with_encoded(encoded: bytes) -> bytes:
    return ENCODED.sub(lambda _: encoded, PLAIN)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1000])
def test_the_pieces_in_which_a_file_arrives_do_not_matter(step: int) -> None:
    for package in (NEW.replace(b"<Attachment>", b'<Attachment Id="a">'), PLAIN, STATUS):
        assert reread(package, step=step) == reread(package)


@given(st.binary(max_size=300), st.integers(1, 90), st.sampled_from([b"\n", b"\r\n", b"\r", b" \t"]))
@settings(max_examples=60, deadline=None)
def test_base64_may_be_broken_into_lines_and_keeps_its_place(content: bytes, width: int, space: bytes) -> None:
    whole = base64.b64encode(content)
    encoded = space + space.join(whole[start : start + width] for start in range(0, len(whole), width)) + space
    package = with_encoded(encoded).replace(b"<Attachment>", b'<Attachment Id="a">')

    reading = reread(package, step=50)

    (attachment,) = reading.content.attachments
    assert package[attachment.offset :][: attachment.encoded_size] == encoded
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    element = next(etree.fromstring(package).iter("{*}Attachment"))
    form = etree.tostring(element, method="c14n", exclusive=True, with_tail=False)
    assert reading.parts[0].sha256 == hashlib.sha256(form).hexdigest()


BAD_ENCODED = {
    "cut-short": b"QUJ",
    "padding-missing": b"QQ",
    "padding-inside": b"QQ==QQ==",
    "padding-first": b"====",
    "foreign-letter": "QUJé".encode(),
    "url-safe-alphabet": b"QU-_",
    "entity": b"QUJD&#65;QUJ",
    "comment": b"QUJD<!-- QUJD -->",
    "cdata": b"<![CDATA[QUJD]]>",
    "instruction": b"QUJD<?x y?>",
    "element": b"QUJD<b/>",
    "text-after-comment": b"<!-- -->QUJD",
}


@pytest.mark.parametrize("encoded", BAD_ENCODED.values(), ids=BAD_ENCODED)
def test_nothing_but_base64_may_stand_in_an_attachment(encoded: bytes) -> None:
    assert refusal(with_encoded(encoded)).code == "edxml-bad-base64"


def test_a_tag_that_hides_its_end_is_refused_or_read_right() -> None:
    package = PLAIN.replace(b"<ContentTransferEncoded>", b'<ContentTransferEncoded a=">">')

    assert refusal(package).code == "edxml-bad-base64"


def test_an_empty_attachment_is_noted() -> None:
    for package in (
        with_encoded(b""),
        re.sub(rb"<ContentTransferEncoded>[^<]*</\w+>", b"<ContentTransferEncoded/>", PLAIN),
    ):
        content = reread(package).content
        assert content.attachments[0].size == 0
        assert "attachment-empty" in content.warnings


MISSING = {
    "From/OrganId": rb"<edXML:From><edXML:OrganId>[^<]*</edXML:OrganId>",
    "From": rb"<edXML:From>.*</edXML:From>",
    "To": rb"<edXML:To>.*</edXML:To>",
    "DocumentId": rb"<edXML:DocumentId>000.00.00.H28,2024[^<]*</edXML:DocumentId>",
    "MessageHeader": rb"<edXML:MessageHeader>.*</edXML:MessageHeader>",
    "edXMLHeader": rb"<edXML:edXMLHeader>.*</edXML:edXMLHeader>",
    "edXMLEnvelope": rb"<edXML:edXMLEnvelope.*</edXML:edXMLEnvelope>",
    "edXML/AttachmentEncoded/Attachment[1]/ContentTransferEncoded": rb"<edXML:ContentTransferEncoded.*?</\S+?>",
}


@pytest.mark.parametrize(("path", "pattern"), MISSING.items(), ids=MISSING)
def test_a_document_without_a_required_element_is_refused(path: str, pattern: bytes) -> None:
    opened = b"<edXML:From>" if path == "From/OrganId" else b""

    error = refusal(re.sub(pattern, opened, NEW, count=1))

    assert (error.code, error.facts["path"]) == ("edxml-field-missing", path)


@pytest.mark.parametrize("name", ["OrganId", "DocumentId"])
def test_a_status_without_its_addressee_or_document_is_refused(name: str) -> None:
    start = STATUS.index(b"<edXML:ResponseFor>")
    pattern = f"<edXML:{name}>[^<]*</edXML:{name}>".encode()

    error = refusal(STATUS[:start] + re.sub(pattern, b"", STATUS[start:], count=1))

    assert error.facts["path"] == f"ResponseFor/{name}"


REFUSED = {
    "status-code": (STATUS.replace(b">03<", b">99<"), "edxml-value-unknown"),
    "business-type": (NEW.replace(b"DocType>0<", b"DocType>7<"), "edxml-value-unknown"),
    "second-subject": (NEW.replace(HEADER_END, SECOND_SUBJECT), "edxml-element-repeated"),
    "second-header": (
        NEW.replace(b"<edXML:TraceHeaderList>", b"<edXML:MessageHeader/><edXML:TraceHeaderList>"),
        "edxml-element-repeated",
    ),
    "second-attachments": (NEW.replace(b"</edXML>", b"<AttachmentEncoded/></edXML>"), "edxml-element-repeated"),
    "same-id-twice": (
        with_ids(NEW, b"edXML:MessageHeader", b"Attachment"),
        "edxml-duplicate-id",
    ),
    "same-id-in-a-signature": (
        with_ids(NEW, b"edXML:MessageHeader", b"SignedInfo"),
        "edxml-duplicate-id",
    ),
    "utf-16": (NEW.replace(b"UTF-8", b"UTF-16").decode().encode("utf-16"), "edxml-encoding"),
    "utf-16-without-mark": (NEW.decode().encode("utf-16-le"), "edxml-encoding"),
    "encoding-unknown": (NEW.replace(b"UTF-8", b"ebcdic", 1), "edxml-encoding"),
    "encoding-declared-wrongly": (NEW.replace(b"UTF-8", b"UTF-16", 1), "edxml-encoding"),
    "not-in-its-encoding": (NEW.replace("Hòa".encode(), b"H\xf2a"), "edxml-malformed"),
    "empty": (b"", "edxml-not-xml"),
    "json": (b'{"a": 1}', "edxml-not-xml"),
    "space-before-declaration": (b"\n" + NEW, "edxml-not-xml"),
    "cut-short": (NEW[:3000], "edxml-malformed"),
    "two-roots": (NEW + NEW[NEW.index(b"<edXML") :], "edxml-malformed"),
    "internal-entities": (
        b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><edXML>&c;</edXML>',
        "edxml-doctype",
    ),
    "no-namespace": (b"<edXML/>", "edxml-wrong-namespace"),
}  # fmt: skip


@pytest.mark.parametrize(("package", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_in_one_way_is_refused(package: bytes, code: str) -> None:
    error = refusal(package)

    assert error.code == code
    assert isinstance(error, InvalidInput)


def test_a_byte_order_mark_is_read_over() -> None:
    reading = reread(b"\xef\xbb\xbf" + NEW)

    assert reading.content.attachments[0].offset == reread(NEW).content.attachments[0].offset + 3


def test_unknown_elements_are_listed_and_not_refused() -> None:
    added = b'<edXML:Extra><edXML:Inner/></edXML:Extra><x:y xmlns:x="urn:x">text</x:y>' + HEADER_END

    content = reread(NEW.replace(HEADER_END, added)).content

    path = "edXML/edXMLEnvelope/edXMLHeader/MessageHeader"
    assert content.unknown_elements == (f"{path}/Extra", f"{path}/{{urn:x}}y")
    assert content.header == reread(NEW).content.header


def test_leniencies_are_noted() -> None:
    package = RELAYED.replace(b">000.05.31.H28<", b">vxp.saas.03<")
    package = re.sub(rb"<edXML:OrganName>[^<]*</edXML:OrganName>", b"", package).replace(b"y>1<", b"y>x<")
    package = package.replace(b"<ContentId>cid:209<", b"<ContentId>209<").replace(b">false<", b">maybe<")

    content = reread(package).content

    assert set(content.warnings) == {
        "boolean-unreadable",
        "code-form-unknown",
        "number-unreadable",
        "organ-name-missing",
        "signer-competence-missing",
    }


def test_an_attachments_name_loses_its_folders() -> None:
    content = reread(NEW.replace(b"Name>181_KH", b"Name>..\\..\\a/181_KH")).content

    assert content.attachments[0].name == "181_KH-UBND.pdf"
    assert "attachment-name-cleaned" in content.warnings


def test_an_attachment_beside_the_manifest_is_noted() -> None:
    extra = b"<Attachment><ContentTransferEncoded>QUJD</ContentTransferEncoded></Attachment></AttachmentEncoded>"

    content = reread(PLAIN.replace(b"</AttachmentEncoded>", extra)).content

    assert content.attachments[1].name == "attachment-2"
    assert set(content.warnings) == {"attachment-name-missing", "attachment-not-in-manifest"}


def test_a_signature_is_captured_whole_with_its_names() -> None:
    signature = (
        f'<ds:Signature xmlns:ds="{XMLDSIG}" Id="s"><ds:SignedInfo><ds:Reference URI="#h"/></ds:SignedInfo>'
        "<ds:Object><!-- gone --><edXML:Note>é &amp;</edXML:Note></ds:Object></ds:Signature>"
    ).encode()
    package = RELAYED.replace(b"</edXML:edXMLHeader>", signature + b"</edXML:edXMLHeader>")
    inside = etree.fromstring(package).find(f".//{{{XMLDSIG}}}SignedInfo")

    (captured,) = reread(package).signatures

    alone = etree.fromstring(captured.xml)
    assert captured.namespace == XMLDSIG
    assert inside is not None
    assert etree.tostring(alone[0], method="c14n", exclusive=True) == etree.tostring(
        inside, method="c14n", exclusive=True
    )
    assert alone[1][0].text == "é &"


def test_a_signature_elsewhere_is_no_signature() -> None:
    package = RELAYED.replace(b"</edXML>", f'<ds:Signature xmlns:ds="{XMLDSIG}"/></edXML>'.encode())

    reading = reread(package)

    assert reading.signatures == ()
    assert reading.content.unknown_elements == (f"edXML/{{{XMLDSIG}}}Signature",)


EDITS = st.lists(st.tuples(st.integers(0, len(NEW) - 1), st.integers(0, 40), st.binary(max_size=6)), max_size=4)


@given(EDITS)
@settings(max_examples=60, deadline=None)
def test_a_mangled_package_is_read_or_refused_and_never_breaks_the_reader(
    edits: list[tuple[int, int, bytes]],
) -> None:
    package = NEW
    for start, removed, added in edits:
        package = package[:start] + added + package[start + removed :]

    try:
        content = reread(package, step=500).content
    except (InvalidInput, TooLarge):
        return
    assert content.header.from_.organ_id
