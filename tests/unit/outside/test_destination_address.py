"""Either address of a destination is enough, for every product that is known."""

from fnmatch import fnmatch

import pytest

from feedgate.model.destination import Addresses
from feedgate.model.names import parse_feed_path
from feedgate.outside.destination_address import (
    AZURE_HOST,
    AZURE_LEGACY_SUFFIX,
    AddressNotDerivable,
    AzureWebPage,
    InvalidDestination,
    azure_place,
    derive_addresses,
    is_azure,
    local_name,
    source_addresses,
)

AZURE = f"https://{AZURE_HOST}/acme"
OLD = f"https://acme{AZURE_LEGACY_SUFFIX}"
PRODUCTS = [
    pytest.param(
        f"{AZURE}/_packaging/pip-feed/pypi/upload", f"{AZURE}/_packaging/pip-feed/pypi/simple/", id="azure"
    ),
    pytest.param(
        f"{AZURE}/My%20Project/_packaging/pip-feed/pypi/upload",
        f"{AZURE}/My%20Project/_packaging/pip-feed/pypi/simple/",
        id="azure-project",
    ),
    pytest.param(
        f"{OLD}/_packaging/pip-feed/pypi/upload",
        f"{OLD}/_packaging/pip-feed/pypi/simple/",
        id="azure-old-host",
    ),
    pytest.param(
        "https://devops.example/tfs/Collection/Project/_packaging/pip-feed/pypi/upload",
        "https://devops.example/tfs/Collection/Project/_packaging/pip-feed/pypi/simple/",
        id="azure-devops-server",
    ),
    pytest.param(
        "http://127.0.0.1:8080/acme/_packaging/pip-feed/pypi/upload",
        "http://127.0.0.1:8080/acme/_packaging/pip-feed/pypi/simple/",
        id="feedgate",
    ),
    pytest.param("https://devpi.example/root/acme/", "https://devpi.example/root/acme/+simple/", id="devpi"),
    pytest.param("http://pypi.example:8080/", "http://pypi.example:8080/simple/", id="pypiserver"),
    pytest.param(
        "https://nexus.example/repository/pypi-acme/",
        "https://nexus.example/repository/pypi-acme/simple/",
        id="nexus",
    ),
    pytest.param(
        "https://nexus.example/prefix/repository/pypi-acme/",
        "https://nexus.example/prefix/repository/pypi-acme/simple/",
        id="nexus-below-a-path",
    ),
    pytest.param(
        "https://acme.jfrog.example/artifactory/api/pypi/pypi-acme",
        "https://acme.jfrog.example/artifactory/api/pypi/pypi-acme/simple/",
        id="artifactory",
    ),
    pytest.param(
        "https://acme.jfrog.example/api/pypi/pypi-acme",
        "https://acme.jfrog.example/api/pypi/pypi-acme/simple/",
        id="artifactory-own-host",
    ),
    pytest.param(
        "https://gitlab.example/api/v4/projects/42/packages/pypi",
        "https://gitlab.example/api/v4/projects/42/packages/pypi/simple/",
        id="gitlab",
    ),
    pytest.param(
        "https://gitlab.example/api/v4/projects/group%2Fproject/packages/pypi",
        "https://gitlab.example/api/v4/projects/group%2Fproject/packages/pypi/simple/",
        id="gitlab-by-path",
    ),
]


