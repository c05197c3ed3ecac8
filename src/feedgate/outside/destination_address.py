"""The two addresses of a destination, each derived from the other by the paths of known products.

``.pypirc`` knows only where uploads go, ``PIP_INDEX_URL`` only where pages are; a
person has one of the two at hand. Pure: nothing is asked here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import unquote

from yarl import URL

from feedgate.errors import Invalid
from feedgate.machine.azure_web_page import indexes_of_web_page, which_index
from feedgate.model.destination import Addresses

AZURE_HOST = "pkgs.dev.azure.com"
AZURE_LEGACY_SUFFIX = ".pkgs.visualstudio.com"

_LONGEST_NAME = 64
_DIGEST_CHARACTERS = 8
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")
_ENDS_LIKE_A_DIGEST = re.compile(rf"-[0-9a-f]{{{_DIGEST_CHARACTERS}}}")
_FOLDERS = r"(?:/[^/]+)*?"


class InvalidDestination(Invalid):
    """An address that can be no destination's."""

    code = "invalid-destination"

    def __init__(self, raw: str, *, reason: str) -> None:
        super().__init__(
            f"{raw}: is no destination: {reason}",
            next_step="Give the address that uploads go to, or that of the simple index, beginning with https://.",
        )


class AddressNotDerivable(Invalid):
    """A destination of which only one address is known, and by no pattern of ours the other."""

    code = "destination-address-unknown"

    def __init__(self, raw: str, *, lacking: str, next_step: str) -> None:
        super().__init__(
            f"{raw}: the address {lacking} can not be derived from it",
            next_step=next_step,
            facts={"address": raw},
        )


class AzureWebPage(Invalid):
    """A page of a feed for people, where the address of the feed's index belongs."""

    code = "azure-web-page"

    def __init__(self, indexes: tuple[str, ...]) -> None:
        super().__init__(
            "the address is a page of Azure DevOps for people, and no index",
            next_step=which_index(indexes),
            facts={"indexes": list(indexes)},
        )


@dataclass(frozen=True, slots=True)
class _Product:
    """How the addresses of a product are made: ``base`` in its patterns, and what follows it."""

    name: str
    upload: re.Pattern[str]
    read: re.Pattern[str]
    upload_ending: str
    read_ending: str


def _product(
    name: str, base: str, upload: str, read: str, *, slash: bool, any_read: str | None = None
) -> _Product:
    """Return a product whose uploads go to ``base`` + ``upload``; ``slash`` where that must end with one."""
    return _Product(
        name,
        re.compile(f"(?P<base>{base}){re.escape(upload)}", re.IGNORECASE),
        re.compile(f"(?P<base>{base if any_read is None else any_read}){re.escape(read)}", re.IGNORECASE),
        f"{upload}/" if slash else upload,
        f"{read}/",
    )


_PRODUCTS = (
    _product("Azure Artifacts", rf"{_FOLDERS}/_packaging/[^/]+/pypi", "/upload", "/simple", slash=False),
    _product("GitLab", rf"{_FOLDERS}/api/v4/projects/[^/]+/packages/pypi", "", "/simple", slash=False),
    _product("Artifactory", rf"{_FOLDERS}/api/pypi/[^/]+", "", "/simple", slash=False),
    _product("Nexus", rf"{_FOLDERS}/repository/[^/]+", "", "/simple", slash=True),
    _product("devpi", "/[^/+]+/[^/+]+", "", "/+simple", slash=True, any_read=_FOLDERS),
    _product("pypiserver", "", "", "/simple", slash=True, any_read=_FOLDERS),
)
"""Patterns are of paths without the slash at their end; the first that fits counts."""

