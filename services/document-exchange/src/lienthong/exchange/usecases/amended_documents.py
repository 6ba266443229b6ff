"""Which documents a recall, update or replacement speaks of, as the node knows them that takes it over."""

from dataclasses import dataclass

from lienthong.exchange.domain.amendment_reading import kind_of, targets_of
from lienthong.exchange.domain.amendments import AmendmentKind, AmendmentMismatch, NotTheSender
from lienthong.exchange.storage.amendment_reads import received_under, sent_under
from lienthong.exchange.usecases.process import Process
from lienthong.shared.edxml.model import PackageContent
from lienthong.shared.identifiers import AgencyCode, DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOriginal:
    """The document that the package must speak of, its sender and DocumentId, and how it must."""

    document: DocumentId
    sender: AgencyCode
    document_id: str
    kind: AmendmentKind


async def amended_documents(
    content: PackageContent, process: Process, *, sender: AgencyCode, named: NamedOriginal | None
) -> tuple[DocumentId, ...]:
    """Every document of the sender under a DocumentId that the package names; under that of ``named``, only that one.

    Empty: the package asks nothing, or speaks of what another node took over; the recipient's node finds that.

    Raises:
        AmendmentMismatch: The package does not speak of ``named``, or not so.
        NotTheSender: It speaks of a document that its sender received from somebody else.
    """
    kind = kind_of(content)
    targets = {one.document_id for one in targets_of(content, process.directory.current())} if kind else set()
    said = (kind, sender)
    if named is not None and (said != (named.kind, named.sender) or named.document_id not in targets):
        raise AmendmentMismatch(
            f"The package must be a {named.kind.value} of the document {named.document_id!r}, and name it so.",
            facts={"document": named.document, "document_id": named.document_id},
        )
    others = targets if named is None else targets - {named.document_id}
    found = await _sent(others, process, sender=sender) if others else set()
    return tuple(sorted(found if named is None else found | {named.document}))


async def _sent(document_ids: set[str], process: Process, *, sender: AgencyCode) -> set[DocumentId]:
    async with process.database.read() as connection:
        found = await sent_under(connection, sender=sender, document_ids=document_ids)
        if not found and await received_under(connection, agency=sender, document_ids=document_ids):
            raise NotTheSender("Your agency received this document; only its sender takes it back or changes it.")
    return found