@pytest.mark.parametrize(("upload_url", "read_url"), PRODUCTS)
class TestEveryProduct:
    def test_its_pages_are_derived_from_where_uploads_go(self, upload_url: str, read_url: str) -> None:
        assert derive_addresses(upload_url) == Addresses(upload_url, read_url)

    def test_where_uploads_go_is_derived_from_its_pages(self, upload_url: str, read_url: str) -> None:
        assert derive_addresses(read_url) == Addresses(upload_url, read_url)

    def test_a_slash_at_the_end_makes_no_difference_to_what_is_derived(
        self, upload_url: str, read_url: str
    ) -> None:
        other = upload_url[:-1] if upload_url.endswith("/") else f"{upload_url}/"
        found = derive_addresses(other)

        assert found.read_url == read_url
        assert found.upload_url.rstrip("/") == upload_url.rstrip("/")
        assert derive_addresses(read_url.rstrip("/")) == Addresses(upload_url, read_url)

    def test_scheme_and_host_may_be_written_in_capitals(self, upload_url: str, read_url: str) -> None:
        scheme, _, rest = read_url.partition("://")
        host, slash, path = rest.partition("/")

        assert derive_addresses(f"{scheme.upper()}://{host.upper()}{slash}{path}") == Addresses(
            upload_url, read_url
        )

    def test_both_given_are_taken_as_they_are(self, upload_url: str, read_url: str) -> None:
        assert derive_addresses(upload_url, read_url) == Addresses(upload_url, read_url)
        assert derive_addresses(upload_url, "https://pages.example/index") == Addresses(
            derive_addresses(upload_url).upload_url, "https://pages.example/index/"
        )

    def test_its_local_name_is_a_feeds_name(self, upload_url: str, read_url: str) -> None:
        name = local_name(derive_addresses(upload_url))

        assert str(parse_feed_path(f"local/{name}")) == f"local/{name}"
        assert name == local_name(derive_addresses(read_url))


def test_an_upload_address_stays_as_it_was_given() -> None:
    """Some products want the slash at its end and some do not; who copied it knows."""
    given = f"{AZURE}/_packaging/pip-feed/pypi/upload/"

    assert derive_addresses(given).upload_url == given


@pytest.mark.parametrize("ending", ["", "/", "/pypi", "/pypi/"])
def test_an_azure_feed_may_be_named_without_the_end_of_its_path(ending: str) -> None:
    assert derive_addresses(f"{AZURE}/_packaging/pip-feed{ending}") == Addresses(
        f"{AZURE}/_packaging/pip-feed/pypi/upload", f"{AZURE}/_packaging/pip-feed/pypi/simple/"
    )


def test_azures_fixed_words_may_be_in_capitals_and_names_keep_their_case() -> None:
    found = derive_addresses(f"https://{AZURE_HOST.upper()}/Acme/_Packaging/Pip-Feed/PyPI/Simple")

    assert found.upload_url == f"https://{AZURE_HOST}/Acme/_Packaging/Pip-Feed/PyPI/upload"


def test_a_space_in_a_projects_name_is_written_for_the_wire() -> None:
    found = derive_addresses(f"{AZURE}/My Project/_packaging/pip-feed/pypi/upload")

    assert found.read_url == f"{AZURE}/My%20Project/_packaging/pip-feed/pypi/simple/"


@pytest.mark.parametrize("feed", ["pip-feed@Local", "pip-feed%40Release", "pip-feed@serial:7"])
@pytest.mark.parametrize("ending", ["simple/", "upload", ""])
def test_a_view_is_no_destination(feed: str, ending: str) -> None:
    with pytest.raises(InvalidDestination, match="it is a view"):
        derive_addresses(f"{AZURE}/_packaging/{feed}/pypi/{ending}")


@pytest.mark.parametrize("feed", ["pip-feed@Local", "pip-feed%40Release"])
def test_a_view_may_be_read_where_uploads_go_to_its_feed(feed: str) -> None:
    read_url = f"{AZURE}/_packaging/{feed}/pypi/simple/"

    found = derive_addresses(f"{AZURE}/_packaging/pip-feed/pypi/upload", read_url)

    assert found.upload_url == f"{AZURE}/_packaging/pip-feed/pypi/upload"
    assert "elease" in found.read_url or "@Local" in found.read_url


@pytest.mark.parametrize(
    "raw",
    [
        "https://host.example/one/two/three",
        "https://host.example/api/v4/projects/42/packages/npm",
        "https://host.example/upload.php",
        "https://host.example/one",
    ],
)
def test_an_unknown_path_asks_for_the_other_address(raw: str) -> None:
    with pytest.raises(AddressNotDerivable, match="of its pages can not be derived") as error:
        derive_addresses(raw)
    assert raw in error.value.message
    assert "--read-url" in error.value.next_step
    assert derive_addresses(raw, "https://host.example/index") == Addresses(
        raw, "https://host.example/index/"
    )


