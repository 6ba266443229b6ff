"""Signature wrapping in every permutation: which signed part, where it is moved to, what Id the forged one bears.

Source: McIntosh and Austel, "XML Signature Element Wrapping Attacks"; Somorovsky et al., "On Breaking SAML".
"""

from collections.abc import Callable
from copy import deepcopy
from itertools import product

import pytest
from lxml import etree

from lienthong.shared.errors import LienthongError
from lienthong.shared.signatures.report import PackageSignature, package_signature
from lienthong.shared.signatures.xades import verify_package_signatures
from lienthong.shared.signatures.xmldsig import DS, name
from tests.support.packages import read, sign, unsigned_package
from tests.support.pki import NOW, PKI

Part = etree._Element
PARTS = {"header": "header", "business": "business", "manifest": "manifest", "attachment": "attachment-1"}


def _found(root: Part, tag: str) -> Part:
    return next(one for one in root.iter(etree.Element) if etree.QName(one).localname == tag)


def _in_an_object(root: Part, forged: Part, original: Part) -> None:
    del forged
    etree.SubElement(_found(root, "Signature"), name(DS, "Object")).append(original)


def _behind_the_forged(root: Part, forged: Part, original: Part) -> None:
    del root
    forged.addnext(original)


def _before_the_forged(root: Part, forged: Part, original: Part) -> None:
    del root
    forged.addprevious(original)


def _inside_the_forged(root: Part, forged: Part, original: Part) -> None:
    del root
    forged.append(original)


def _around_the_signature(root: Part, forged: Part, original: Part) -> None:
    """The original takes the signature in, and stands where the signature stood."""
    del forged
    signature = _found(root, "Signature")
    signature.addprevious(original)
    original.append(signature)


def _last_in(tag: str) -> Callable[[Part, Part, Part], None]:
    def move(root: Part, forged: Part, original: Part) -> None:
        del forged
        _found(root, tag).append(original)

    return move


def _first_in(tag: str) -> Callable[[Part, Part, Part], None]:
    def move(root: Part, forged: Part, original: Part) -> None:
        del forged
        _found(root, tag).insert(0, original)

    return move


PLACES: dict[str, Callable[[Part, Part, Part], None]] = {
    "in-an-object-of-the-signature": _in_an_object,
    "behind-the-forged": _behind_the_forged,
    "before-the-forged": _before_the_forged,
    "inside-the-forged": _inside_the_forged,
    "around-the-signature": _around_the_signature,
    "first-in-the-file": _first_in("edXML"),
    "last-in-the-file": _last_in("edXML"),
    "last-in-the-header": _last_in("edXMLHeader"),
    "last-in-the-trace": _last_in("TraceHeader"),
    "last-in-the-body": _last_in("edXMLBody"),
    "last-in-the-envelope": _last_in("edXMLEnvelope"),
    "last-among-the-attachments": _last_in("AttachmentEncoded"),
    "in-the-signed-properties": _last_in("SignedProperties"),
    "before-signed-info": _first_in("Signature"),
}
IDS: dict[str, tuple[str, str] | None] = {
    "the-same-id": ("Id", "{}"),
    "no-id": None,
    "another-id": ("Id", "forged"),
    "an-id-in-capitals": ("ID", "{}"),
    "an-xml-id": ("{http://www.w3.org/XML/1998/namespace}id", "{}"),
}
"""Attribute and value that the forged part bears; braces stand for the Id that was signed."""
PACKAGE_PKI = PKI.new()
SIGNED = sign(unsigned_package(), PACKAGE_PKI.agency("H28"))


def _forge(part: Part) -> None:
    """Something in it is changed: the last text that there is."""
    said = [one for one in part.iter() if one.text and one.text.strip()]
    said[-1].text = "JVBERi0xLjcgZm9yZ2Vk" if etree.QName(said[-1]).localname == "ContentTransferEncoded" else "1"


def _wrapped(part: str, place: str, given: str) -> bytes:
    root = etree.fromstring(SIGNED)
    forged = next(one for one in root.iter() if one.get("Id") == PARTS[part])
    original = deepcopy(forged)
    original.tail = None
    _forge(forged)
    del forged.attrib["Id"]
    if (attribute := IDS[given]) is not None:
        forged.set(attribute[0], attribute[1].format(PARTS[part]))
    PLACES[place](root, forged, original)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _verdict(package: bytes) -> PackageSignature | str:
    """What the package's signature comes to; the code of what the reader refuses it for."""
    try:
        reading = read(package)
    except LienthongError as refused:
        return refused.code
    return package_signature(verify_package_signatures(reading, trust=PACKAGE_PKI.trust(), at=NOW))


def test_package_that_is_only_written_anew_is_valid() -> None:
    assert _verdict(etree.tostring(etree.fromstring(SIGNED))) is PackageSignature.VALID


@pytest.mark.parametrize("given", IDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("part", PARTS)
def test_signature_wrapping(part: str, place: str, given: str) -> None:
    verdict = _verdict(_wrapped(part, place, given))

    assert verdict not in (PackageSignature.VALID, PackageSignature.UNVERIFIABLE)
    assert verdict is not PackageSignature.ABSENT or place == "around-the-signature"  # taken out of its place: none


def test_permutations_are_many() -> None:
    assert len({_wrapped(*one) for one in product(PARTS, PLACES, IDS)}) > 250
