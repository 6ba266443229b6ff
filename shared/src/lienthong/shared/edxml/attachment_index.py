"""The attachments of a package against its manifest, each with its name and what it really is."""

import re
from collections.abc import Callable, Collection, Sequence

from lienthong.shared.edxml import media_types
from lienthong.shared.edxml.attachment_stream import EncodedFacts, ResolvedFile, resolve
from lienthong.shared.edxml.element_tree import Node
from lienthong.shared.edxml.errors import AttachmentMissing, FieldMissing, NameExceeded
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.model import AttachmentIndex, Encoding, Reference

Warn = Callable[[str], None]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LABELS = frozenset({"", "application/octet-stream", "application/force-download"})
"""Declared types that claim nothing."""
_EQUAL = {"image/jpg": media_types.JPEG, "text/xml": media_types.XML, "application/x-zip-compressed": media_types.ZIP}


def references(root: Node) -> tuple[Reference, ...]:
    """The manifest, as the package has it."""
    body = (root.node("edXMLEnvelope") or Node()).node("edXMLBody") or Node()
    manifest = body.node("edXMLManifest") or Node()
    return tuple(
        Reference(
            content_id=node.text("ContentId") or node.href,
            content_type=node.text("ContentType"),
            description=node.text("Description"),
            attachment_name=node.text("AttachmentName"),
        )
        for node in manifest.all_nodes("Reference")
    )


def content_key(content_id: str) -> str:
    """What identifies an attachment: ``cid:`` is optional on both sides."""
    return content_id[4:] if content_id[:4].lower() == "cid:" else content_id


def inline_attachments(
    root: Node, encoded: Sequence[EncodedFacts], *, manifest: Sequence[Reference], limits: Limits, warn: Warn
) -> tuple[AttachmentIndex, ...]:
    """The ``Attachment`` elements, in order. Raises what :func:`.attachment_stream.resolve` raises."""
    named = {content_key(reference.content_id): reference for reference in manifest}
    nodes = (root.node("AttachmentEncoded") or Node()).all_nodes("Attachment")
    by_number = dict(enumerate(encoded, 1))
    found = []
    for n, node in enumerate(nodes, 1):
        if not node.texts.get("ContentTransferEncoded"):
            raise FieldMissing(
                "Write ContentTransferEncoded in every Attachment.",
                facts={"path": f"edXML/AttachmentEncoded/Attachment[{n}]/ContentTransferEncoded"},
            )
        reference = named.get(content_key(node.text("ContentId")))
        found.append(_index(node, by_number[n], n=n, reference=reference, limits=limits, warn=warn))
    _warn_of_manifest(found, named.keys(), warn)
    return tuple(found)


def check_references(manifest: Sequence[Reference], present: Sequence[str]) -> None:
    """Raises :class:`AttachmentMissing` for a reference to none of the ``present`` content ids."""
    keys = {content_key(content_id) for content_id in present}
    for reference in manifest:
        if content_key(reference.content_id) not in keys:
            raise AttachmentMissing(
                "Put an attachment with the ContentId of every Reference into the package.",
                facts={"content_id": reference.content_id[:200], "name": reference.attachment_name[:200]},
            )


def clean_name(name: str, *, limits: Limits, warn: Warn) -> str:
    """The name without folders and control characters. Raises :class:`NameExceeded`."""
    cleaned = _CONTROL.sub("", name.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    if cleaned != name:
        warn("attachment-name-cleaned")
    if len(cleaned) > limits.name:
        raise NameExceeded("Shorten the attachment's name.", facts={"limit": limits.name, "name": cleaned[:200]})
    return "" if cleaned in {".", ".."} else cleaned


def warn_of_label(declared: str, file: ResolvedFile, warn: Warn) -> None:
    """Warns when the declared type is not what the bytes say; a wrapper is rightly labelled as a ZIP."""
    label = declared.partition(";")[0].strip().lower()
    label = _EQUAL.get(label, label)
    expected = media_types.ZIP if file.encoding is Encoding.BASE64_ZIP else file.content_type
    if label not in _LABELS and label != expected and file.content_type != media_types.BINARY:
        warn("content-type-mismatch")


def _index(
    node: Node, encoded: EncodedFacts, *, n: int, reference: Reference | None, limits: Limits, warn: Warn
) -> AttachmentIndex:
    said = node.text("AttachmentName") or (reference.attachment_name if reference else "")
    name = clean_name(said, limits=limits, warn=warn)
    if not name:
        warn("attachment-name-missing")
    file = resolve(encoded, name=name, number=n)
    declared = node.text("ContentType") or (reference.content_type if reference else "")
    warn_of_label(declared, file, warn)
    if not file.facts.size:
        warn("attachment-empty")
    return AttachmentIndex(
        n=n,
        content_id=node.text("ContentId"),
        name=name or f"attachment-{n}",
        description=node.text("Description") or (reference.description if reference else ""),
        declared_content_type=declared,
        content_type=file.content_type,
        size=file.facts.size,
        sha256=file.facts.sha256,
        encoding=file.encoding,
        offset=encoded.offset,
        encoded_size=encoded.encoded_size,
    )


def _warn_of_manifest(found: Sequence[AttachmentIndex], named: Collection[str], warn: Warn) -> None:
    keys = [content_key(attachment.content_id) for attachment in found]
    if len(set(keys)) < len(keys):
        warn("content-id-repeated")
    if set(keys) - set(named):
        warn("attachment-not-in-manifest")
