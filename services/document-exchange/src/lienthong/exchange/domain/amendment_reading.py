"""What a package asks about earlier documents: recall, update and replacement, as the standard writes them; pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from lienthong.exchange.domain.amendments import KINDS, AmendmentKind, ArrivedAmendment, Target
from lienthong.shared.contracts.envelope import EnvelopeDocument
from lienthong.shared.directory import Directory
from lienthong.shared.edxml.model import BusinessStatus, DocumentHeader, PackageContent, ReplacementInfo
from lienthong.shared.identifiers import AgencyCode

MAX_TARGETS: Final = 20
"""Documents that one package replaces; what it names beyond them stays as it is."""


def kind_of(content: PackageContent) -> AmendmentKind | None:
    """What the package asks; None: it is a document, or another status. Status 13 is a recall in other words."""
    header = content.header
    if isinstance(header, DocumentHeader):
        return KINDS.get(header.business.business_type)
    return AmendmentKind.RECALL if header.status_code is BusinessStatus.RECALL_ASKED else None


def targets_of(content: PackageContent, directory: Directory) -> tuple[Target, ...]:
    """The documents that it speaks of. A recall repeats the DocumentId of what it takes back.

    Source: QCVN 102:2016/BTTTT, ``Bussiness/DocumentId``, ``ReplacementInfo`` (which may repeat itself).
    """
    header = content.header
    if not isinstance(header, DocumentHeader):
        return (Target(document_id=header.response_for.document_id),)
    match kind_of(content):
        case AmendmentKind.RECALL:
            named = [header.document_id]
        case AmendmentKind.UPDATE:
            named = [header.business.document_id]
        case AmendmentKind.REPLACE:
            return tuple(islice(_replaced(header.business.replacement_infos, directory), MAX_TARGETS))
        case _:
            named = []
    return tuple(Target(document_id=one) for one in named if one)


def arrived_amendment(
    about: EnvelopeDocument, content: PackageContent, *, directory: Directory
) -> ArrivedAmendment | None:
    """What the package asks, or None when it asks nothing."""
    kind, header = kind_of(content), content.header
    if kind is None:
        return None
    return ArrivedAmendment(
        id=about.id,
        origin=about.origin,
        kind=kind,
        sender=about.sender,
        own_document_id=about.sender_document_id,
        targets=targets_of(content, directory),
        documents=about.amends,
        reason=header.business.reason if isinstance(header, DocumentHeader) else header.description,
        at=about.submitted_at,
    )


def _replaced(infos: Iterable[ReplacementInfo], directory: Directory) -> Iterator[Target]:
    """Each document once. One entry without agencies is for all recipients, whatever the others say."""
    organs: dict[str, set[str] | None] = {}
    for info in infos:
        known = organs.setdefault(info.document_id, set())
        if not info.organ_ids:
            organs[info.document_id] = None
        elif known is not None:
            known.update(info.organ_ids)
    for document_id, codes in organs.items():
        if document_id:
            yield Target(document_id=document_id, agencies=None if codes is None else _agencies(codes, directory))


def _agencies(codes: Iterable[str], directory: Directory) -> frozenset[AgencyCode]:
    found = (directory.agency(code) for code in codes)
    return frozenset(one.code for one in found if one is not None)
