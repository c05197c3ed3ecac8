from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.formats.links import Links

BASES = st.sampled_from(
    ["https://index.example/simple/demo/", "http://index.example", "https://h.example/a?b"]
)
RELATIVE = st.text("ab./:?#=;%", max_size=14)


@given(BASES, st.lists(RELATIVE, max_size=4))
def test_a_link_is_joined_as_the_standard_library_joins_it(base: str, relative: list[str]) -> None:
    links = Links(base)

    for link in relative * 2:
        expected = urljoin(base, link)
        if expected.startswith(("https://", "http://")):
            assert links.join(link) == expected
        else:
            with pytest.raises(ValueError, match="no http or https link"):
                links.join(link)


@pytest.mark.parametrize(
    "link", ["mailto:a@b.example", "javascript:alert(1)", "https://a.example/\x00", "a\tb"]
)
def test_other_schemes_and_control_characters_are_no_links(link: str) -> None:
    with pytest.raises(ValueError, match="no http or https link"):
        Links("https://index.example/").join(link)
