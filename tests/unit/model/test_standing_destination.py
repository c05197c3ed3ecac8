"""What a standing destination may be called."""

import pytest

from feedgate.model.standing_destination import InvalidDestinationName, parse_destination_name


@pytest.mark.parametrize("raw", ["azure", "Azure", "a", "0", "pip-feed.2_old", "x" * 64])
def test_a_name_is_taken_in_lower_case(raw: str) -> None:
    assert parse_destination_name(raw) == raw.lower()


@pytest.mark.parametrize(
    "raw",
    ["", "-a", "a-", ".a", "a b", "a/b", "a\n", "ä", "x" * 65, "https://packages.example/", "a:b", "a@b"],
)
def test_anything_else_is_no_name(raw: str) -> None:
    with pytest.raises(InvalidDestinationName):
        parse_destination_name(raw)


@pytest.mark.parametrize("raw", ["https://build:canary@packages.example/", "build:canary@packages.example"])
def test_an_address_in_place_of_a_name_is_not_repeated(raw: str) -> None:
    with pytest.raises(InvalidDestinationName) as caught:
        parse_destination_name(raw)

    assert "canary" not in f"{caught.value}{caught.value.next_step}{caught.value.facts}"
