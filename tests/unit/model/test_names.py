"""Names and versions at the door."""

import pytest

from feedgate.model.names import InvalidVersionText, parse_version


@pytest.mark.parametrize("raw", ["1.0", "1!2.0+local.1", "v2.0RC1", "1" * 255])
def test_a_version_is_as_long_as_a_file_name_at_most(raw: str) -> None:
    assert str(parse_version(raw))


@pytest.mark.parametrize("raw", ["", "one", "1.0.x", "1" * 256, "1" * 5000, "1." * 200_000])
def test_what_is_no_version_is_said_in_few_words(raw: str) -> None:
    with pytest.raises(InvalidVersionText) as caught:
        parse_version(raw)

    assert len(str(caught.value)) < 400
