"""A feed's page in the browser is told from an index, and leads to the index that was meant."""

import pytest

from feedgate.machine.azure_web_page import indexes_of_web_page
from feedgate.machine.index_address import WebPageOfFeed, parse_index_url

AZURE = "https://pkgs.dev.azure.com/acme"
BOTH = (f"{AZURE}/My%20P/_packaging/pip-feed/pypi/simple/", f"{AZURE}/_packaging/pip-feed/pypi/simple/")


@pytest.mark.parametrize(
    ("page", "indexes"),
    [
        ("https://dev.azure.com/acme/My%20P/_artifacts/feed/pip-feed", BOTH),
        ("https://DEV.azure.com/acme/My%20P/_Artifacts/Feed/pip-feed/", BOTH),
        ("https://dev.azure.com/acme/My%20P/_artifacts/feed/pip-feed@Release/PyPI/six/overview/1.0", BOTH),
        ("https://dev.azure.com/acme/My%20P/_artifacts/feed/pip-feed%40Local?view=versions", BOTH),
        ("https://dev.azure.com/acme/My%20P/_packaging?_a=feed&feed=pip-feed", BOTH),
        ("https://acme.visualstudio.com/My%20P/_artifacts/feed/pip-feed", BOTH),
        ("https://acme.visualstudio.com/DefaultCollection/My%20P/_artifacts/feed/pip-feed", BOTH),
        ("https://dev.azure.com/acme/_artifacts/feed/pip-feed", BOTH[1:]),
        ("https://dev.azure.com/acme/_artifacts", (f"{AZURE}/_packaging/FEED/pypi/simple/",)),
    ],
)
def test_a_web_page_means_the_projects_feed_or_the_organizations(page: str, indexes: tuple[str, ...]) -> None:
    assert indexes_of_web_page(page) == indexes
    with pytest.raises(WebPageOfFeed) as caught:
        parse_index_url(page)
    assert all(index in caught.value.next_step for index in indexes)


@pytest.mark.parametrize(
    "address",
    [
        *BOTH,
        "https://acme.pkgs.visualstudio.com/_packaging/pip-feed/pypi/simple/",
        "https://acme.visualstudio.com.evil.example/P/_artifacts/feed/f",
        "https://feeds.example/acme/P/_artifacts/feed/f",
        "https://dev.azure.com/acme/P/_git/repository",
        "https://dev.azure.com/acme/P/_packaging/pip-feed/pypi/simple/",
        "https://dev.azure.com/_artifacts/feed/f",
        "https://[::1/_artifacts",
        "acme/pip-feed",
        "",
    ],
)
def test_any_other_address_is_none(address: str) -> None:
    assert indexes_of_web_page(address) == ()
