"""A package in which every element of the standard says something of its own, repeated ones twice."""

import itertools
import string
from collections.abc import Iterator
from typing import Final

from lxml import etree

from tests.integration.acceptance.fields import DOCUMENT, MANIFEST, TRACE

NAMESPACE: Final = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
NUMBERS: Final = frozenset(
    {"Type", "TypeDetail", "PromulgationAmount", "PageAmount", "SteeringType", "Paper", "DocumentInfo"}
    | {"DocumentReceiver", "ReceiverType"}
)
FIXED: Final = {
    "From/OrganId": ("000.00.00.H28",),
    "To/OrganId": ("000.00.31.H28", "000.05.31.H28"),
    "OtherInfo/Priority": ("3",),
    "OtherInfo/Direction": ("true",),
    "Bussiness/BussinessDocType": ("2",),
    "Reference/ContentId": ("cid:tep-1", "cid:tep-2"),
}


def full_package() -> bytes:
    """The package: UTF-8, with the two attachments that its manifest names."""
    root = etree.fromstring(f'<edXML xmlns="{NAMESPACE}"><e:edXMLEnvelope xmlns:e="{NAMESPACE}"/></edXML>')
    envelope = root[0]
    header, body = _at(envelope, ["edXMLHeader"]), _at(envelope, ["edXMLBody"])
    _fill(_at(header, ["MessageHeader"]), DOCUMENT)
    _fill(_at(header, ["TraceHeaderList"]), TRACE)
    _fill(_at(body, ["edXMLManifest"]), MANIFEST)
    for n in (1, 2):
        attachment = etree.SubElement(_at(root, ["AttachmentEncoded"]), f"{{{NAMESPACE}}}Attachment")
        for name, text in (
            ("ContentType", "text/plain"),
            ("ContentId", f"tep-{n}"),
            ("Description", f"Tệp {n}"),
            ("AttachmentName", f"tep-{n}.txt"),
            ("ContentTransferEncoded", "eGluIGNow6Bv"),
        ):
            _at(attachment, [name]).text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _fill(container: etree._Element, table: dict[str, str]) -> None:
    serial = itertools.count(10)
    for path, place in table.items():
        for n, numbers in enumerate(_numbers(place)):
            steps = [f"{step}#{numbers.get(step, 0)}" for step in path.split("/")]
            _at(container, steps).text = _text(path, n, next(serial))


def _numbers(place: str) -> Iterator[dict[str, int]]:
    """Every choice of the first or the second for the repeated elements of a place, each in turn."""
    repeated = [name for _, name, _, _ in string.Formatter().parse(place) if name]
    for choice in itertools.product((0, 1), repeat=len(repeated)):
        yield dict(zip(repeated, choice, strict=True))


def _text(path: str, n: int, serial: int) -> str:
    if path in FIXED:
        return FIXED[path][n]
    name = path.rpartition("/")[2]
    return str(serial) if name in NUMBERS else f"{name} số {serial} <&>"


def _at(element: etree._Element, steps: list[str]) -> etree._Element:
    """The element below ``element``, made where it is missing; ``Name#1`` is the second of that name."""
    for step in steps:
        name, _, number = step.partition("#")
        while len(found := element.findall(f"{{{NAMESPACE}}}{name}")) <= int(number or 0):
            etree.SubElement(element, f"{{{NAMESPACE}}}{name}")
        element = found[int(number or 0)]
    return element
