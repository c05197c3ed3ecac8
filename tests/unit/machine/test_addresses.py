import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedgate.machine import addresses
from feedgate.machine.addresses import (
    FeedUrl,
    InvalidAddress,
    InvalidFeedUrl,
    download_link,
    download_path,
    fill,
    parse_feed_url,
    project_path,
    simple_path,
    split_view,
    upload_path,
)


def test_the_paths_are_those_of_azure_artifacts() -> None:
    assert simple_path("acme", "pip-feed") == "/acme/_packaging/pip-feed/pypi/simple/"
    assert project_path("acme", "pip-feed", "demo") == "/acme/_packaging/pip-feed/pypi/simple/demo/"
    assert upload_path("acme", "pip-feed") == "/acme/_packaging/pip-feed/pypi/upload"
    assert (
        download_path("acme", "pip-feed", None, "demo", "1.0", "demo-1.0.tar.gz")
        == "/acme/_packaging/pip-feed/pypi/download/demo/1.0/demo-1.0.tar.gz"
    )


def test_a_feed_in_a_project_has_the_project_before_it() -> None:
    assert simple_path("acme", "f", project_scope="p") == "/acme/p/_packaging/f/pypi/simple/"
    assert project_path("acme", "f", "demo", project_scope="p") == "/acme/p/_packaging/f/pypi/simple/demo/"
    assert upload_path("acme", "f", project_scope="p") == "/acme/p/_packaging/f/pypi/upload"
    assert (
        download_path("acme", "f", "Release", "demo", "1.0", "demo-1.0.tar.gz", project_scope="p")
        == "/acme/p/_packaging/f@Release/pypi/download/demo/1.0/demo-1.0.tar.gz"
    )


def test_a_view_stands_behind_the_feed_and_stays_readable() -> None:
    assert simple_path("acme", "f", view="serial:1042") == "/acme/_packaging/f@serial:1042/pypi/simple/"
    assert project_path("acme", "f", "demo", view="Local") == "/acme/_packaging/f@Local/pypi/simple/demo/"


def test_epochs_and_local_versions_stay_readable_and_the_rest_is_encoded() -> None:
    path = download_path("acme", "my feed", None, "demo", "1!2.0+cpu", "demo-1!2.0+cpu-py3-none-any.whl")

    assert path == ("/acme/_packaging/my%20feed/pypi/download/demo/1!2.0+cpu/demo-1!2.0+cpu-py3-none-any.whl")
    assert simple_path("a/b", "ü?#%") == "/a%2Fb/_packaging/%C3%BC%3F%23%25/pypi/simple/"


def test_the_link_on_a_page_leads_from_the_page_to_the_file() -> None:
    link = download_link("demo", "1.0", "demo-1.0-py3-none-any.whl")

    assert link == "../../download/demo/1.0/demo-1.0-py3-none-any.whl"


@pytest.mark.parametrize("segment", ["", ".", "..", "a\nb", "a\0b", "a\x7fb"])
def test_a_segment_that_would_change_the_path_is_refused(segment: str) -> None:
    with pytest.raises(InvalidAddress):
        simple_path(segment, "feed")


def test_a_route_is_filled_by_name() -> None:
    assert fill(addresses.API_FEED, organization="acme", feed="f") == "/api/v1/feeds/acme/f"
    assert fill(addresses.API_TARGET, organization="a", feed="f", target="3.11@x86_64-manylinux_2_28") == (
        "/api/v1/feeds/a/f/targets/3.11@x86_64-manylinux_2_28"
    )


@pytest.mark.parametrize(
    ("segment", "feed", "view"),
    [("f", "f", None), ("f@Local", "f", "Local"), ("f@serial:3", "f", "serial:3"), ("f@a@b", "f", "a@b")],
)
def test_feed_and_view_are_told_apart(segment: str, feed: str, view: str | None) -> None:
    assert split_view(segment) == (feed, view)


