"""The API answers nothing that its OpenAPI document does not say.

Whether a well-formed request is taken depends on more than its form (which policies
there are, what is a target), so that alone is not asked.
"""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.builders.installation import LOCAL_KEY
from tests.builders.served import Served, serve

EXAMPLES = 12
HEADERS = {"Authorization": f"Bearer {LOCAL_KEY.reveal()}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("installation")) as found:
        yield found


@pytest.fixture(scope="module")
def api(served: Served) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{served.origin}/api/v1/openapi.json")


def test_the_document_is_valid_openapi(api: BaseSchema) -> None:
    api.validate()


@pytest.mark.parametrize("mode", GenerationMode)
def test_nothing_undocumented_is_answered(
    api: BaseSchema, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    for found in api.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # the document is valid, or the test above fails
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue  # a path alone can not be made wrong: it would be another path

        @hypothesis.settings(max_examples=EXAMPLES)
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Case[Any]) -> None:
            case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

        with subtests.test(operation.label):
            check()
