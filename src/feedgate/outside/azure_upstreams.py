"""Whether an Azure feed has upstream sources: then its pages list versions that nobody has saved there yet.

Asked of its REST interface. Where nobody answers it is unknown, which is never an error.
"""

import json
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from aiohttp.abc import AbstractResolver

from feedgate.errors import FeedgateError
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret
from feedgate.outside.body import MEBIBYTE
from feedgate.outside.destination_address import AzurePlace, azure_place
from feedgate.outside.destination_peer import DestinationPeer
from feedgate.outside.destination_settings import DestinationSettings
from feedgate.outside.fetcher import Fetcher, FetcherSettings, PageAnswer
from feedgate.outside.patience import Patience

_REST_ORIGIN: Final = "https://feeds.dev.azure.com"
_VERSION: Final = "7.1-preview.1"
_ATTEMPTS: Final = 2
_OF_AZURE_DEVOPS: Final = ("x-vss-e2eid", "x-tfs-processid")
"""Headers that all of its answers have, those of its servers too."""


async def has_upstream_sources(
    addresses: Addresses,
    credentials: tuple[str, Secret] | None,
    settings: DestinationSettings,
    *,
    resolver: AbstractResolver | None = None,
) -> bool | None:
    """Return whether upstream sources for Python are on: True, False, or None where nobody can say.

    False too for what is no Azure feed. The credentials go to Azure's REST host as well,
    or to the server that the pages are on. Raises nothing.
    """
    place = azure_place(addresses)
    if place is None:
        return False
    url = feed_url(place)
    fetching = FetcherSettings(
        upstream_url=url,
        patience=Patience(attempts=_ATTEMPTS, sleep=settings.sleep),
        credentials=credentials,
        authority=settings.authority,
        allowed_hosts=settings.allowed_hosts,
        proxies=settings.proxies,
        limits=settings.limits,
        peer=DestinationPeer.of(addresses, settings.azure_hosts),
    )
    try:
        async with Fetcher.opened(fetching, resolver=resolver) as fetcher:
            answer = await fetcher.get_page(
                f"{url}?api-version={_VERSION}",
                name=place.feed,
                headers={"Accept": "application/json"},
                limit_bytes=MEBIBYTE,
            )
    except FeedgateError:
        return None
    return _said_by(answer, place)


def feed_url(place: AzurePlace) -> str:
    """Return the address of the feed in the REST interface; a server's is below its collection."""
    origin = _REST_ORIGIN if place.is_hosted else place.origin
    segments = [quote(segment, safe="") for segment in place.scope]
    return "/".join([origin, *segments, "_apis/packaging/feeds", quote(place.feed, safe="")])


def _said_by(answer: PageAnswer, place: AzurePlace) -> bool | None:
    if answer.status == HTTPStatus.OK:
        try:
            return _is_on(json.loads(answer.body))
        except (ValueError, RecursionError):
            return None
    is_azure = place.is_hosted or any(header in answer.headers for header in _OF_AZURE_DEVOPS)
    return False if answer.status == HTTPStatus.NOT_FOUND and not is_azure else None


def _is_on(feed: Any) -> bool | None:
    """Read what the interface says of a feed; JSON of a stranger, so every shape may come."""
    if not isinstance(feed, dict) or not isinstance(feed.get("upstreamEnabled"), bool):
        return None
    if not feed["upstreamEnabled"]:
        return False
    sources = feed.get("upstreamSources")
    if not isinstance(sources, list):
        return None
    return any(_is_for_python(source) for source in sources)


def _is_for_python(source: Any) -> bool:
    return (
        isinstance(source, dict)
        and str(source.get("protocol", "")).lower() == "pypi"
        and not source.get("deletedDate")
    )
