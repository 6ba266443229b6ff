"""A document that first only passed through, and then has recipients here too."""

from dataclasses import replace

from lienthong.exchange.storage.document_reads import find_document
from lienthong.exchange.storage.documents import add_documents
from lienthong.shared.identifiers import DocumentId, new_uuid
from tests.integration.exchange.receive.receiving_node import Letter, ReceivingNode


async def test_what_was_relayed_first_gains_all_that_its_package_says_and_keeps_it(node: ReceivingNode) -> None:
    arrived = await node.receive(Letter())
    async with node.factory.database.begin() as connection:
        known = await find_document(connection, arrived.document)
        assert known is not None
        whole = replace(known, id=DocumentId(new_uuid()))
        relayed = replace(whole, content=None, report=None, business_type=None, subject="", notation="")
        forged = replace(whole, content={"forged": True}, subject="Forged")

        for record in (relayed, whole, forged, relayed):
            await add_documents(connection, [record])

        assert await find_document(connection, whole.id) == whole