WHOLE = FeedUrl("https://feeds.example", "acme", None, "f")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://feeds.example/acme/f", WHOLE, id="short"),
        pytest.param("https://feeds.example/acme/f/", WHOLE, id="slash-at-the-end"),
        pytest.param("  https://feeds.example/acme/f\n", WHOLE, id="pasted-with-blanks"),
        pytest.param("HTTPS://FEEDS.Example:443/acme/f", WHOLE, id="host-in-capitals-default-port"),
        pytest.param("https://feeds.example/acme/_packaging/f/pypi/simple/", WHOLE, id="whole"),
        pytest.param("https://feeds.example/acme/_packaging/f/pypi/simple", WHOLE, id="whole-no-slash"),
        pytest.param("https://feeds.example/acme/_packaging/f/pypi/upload/", WHOLE, id="upload"),
        pytest.param("https://feeds.example/acme/_packaging/f", WHOLE, id="only-the-feed"),
        pytest.param(
            "http://localhost:8080/acme/p/f",
            FeedUrl("http://localhost:8080", "acme", "p", "f"),
            id="short-with-project",
        ),
        pytest.param(
            "https://h/acme/p/_packaging/f@Release/pypi/simple/",
            FeedUrl("https://h", "acme", "p", "f", "Release"),
            id="whole-with-project-and-view",
        ),
        pytest.param(
            "https://h/acme/f%40serial%3A7", FeedUrl("https://h", "acme", None, "f", "serial:7"), id="encoded"
        ),
        pytest.param(
            "https://h/my%20org/f", FeedUrl("https://h", "my org", None, "f"), id="blank-in-the-organization"
        ),
        pytest.param(
            "http://h:443/a/f", FeedUrl("http://h:443", "a", None, "f"), id="the-other-scheme's-port"
        ),
        pytest.param("http://10.0.0.7:80/a/f", FeedUrl("http://10.0.0.7", "a", None, "f"), id="ipv4"),
    ],
)
def test_an_address_names_one_feed(url: str, expected: FeedUrl) -> None:
    assert parse_feed_url(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "does not begin with"),
        ("demo/pip-feed", "does not begin with"),
        ("ftp://h/a/f", "does not begin with"),
        ("https://h/f", "one organization and one feed"),
        ("https://h/", "empty"),
        ("https://h/a//f", "empty"),
        ("https://h/a/b/c/f", "one organization and one feed"),
        ("https://h/_packaging/f/pypi/simple/", "one organization and one feed"),
        ("https://h/a/_packaging/f/pypi/simple/demo/", "goes on after"),
        ("https://h/a/_packaging/f/npm/registry/", "goes on after"),
        ("https://h/a/f@", "feed or view is empty"),
        ("https://h/a/@Local", "feed or view is empty"),
        ("https://h/a/f?x=1", "query"),
        ("https://h/a/f?", "query"),
        ("https://h/a/f#", "query or a fragment"),
        ("https://h:port/a/f", "host or port"),
        ("https://h:70000/a/f", "host or port"),
        ("https://[::1/a/f", "host or port"),
        ("https://[::1]:8080/a/f", "IPv6"),
        ("https:///a/f", "no host name"),
        ("https://h ost/a/f", "no host name"),
        ("https://-h/a/f", "no host name"),
        ("https://h/a/%ff", "can not be read"),
        ("https://h/a/../f", "empty or can not be read"),
        ("https://h/a%2Fb/f", "slash"),
        ("https://h/a%5Cb/f", "slash"),
        ("https://h/a/f%0Ax", "can not be read"),
    ],
)
def test_what_names_no_feed_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidFeedUrl, match=reason) as caught:
        parse_feed_url(url)

    assert caught.value.exit_status == 2
    assert "HOST/ORGANIZATION/FEED" in caught.value.next_step


@pytest.mark.parametrize("user", ["build:canary@", "canary@", ":canary@"])
def test_credentials_in_the_address_are_refused_and_not_repeated(user: str) -> None:
    with pytest.raises(InvalidFeedUrl, match="credentials") as caught:
        parse_feed_url(f"https://{user}feeds.example/acme/f")

    assert "canary" not in f"{caught.value.message} {caught.value.next_step}"


def test_the_host_is_said_without_port() -> None:
    feed = parse_feed_url("http://Feeds.Example:8080/acme/f@Local")

    assert feed.host == "feeds.example"
    assert feed.simple_url == "http://feeds.example:8080/acme/_packaging/f@Local/pypi/simple/"


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="/\\@"), min_size=1
).filter(lambda name: name not in (".", "..", "_packaging"))


@given(organization=NAMES, project=st.none() | NAMES, feed=NAMES, view=st.none() | NAMES)
def test_every_feed_is_found_again_by_its_own_address(
    organization: str, project: str | None, feed: str, view: str | None
) -> None:
    made = FeedUrl("https://feeds.example:8443", organization, project, feed, view)

    assert parse_feed_url(made.simple_url) == made
