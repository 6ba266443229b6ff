"""Parameters that several endpoints share. An id that cannot be one is an id that does not exist.

Dependencies are async throughout: FastAPI takes any other to a thread, which costs more than what they do.
"""

import re
from typing import Annotated, Final

from fastapi import Depends, Path

from lienthong.exchange.domain.leases import DeliveryNotFound
from lienthong.exchange.domain.visibility import no_such_document
from lienthong.shared.identifiers import DeliveryId, DocumentId

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""As the platform writes them. Source: RFC 9562 section 4."""
MAX_ATTACHMENTS: Final = 100_000
"""Beyond any package's limit; keeps numbers within what databases hold."""


async def document_id(document: Annotated[str, Path(description="Id of the document: a UUID")]) -> DocumentId:
    """The document that the path names. Raises :class:`DocumentNotFound`."""
    if not UUID.fullmatch(document):
        raise no_such_document()
    return DocumentId(document)


async def delivery_id(delivery: Annotated[str, Path(description="Id of the delivery: a UUID")]) -> DeliveryId:
    """The delivery that the path names. Raises :class:`DeliveryNotFound`."""
    if not UUID.fullmatch(delivery):
        raise DeliveryNotFound("No such delivery is in an inbox of yours at this node.")
    return DeliveryId(delivery)


NamedDocument = Annotated[DocumentId, Depends(document_id)]
NamedDelivery = Annotated[DeliveryId, Depends(delivery_id)]
AttachmentNumber = Annotated[int, Path(ge=1, le=MAX_ATTACHMENTS, description="1 is the first")]