def test_a_gitlab_group_takes_no_uploads() -> None:
    group = "https://gitlab.example/api/v4/groups/7/-/packages/pypi/simple"
    project = "https://gitlab.example/api/v4/projects/42/packages/pypi"

    with pytest.raises(AddressNotDerivable, match="for uploads can not be derived") as error:
        derive_addresses(group)
    assert f"--read-url {group}" in error.value.next_step
    assert derive_addresses(project, group) == Addresses(project, f"{group}/")


@pytest.mark.parametrize(
    "raw",
    [
        "https://user:pass-word@pypi.example/simple/",
        "https://token@pypi.example/",
        "https://:pass-word@pypi.example/",
        "https://user@pypi.example/?token=pass-word",
    ],
)
@pytest.mark.parametrize("is_read", [False, True])
def test_user_information_is_refused_and_not_repeated(raw: str, is_read: bool) -> None:
    with pytest.raises(InvalidDestination, match="holds a user name or a password") as error:
        derive_addresses("https://pypi.example/", raw) if is_read else derive_addresses(raw)
    said = f"{error.value} {error.value.next_step} {error.value.facts}"
    assert "pass-word" not in said
    assert "token@" not in said


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("pypi.example/simple/", "does not begin with https://"),
        ("acme/pip-feed", "does not begin with https://"),
        ("ftp://pypi.example/", "does not begin with https://"),
        ("https:///simple/", "no address|does not begin"),
        ("", "does not begin with https://"),
        ("https://pypi.example:port/", "no address"),
        ("https://[::1/", "no address"),
        ("https://pypi.example/?token=pass-word", "nothing may follow its path"),
        ("https://pypi.example/#sha256=pass-word", "nothing may follow its path"),
    ],
)
def test_what_is_no_address_is_refused(raw: str, reason: str) -> None:
    with pytest.raises(InvalidDestination, match=reason) as error:
        derive_addresses(raw)
    assert "pass-word" not in error.value.message


@pytest.mark.parametrize(
    ("read_url", "name"),
    [
        (f"{AZURE}/_packaging/pip-feed/pypi/simple/", "acme-pip-feed"),
        (f"{AZURE}/My%20Project/_packaging/Pip_Feed/pypi/simple/", "acme-my-project-pip_feed-*"),
        (f"{OLD}/DefaultCollection/_packaging/f/pypi/simple/", "acme-f"),
        ("https://devops.example/tfs/C/_packaging/f/pypi/simple/", "tfs-c-f-*"),
        ("https://devpi.example/team/acme/+simple/", "devpi.example-team-acme-*"),
        ("http://127.0.0.1:8080/simple/", "127.0.0.1-8080-*"),
        ("https://nexus.example/repository/pypi.acme/simple/", "nexus.example-repository-pypi.acme-*"),
    ],
)
def test_a_local_name_tells_whose_feed_it_is(read_url: str, name: str) -> None:
    assert fnmatch(local_name(derive_addresses(read_url)), name)


def test_two_destinations_never_share_a_local_name() -> None:
    one_name = [
        f"{AZURE}/_packaging/b-c/pypi/simple/",
        f"{AZURE}/b/_packaging/c/pypi/simple/",
        f"https://{AZURE_HOST}/acme-b/_packaging/c/pypi/simple/",
        f"https://{AZURE_HOST}/acme-b-c/_packaging/c/pypi/simple/",
        "https://devops.example/acme/_packaging/b-c/pypi/simple/",
        "https://other.example/acme/_packaging/b-c/pypi/simple/",
        "http://other.example/acme/_packaging/b-c/pypi/simple/",
        f"{AZURE}/_packaging/b!c/pypi/simple/",
    ]
    read_url = one_name[0]

    names = [local_name(derive_addresses(address)) for address in one_name]
    elsewhere = local_name(Addresses("https://upload.example/", read_url))
    digested = names[1].removeprefix("acme-")

    assert names[0] == "acme-b-c"
    assert len({*names, elsewhere}) == len(names) + 1
    assert local_name(derive_addresses(f"{AZURE}/_packaging/{digested}/pypi/simple/")) != names[1]


