"""What every service's OpenAPI document owes to its reader."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DOCUMENTS = {
    name: json.loads((HERE / name / "openapi.json").read_text()) for name in ("exchange", "registry", "signing")
}
OPERATIONS = [
    pytest.param(document, operation, id=f"{service}:{method}:{path}")
    for service, document in DOCUMENTS.items()
    for path, item in document["paths"].items()
    for method, operation in item.items()
]


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _has_example(document: dict[str, Any], content: dict[str, Any]) -> bool:
    schema = _resolved(document, content.get("schema", {}))
    if any(name in place for place in (content, content.get("schema", {}), schema) for name in ("example", "examples")):
        return True
    return any(
        _has_example(document, {"schema": part})
        for part in (*schema.get("properties", {}).values(), *filter(None, [schema.get("items")]))
    )


def _bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media_type, content in holder.get("content", {}).items():
            if media_type.endswith("json") and content.get("schema"):
                yield content


@pytest.mark.parametrize(("document", "operation"), OPERATIONS)
def test_an_operation_is_explained_with_examples(document: dict[str, Any], operation: dict[str, Any]) -> None:
    assert operation["summary"]
    for content in _bodies(operation):
        assert _has_example(document, content), content


@pytest.mark.parametrize(("document", "operation"), OPERATIONS)
def test_an_operation_does_not_promise_the_frameworks_own_errors(
    document: dict[str, Any], operation: dict[str, Any]
) -> None:
    assert "HTTPValidationError" not in json.dumps([operation, list(document.get("components", {}))])


@pytest.mark.parametrize(("document", "operation"), OPERATIONS)
def test_every_documented_problem_names_its_code(document: dict[str, Any], operation: dict[str, Any]) -> None:
    assert document["openapi"]
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if media_type == "application/problem+json":
                codes = {example["value"]["code"] for example in content["examples"].values()}
                assert codes == set(content["examples"]), status
