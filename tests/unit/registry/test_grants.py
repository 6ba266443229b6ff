import pytest

from lienthong.registry.domain.clients import Client
from lienthong.registry.domain.grants import granted_audience, granted_scopes, named_node
from lienthong.registry.errors import ScopeRefused, TargetRefused
from lienthong.shared.contracts.tokens import Scope
from tests.support.pki import NOW

CLIENT = Client(
    client_id="eoffice.H28",
    name="H28",
    agency=None,
    scopes=frozenset({Scope.INBOX, Scope.DOCUMENTS_READ}),
    secret_hash=None,
    jwk=None,
    active=True,
    created_at=NOW,
)


def test_without_a_scope_parameter_all_of_the_clients_scopes_are_granted() -> None:
    assert granted_scopes(CLIENT, None) == CLIENT.scopes


def test_a_narrower_scope_is_granted_as_asked() -> None:
    assert granted_scopes(CLIENT, "inbox") == {Scope.INBOX}


@pytest.mark.parametrize("scope", ["inbox admin", "inbox root", "INBOX"])
def test_attack_scope_widening(scope: str) -> None:
    with pytest.raises(ScopeRefused):
        granted_scopes(CLIENT, scope)


@pytest.mark.parametrize("resource", ["urn:lienthong:registry", "urn:lienthong:signing"])
def test_the_resource_is_the_audience(resource: str) -> None:
    assert granted_audience([resource], node_exists=False) == resource


def test_an_existing_nodes_resource_is_the_audience() -> None:
    assert named_node("urn:lienthong:node:H28.31") == "H28.31"
    assert granted_audience(["urn:lienthong:node:H28.31"], node_exists=True) == "urn:lienthong:node:H28.31"


@pytest.mark.parametrize(
    "resources", [["urn:lienthong:node:H99"], ["https://evil.example"], [""], ["urn:lienthong:registry"] * 2]
)
def test_a_resource_that_is_none_of_ours_is_refused(resources: list[str]) -> None:
    with pytest.raises(TargetRefused):
        granted_audience(resources, node_exists=False)


@pytest.mark.parametrize("resource", ["urn:lienthong:node:a\x00", "urn:lienthong:node:é", "https://h28"])
def test_what_is_no_node_names_none(resource: str) -> None:
    assert named_node(resource) is None
