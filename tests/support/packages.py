"""edXML packages for tests of signatures: small, in the Java dialect, every part with an Id."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO

from lxml import etree

from lienthong.shared.edxml.reader import read_message
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.signatures.keys import LocalKey
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.xades import insert_signature, prepare_signature
from lienthong.shared.signatures.xmldsig import NAMESPACES, canonical, raw_ecdsa
from tests.support.pki import NOW, Credential

START, END = b"<ds:Signature ", b"</ds:Signature>"
Edit = Callable[[etree._Element], None]

_FRAME = """<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLEnvelope \
xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLHeader><edXML:MessageHeader Id="header">\
<edXML:From><edXML:OrganId>{sender}</edXML:OrganId><edXML:OrganName>UBND tỉnh Hòa Bình</edXML:OrganName></edXML:From>\
<edXML:To><edXML:OrganId>H28.31</edXML:OrganId><edXML:OrganName>UBND huyện Mai Châu</edXML:OrganName></edXML:To>\
<edXML:DocumentId>{sender},2026/03/02,12/UBND-VX</edXML:DocumentId>\
<edXML:Code><edXML:CodeNumber>12</edXML:CodeNumber><edXML:CodeNotation>UBND-VX</edXML:CodeNotation></edXML:Code>\
<edXML:PromulgationInfo><edXML:Place>Hòa Bình</edXML:Place>\
<edXML:PromulgationDate>2026/03/02</edXML:PromulgationDate></edXML:PromulgationInfo>\
<edXML:DocumentType><edXML:Type>1</edXML:Type><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>\
<edXML:Subject>Về việc thử nghiệm</edXML:Subject><edXML:Content></edXML:Content></edXML:MessageHeader>\
<edXML:TraceHeaderList><edXML:TraceHeader><edXML:OrganId>{sender}</edXML:OrganId>\
<edXML:Timestamp>2026/03/02 15:00:00</edXML:Timestamp></edXML:TraceHeader><edXML:Bussiness Id="business">\
<edXML:BussinessDocType>0</edXML:BussinessDocType><edXML:BussinessDocReason>Mới</edXML:BussinessDocReason>\
</edXML:Bussiness></edXML:TraceHeaderList></edXML:edXMLHeader><edXML:edXMLBody>\
<edXML:edXMLManifest version="1.0" Id="manifest">{references}</edXML:edXMLManifest></edXML:edXMLBody>\
</edXML:edXMLEnvelope><AttachmentEncoded>{attachments}</AttachmentEncoded></edXML>"""

_REFERENCE = """<edXML:Reference><edXML:ContentId>cid:{name}</edXML:ContentId>\
<edXML:ContentType>application/pdf</edXML:ContentType><edXML:AttachmentName>{name}</edXML:AttachmentName>\
</edXML:Reference>"""

_ATTACHMENT = """<Attachment Id="attachment-{n}"><ContentType>application/pdf</ContentType>\
<ContentId>cid:{name}</ContentId><AttachmentName>{name}</AttachmentName>\
<ContentTransferEncoded>{data}</ContentTransferEncoded></Attachment>"""


def attachment(n: int, data: bytes) -> str:
    """The ``n``-th Attachment element."""
    return _ATTACHMENT.format(n=n, name=f"van-ban-{n}.pdf", data=b64encode(data).decode())


def unsigned_package(files: Sequence[bytes] = (b"%PDF-1.7 one", b"%PDF-1.7 two"), *, sender: str = "H28") -> bytes:
    """A package of PDFs without a signature."""
    numbered = list(enumerate(files, 1))
    return _FRAME.format(
        sender=sender,
        references="".join(_REFERENCE.format(name=f"van-ban-{n}.pdf") for n, _ in numbered),
        attachments="".join(attachment(n, data) for n, data in numbered),
    ).encode()


def read(package: bytes) -> PackageReading:
    """What one pass over ``package`` gives."""
    return read_message(BytesIO(package))


def local_key(credential: Credential) -> LocalKey:
    """The credential as a key that signs documents."""
    return LocalKey(private_key=credential.key, certificate_chain=credential.chain)


def sign(package: bytes, credential: Credential, *, at: datetime = NOW, stamp: Stamp | None = None) -> bytes:
    """``package`` with its signature."""
    reading, key, out = read(package), local_key(credential), BytesIO()
    prepared = prepare_signature(reading, certificate_chain=key.certificate_chain, algorithm=key.algorithm, at=at)
    insert_signature(BytesIO(package), out, signature=prepared.sign_with(key, stamp=stamp), reading=reading)
    return out.getvalue()


def between(data: bytes, start: bytes, end: bytes) -> bytes:
    """What stands from ``start`` to ``end``, both included."""
    return data[data.index(start) : data.index(end) + len(end)]


def edited(package: bytes, edit: Edit) -> bytes:
    """``package`` with its signature changed by ``edit``."""
    old = between(package, START, END)
    signature = etree.fromstring(old)
    edit(signature)
    return package.replace(old, etree.tostring(signature))


def resigned(package: bytes, edit: Edit, key: Credential) -> bytes:
    """As :func:`edited`, with a right value over the changed SignedInfo: the attacker holds ``key``."""

    def edit_and_sign(signature: etree._Element) -> None:
        edit(signature)
        value = local_key(key).sign(canonical(find(signature, "ds:SignedInfo")))
        find(signature, "ds:SignatureValue").text = b64encode(raw_ecdsa(value)).decode()

    return edited(package, edit_and_sign)


def find(element: etree._Element, path: str) -> etree._Element:
    """The first element at ``path``."""
    found = element.find(path, NAMESPACES)
    assert found is not None
    return found
