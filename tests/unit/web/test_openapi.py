"""The document says what the table says."""

import re

import pytest

from feedgate.access.permissions import NEEDS
from feedgate.machine import addresses
from feedgate.web.application import make_operations
from feedgate.web.openapi import make_document
from feedgate.web.operation import Operation
from tests.builders.installation import Installation


@pytest.fixture
def operations(installation: Installation) -> tuple[Operation, ...]:
    return make_operations(installation.parts)


async def test_it_is_served_as_it_is_made(
    installation: Installation, operations: tuple[Operation, ...]
) -> None:
    async with installation.client() as client:
        answer = await client.get(addresses.API_OPENAPI)

    served = answer.json()
    assert served["openapi"] == "3.1.0"
    assert served["info"]["version"] == "1.2.3"
    made = make_document(operations, version="1.2.3")
    assert set(served["paths"]) == set(made["paths"])


async def test_every_operation_of_the_api_is_in_it_and_no_other(
    installation: Installation, operations: tuple[Operation, ...]
) -> None:
    async with installation.client() as client:
        paths = (await client.get(addresses.API_OPENAPI)).json()["paths"]

    described = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    assert described == {
        (operation.path, operation.method)
        for operation in operations
        if operation.path.startswith(f"{addresses.API}/")
    }


async def test_every_operation_says_what_it_does_and_needs(operations: tuple[Operation, ...]) -> None:
    document = make_document(operations, version="1")
    by_name = {operation.name: operation for operation in operations}
    for methods in document["paths"].values():
        for described in methods.values():
            operation = by_name[described["operationId"]]
            assert described["summary"].endswith((".", "…")) or "." in described["summary"]
            if operation.needs is not None:
                assert NEEDS[operation.needs].scope.value in described["description"]
                assert "401" in described["responses"]


async def test_every_reference_leads_somewhere(operations: tuple[Operation, ...]) -> None:
    document = make_document(operations, version="1")
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", repr(document))):
        place = document
        for step in reference.split("/"):
            place = place[step]
