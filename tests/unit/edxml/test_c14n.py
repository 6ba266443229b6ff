"""The canonicaliser against libxml2's, an implementation that shares nothing with it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from lienthong.shared.edxml.c14n import Canonicalizer
from lienthong.shared.edxml.limits import LIMITS
from lienthong.shared.edxml.xml_stream import Name, StartTag, XMLStream

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"
READABLE = sorted(path for path in SAMPLES.rglob("*.edxml") if path.parent.name != "broken")


class EveryElement:
    """Canonicalises every element of a document, in document order, as a listener of the stream."""

    def __init__(self, *, standalone: bool = False) -> None:
        self._standalone = standalone
        self._open: list[Canonicalizer] = []
        self.forms: list[bytearray] = []

    def start(self, tag: StartTag) -> None:
        form = bytearray()
        self.forms.append(form)
        self._open.append(Canonicalizer(form.extend, standalone=self._standalone))
        for canonicalizer in self._open:
            canonicalizer.start(tag)

    def end(self, name: Name) -> None:
        ended = [canonicalizer.end(name) for canonicalizer in self._open]
        assert ended == [False] * (len(ended) - 1) + [True]
        self._open.pop()

    def text(self, text: str) -> None:
        for canonicalizer in self._open:
            canonicalizer.text(text)

    def instruction(self, target: str, data: str) -> None:
        for canonicalizer in self._open:
            canonicalizer.instruction(target, data)

    def comment(self) -> None:
        """Comments are not in the canonical form."""


def forms_of(xml: bytes, *, standalone: bool = False, step: int = 1 << 20) -> list[bytes]:
    listener = EveryElement(standalone=standalone)
    stream = XMLStream(listener, limits=LIMITS)
    for start in range(0, len(xml), step):
        stream.feed(xml[start : start + step])
    stream.close()
    return [bytes(form) for form in listener.forms]


def expected_of(xml: bytes) -> list[bytes]:
    root = etree.fromstring(xml)
    elements = list(root.iter("*"))
    return [
        etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
        for element in elements
    ]


@pytest.mark.parametrize("path", READABLE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_element_of_every_sample_has_the_form_that_libxml2_gives_it(path: Path) -> None:
    xml = path.read_bytes()

    assert forms_of(xml, step=777) == expected_of(xml)


TRICKY = [
    b'<a xmlns="urn:a" xmlns:b="urn:b"><b:c z="1" b:y="2" a="3"><d xmlns=""><e/></d></b:c></a>',
    b'<a><b xmlns:p="urn:1" p:x="1"><c xmlns:p="urn:2" p:x="2"/><p:c/></b></a>',
    b'<a xmlns:p="urn:1" xmlns:q="urn:1"><q:b p:z="1" q:a="2"/></a>',
    b"<a>\r\n x &amp; &lt; &gt; &#13; \t <![CDATA[<raw> & ]]> </a>",
    b"<a b='&quot; &#9;&#10;&#13; &lt; &amp; > \t\n'/>",
    b"<a><!-- gone --><?keep this ?><?and?><b xml:lang='vi' xml:space='preserve'/></a>",
    b'<a xmlns="urn:a"><b xmlns="urn:b"><a xmlns="urn:a"/></b><x:c xmlns:x="urn:a"/></a>',
]


@pytest.mark.parametrize("xml", TRICKY)
def test_tricky_documents_have_the_form_that_libxml2_gives_them(xml: bytes) -> None:
    assert forms_of(xml) == expected_of(xml)


@pytest.mark.parametrize("xml", TRICKY)
def test_a_standalone_element_has_the_same_forms_as_in_its_document(xml: bytes) -> None:
    for alone, exclusive in zip(forms_of(xml, standalone=True), expected_of(xml), strict=True):
        parsed = etree.fromstring(alone)
        assert etree.tostring(parsed, method="c14n", exclusive=True, with_comments=False) == exclusive


def test_raw_text_is_normalised_across_pieces() -> None:
    form = bytearray()
    canonicalizer = Canonicalizer(form.extend)
    canonicalizer.start(StartTag(Name("", "a", ""), (), {}))

    for piece in (b"AA\r", b"\nBB\r\n", b"CC\r", b"DD\r", b"", b"\n"):
        canonicalizer.raw_text(piece)
    canonicalizer.end(Name("", "a", ""))

    assert bytes(form) == b"<a>AA\nBB\nCC\nDD\n</a>"


PREFIXES = st.sampled_from(["", "p", "q"])
URIS = st.sampled_from(["urn:1", "urn:2", "urn:3"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


@st.composite
def elements(draw: st.DrawFn, bound: frozenset[str] = frozenset({""}), depth: int = 0) -> str:
    declared = draw(st.dictionaries(PREFIXES, URIS, max_size=2))
    bound |= declared.keys()
    prefix = draw(st.sampled_from(sorted(bound)))
    name = f"{prefix}:e" if prefix else "e"
    names = draw(st.dictionaries(st.sampled_from("abc"), TEXTS, max_size=2))
    named = sorted(bound - {""})
    if named:
        names[f"{draw(st.sampled_from(named))}:z"] = draw(TEXTS)
    attributes = "".join(
        f' xmlns:{key}="{uri}"' if key else f' xmlns="{uri}"' for key, uri in declared.items()
    ) + "".join(f' {key}="{escaped(value)}"' for key, value in names.items())
    inner = escaped(draw(TEXTS))
    if depth < 3:
        inner += "".join(draw(st.lists(elements(bound, depth + 1), max_size=3)))
    return f"<{name}{attributes}>{inner}</{name}>"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@given(elements())
@settings(max_examples=20, deadline=None)
def test_generated_documents_have_the_form_that_libxml2_gives_them(text: str) -> None:
    xml = text.encode()

    assert forms_of(xml) == expected_of(xml)


@given(elements())
@settings(max_examples=20, deadline=None)
def test_standalone_generated_elements_are_in_inclusive_form_and_keep_their_exclusive_one(text: str) -> None:
    xml = text.encode()

    for alone, exclusive in zip(forms_of(xml, standalone=True), expected_of(xml), strict=True):
        parsed = etree.fromstring(alone)
        assert etree.tostring(parsed, method="c14n") == alone
        assert etree.tostring(parsed, method="c14n", exclusive=True) == exclusive
