"""The registry's content: nodes, agencies, and a client for each agency's e-office system, node and the operator."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from joserfc.jwk import ECKey

from lienthong.embedded.secret_box import SecretBox
from lienthong.embedded.site import Site
from lienthong.registry.usecases.keep_clients import ClientDraft, put_client
from lienthong.registry.usecases.place_agencies import place_agencies
from lienthong.registry.usecases.place_nodes import put_nodes
from lienthong.shared.contracts.directory import AgencyEntry, NodeEntry
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import Database
from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import NodeId
from lienthong.shared.signatures.seals import SealKey

BY: Final = "provisioning"
"""Who made the changes, in the directory's list of them."""
OPERATOR_CLIENT: Final = "operator"
E_OFFICE_SCOPES: Final = (
    Scope.DOCUMENTS_WRITE,
    Scope.DOCUMENTS_READ,
    Scope.INBOX,
    Scope.SIGNATURES_CREATE,
    Scope.VALIDATIONS_CREATE,
)
NODE_SCOPES: Final = (Scope.SIGNATURES_CREATE, Scope.VALIDATIONS_CREATE, Scope.SYSTEMS_READ)
OPERATOR_SCOPES: Final = (
    Scope.ADMIN,
    Scope.DIRECTORY_WRITE,
    Scope.DIRECTORY_APPROVE,
    Scope.CERTIFICATES_ISSUE,
    Scope.CERTIFICATES_APPROVE,
    Scope.CERTIFICATES_REVOKE,
    Scope.VALIDATIONS_CREATE,
)


class NetworkRefused(InvalidInput):
    """The registry does not take an agency of the network's description."""

    code = "network-refused"
    title = "The network's description is not valid"


def client_id_of(agency: AgencyEntry) -> str:
    """The client id of an agency's e-office system."""
    return f"e-office.{agency.code}"


async def fill_registry(site: Site, secrets: SecretBox, database: Database) -> None:
    """Puts everything that the network's description says; repeating it changes nothing. The schema must be there.

    Raises:
        NetworkRefused: An agency breaks a rule of the directory.
    """
    now = datetime.now(UTC)
    await put_nodes(database, list(_nodes(site)), by=BY, now=now)
    verdicts = await place_agencies(database, list(enumerate(site.network.agencies, 1)), by=BY, now=now)
    refused = [f"{verdict.code}: {verdict.detail}" for verdict in verdicts if verdict.entry is None]
    if refused:
        raise NetworkRefused(f"The registry refuses {'; '.join(refused)}.")
    for draft in _clients(site, secrets):
        await put_client(database, draft, now=now)


def _nodes(site: Site) -> Iterator[NodeEntry]:
    for node in site.network.nodes:
        yield NodeEntry(
            id=node.id,
            parent=node.parent,
            name=node.name,
            level=node.level,
            broker=node.broker,
            url=site.nodes[node.id].url,
        )


def _clients(site: Site, secrets: SecretBox) -> Iterator[ClientDraft]:
    for agency in site.network.agencies:
        client_id = client_id_of(agency)
        yield ClientDraft(
            client_id=client_id,
            name=f"e-office {agency.name}",
            scopes=E_OFFICE_SCOPES,
            agency=agency.code,
            secret=secrets[f"client-{client_id}"],
        )
    for node in site.network.nodes:
        jwk = _seal_jwk(site, secrets, node.id)
        yield ClientDraft(client_id=f"node.{node.id}", name=node.name, scopes=NODE_SCOPES, jwk=jwk)
    yield ClientDraft(
        client_id=OPERATOR_CLIENT,
        name="Operator",
        scopes=OPERATOR_SCOPES,
        secret=secrets[f"client-{OPERATOR_CLIENT}"],
    )


def _seal_jwk(site: Site, secrets: SecretBox, node: NodeId) -> dict[str, Any]:
    """The public half of a node's seal key, with which its client proves itself (``private_key_jwt``)."""
    seal = SealKey.load(site.seal_path(node), secrets[f"seal-{node}"])
    return dict(ECKey.import_key(seal.private_key.public_key()).as_dict(private=False))