_AZURE_FEED = re.compile(rf"(?P<base>{_FOLDERS}/_packaging/[^/]+)(?:/pypi)?", re.IGNORECASE)
_GITLAB_GROUP = re.compile(rf"{_FOLDERS}/api/v4/groups/[^/]+/-/packages/pypi/simple", re.IGNORECASE)
_AZURE_PLACE = re.compile(
    r"(?P<scope>(?:/[^/]+)*)/_packaging/(?P<feed>[^/]+)/pypi/(?:simple|upload)/?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class AzurePlace:
    """A feed by Azure's paths: ``scope`` are the segments before it (organization or collection, project)."""

    origin: str
    scope: tuple[str, ...]
    feed: str
    is_hosted: bool

    @property
    def organization(self) -> str:
        """The organization, or the collection of a server; "" where the address has none."""
        return self.scope[0] if self.scope else ""


def derive_addresses(raw: str, read_url: str | None = None) -> Addresses:
    """Return both addresses, given either; ``read_url`` says the pages' where no pattern would.

    Known are Azure Artifacts (also its old host and Azure DevOps Server), Feedgate itself,
    devpi, pypiserver, Nexus, Artifactory and GitLab. An upload address stays as it was given.
    Raises InvalidDestination, AzureWebPage, AddressNotDerivable.
    """
    url = _parsed(raw)
    path = url.raw_path.rstrip("/")
    stated = None if read_url is None else _with_slash(_parsed(read_url))
    feed = _AZURE_FEED.fullmatch(path)
    if feed is not None:
        return _of_azure(url, f"{feed['base']}/pypi", str(_at(url, f"{feed['base']}/pypi/upload")), stated)
    for product in _PRODUCTS:
        if (found := product.read.fullmatch(path)) is not None and _GITLAB_GROUP.fullmatch(path) is None:
            upload_url = str(_at(url, f"{found['base']}{product.upload_ending}"))
            return _checked(url, Addresses(upload_url, stated or _with_slash(url)))
        if stated is None and (found := product.upload.fullmatch(path)) is not None:
            return _checked(url, Addresses(str(url), str(_at(url, f"{found['base']}{product.read_ending}"))))
    if stated is None:
        raise _not_derivable(url, path)
    return _checked(url, Addresses(str(url), stated))


def source_addresses(raw: str) -> Addresses:
    """Return the address of an index to be copied, as it was given, and as ``read_url`` where its pages should be.

    A source takes no uploads, so views and whole groups are as good as any; what fits no
    pattern is taken for the pages themselves. Both end with a slash. Raises InvalidDestination, AzureWebPage.
    """
    url = _parsed(raw)
    given, path = _with_slash(url), url.raw_path.rstrip("/")
    feed = _AZURE_FEED.fullmatch(path)
    if feed is not None:
        return Addresses(given, str(_at(url, f"{feed['base']}/pypi/simple/")))
    for product in _PRODUCTS:
        if product.read.fullmatch(path) is not None:
            return Addresses(given, given)
        if (found := product.upload.fullmatch(path)) is not None:
            return Addresses(given, str(_at(url, f"{found['base']}{product.read_ending}")))
    return Addresses(given, given)


def azure_place(addresses: Addresses) -> AzurePlace | None:
    """Return what Azure's paths say, None where these are not its paths (Feedgate's and Azure's are alike)."""
    url = URL(addresses.read_url)
    found = _AZURE_PLACE.fullmatch(url.raw_path)
    if found is None:
        return None
    scope = tuple(unquote(segment) for segment in found["scope"].split("/") if segment)
    host = url.raw_host or ""
    if host.endswith(AZURE_LEGACY_SUFFIX):
        inside = tuple(segment for segment in scope if segment.lower() != "defaultcollection")
        scope = (host.removesuffix(AZURE_LEGACY_SUFFIX), *inside)
    return AzurePlace(str(url.origin()), scope, unquote(found["feed"]), _is_azure_host(host))


def is_azure(addresses: Addresses, azure_hosts: Collection[str] = ()) -> bool:
    """Whether Microsoft's own hosts answer there, or one of ``azure_hosts`` (an Azure DevOps Server's)."""
    hosts = {(URL(address).raw_host or "") for address in (addresses.upload_url, addresses.read_url)}
    known = {host.lower() for host in azure_hosts}
    return any(_is_azure_host(host) or host in known for host in hosts)


def local_name(addresses: Addresses) -> str:
    """Return a feed's name that stands for the destination: organization, project and feed, else host and path.

    Lower case, at most 64 characters, the same for the same destination and for no other. Only the
    name ``ORGANIZATION-FEED`` of a feed in the cloud that is the whole organization's can be read back in
    one way, if no dash stands in ORGANIZATION; all others end with eight digits of the sha256 of both addresses.
    """
    place = azure_place(addresses)
    if place is not None:
        parts = [*place.scope, place.feed]
    else:
        url = URL(addresses.read_url)
        port = [str(url.explicit_port)] if url.explicit_port else []
        folders = [
            segment for segment in url.path.split("/") if segment.lower() not in {"", "simple", "+simple"}
        ]
        parts = [url.raw_host or "", *port, *folders]
    name = _NOT_IN_NAMES.sub("-", "-".join(parts).lower()).strip("._-")
    keys = dict.fromkeys(
        _hosted_key(url) or url.rstrip("/") for url in (addresses.upload_url, addresses.read_url)
    )
    if place is not None and place.is_hosted and len(keys) == 1 and _is_read_back(name, parts):
        return name
    digest = sha256("\n".join(keys).encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{name[: _LONGEST_NAME - _DIGEST_CHARACTERS - 1].rstrip('._-') or 'destination'}-{digest}"


def _is_read_back(name: str, parts: list[str]) -> bool:
    """Whether these parts alone give the name."""
    return (
        len(parts) == 2  # organization and feed
        and "-" not in parts[0]
        and name == "-".join(parts).lower()
        and len(name) <= _LONGEST_NAME
        and not _ENDS_LIKE_A_DIGEST.search(name[-_DIGEST_CHARACTERS - 1 :])
    )


def _hosted_key(url: str) -> str | None:
    """Return what all addresses of one feed in Azure's cloud share; None for any other's."""
    place = azure_place(Addresses(url, url))
    if place is None or not place.is_hosted:
        return None
    return "/".join([*place.scope, "_packaging", place.feed]).lower()


def _parsed(raw: str) -> URL:
    indexes = indexes_of_web_page(raw)
    if indexes:
        raise AzureWebPage(indexes)
    try:
        url = URL(raw.strip())
    except ValueError as error:
        raise InvalidDestination(repr(raw[:200]), reason="it is no address") from error
    if url.user is not None or url.password is not None:
        raise InvalidDestination(
            str(url.with_user(None).with_query(None).with_fragment(None))[:200],
            reason="it holds a user name or a password; give them by --username, .pypirc or the environment",
        )
    if url.scheme not in {"https", "http"} or not url.raw_host:
        raise InvalidDestination(repr(raw[:200]), reason="it does not begin with https:// and a host")
    if url.raw_query_string or url.raw_fragment:
        raise InvalidDestination(
            str(url.with_query(None).with_fragment(None))[:200], reason="nothing may follow its path"
        )
    return url


def _of_azure(url: URL, base: str, upload_url: str, stated: str | None) -> Addresses:
    return _checked(url, Addresses(upload_url, stated or str(_at(url, f"{base}/simple/"))))


def _checked(url: URL, addresses: Addresses) -> Addresses:
    found = _AZURE_PLACE.fullmatch(URL(addresses.upload_url).raw_path)
    if found is not None and "@" in unquote(found["feed"]):
        raise InvalidDestination(
            str(url)[:200], reason="it is a view; uploads go to the feed itself, which has no @ in its name"
        )
    return addresses


def _not_derivable(url: URL, path: str) -> AddressNotDerivable:
    if _GITLAB_GROUP.fullmatch(path):
        return AddressNotDerivable(
            str(url)[:200],
            lacking="for uploads",
            next_step=f"A group takes none: give a project's address, and the group's with --read-url {str(url)[:200]}",
        )
    return AddressNotDerivable(
        str(url)[:200],
        lacking="of its pages",
        next_step="Give the address of its simple index with --read-url.",
    )


def _at(url: URL, path: str) -> URL:
    return url.with_path(path or "/", encoded=True)


def _with_slash(url: URL) -> str:
    return str(_at(url, f"{url.raw_path.rstrip('/')}/"))


def _is_azure_host(host: str) -> bool:
    return host == AZURE_HOST or host.endswith(AZURE_LEGACY_SUFFIX)