def test_a_feed_has_one_local_name_however_it_is_addressed() -> None:
    ways = [
        f"{AZURE}/p/_packaging/Pip-Feed/pypi/simple/",
        f"{AZURE}/P/_packaging/pip-feed/pypi/upload",
        f"{AZURE}/P/_packaging/pip-feed/pypi/upload/",
        f"{OLD}/DefaultCollection/P/_packaging/pip-feed/pypi/simple/",
    ]

    assert len({local_name(derive_addresses(way)) for way in ways}) == 1


@pytest.mark.parametrize(
    "page",
    [
        "https://dev.azure.com/acme/P/_artifacts/feed/pip-feed",
        "https://acme.visualstudio.com/P/_artifacts/feed/pip-feed@Local?_a=package",
    ],
)
def test_a_page_for_people_is_answered_with_the_index_to_use(page: str) -> None:
    for read in (derive_addresses, source_addresses):
        with pytest.raises(AzureWebPage) as caught:
            read(page)
        assert f"{AZURE}/P/_packaging/pip-feed/pypi/simple/" in caught.value.next_step
        assert f"{AZURE}/_packaging/pip-feed/pypi/simple/" in caught.value.next_step


def test_a_long_local_name_is_cut_and_still_its_own() -> None:
    names = {
        local_name(Addresses("https://u.example/", f"https://host.example/{'x' * 200}/{end}/simple/"))
        for end in ("one", "two")
    }

    assert len(names) == 2
    assert all(len(name) == 64 for name in names)
    assert all(parse_feed_path(f"local/{name}") for name in names)


@pytest.mark.parametrize(
    ("upload_url", "read_url", "expected"),
    [
        (f"{AZURE}/_packaging/f/pypi/upload", f"{AZURE}/_packaging/f/pypi/simple/", True),
        (f"{OLD}/u", f"{OLD}/r/", True),
        (f"https://{AZURE_HOST}.evil.example/u", f"https://{AZURE_HOST}.evil.example/r/", False),
        (f"https://evil{AZURE_LEGACY_SUFFIX[1:]}/u", f"https://evil{AZURE_LEGACY_SUFFIX[1:]}/r/", False),
        ("https://feedgate.example/a/_packaging/f/pypi/upload", "https://feedgate.example/r/", False),
        ("https://devops.example/c/_packaging/f/pypi/upload", "https://devops.example/r/", True),
    ],
)
def test_azure_is_known_by_its_hosts_and_those_that_were_named(
    upload_url: str, read_url: str, expected: bool
) -> None:
    assert is_azure(Addresses(upload_url, read_url), ["DevOps.example"]) is expected


def test_a_place_by_azures_paths_has_organization_and_feed() -> None:
    place = azure_place(derive_addresses(f"{AZURE}/My%20Project/_packaging/pip-feed/pypi/upload"))
    assert place is not None
    assert (place.organization, place.scope, place.feed, place.is_hosted) == (
        "acme",
        ("acme", "My Project"),
        "pip-feed",
        True,
    )

    old = azure_place(derive_addresses(f"{OLD}/_packaging/f/pypi/upload"))
    assert old is not None
    assert (old.organization, old.scope, old.is_hosted) == ("acme", ("acme",), True)

    own = azure_place(derive_addresses("https://feedgate.example/acme/_packaging/f/pypi/upload"))
    assert own is not None
    assert (own.origin, own.scope, own.is_hosted) == ("https://feedgate.example", ("acme",), False)
    assert azure_place(derive_addresses("https://pypi.example/")) is None
