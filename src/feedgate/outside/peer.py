"""Whom we talk with: what errors call it, which settings they point at, and what a refusal of it means."""

from dataclasses import dataclass
from http import HTTPStatus

from feedgate.errors import FeedgateError
from feedgate.model.index import BadPage, NoSuchFile, UpstreamUnavailable
from feedgate.outside.words import status_in_words

GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True, slots=True)
class Peer:
    """An index as errors speak of it; as it is made, the upstream.

    Where ``leads_to`` names hosts, a page on another host is none of its own; on one of these it means that
    there is none: pypiserver leads to PyPI for a project that it does not have.
    """

    name: str = "the upstream"
    address_setting: str = "upstream.url"
    hosts_setting: str = "upstream.allowed_hosts"
    leads_to: frozenset[str] | None = None

    def unavailable(self, what: str, reason: str) -> UpstreamUnavailable:
        """Return the error of no answer."""
        return UpstreamUnavailable(what, reason=reason, index=self.name)

    def leads_elsewhere(self, what: str, host: str) -> FeedgateError:
        """Return the error of a page on another host, where that is not followed."""
        return self.unavailable(what, f"it leads to {host}")

    def refusal(self, what: str, status: int) -> FeedgateError:
        """Return the error of an answer with a status that gives nothing; absence is the caller's to judge."""
        return self.unavailable(what, status_in_words(status))

    def no_file(self, what: str, status: int) -> FeedgateError:
        """Return the error of an answer that should have given a file."""
        return NoSuchFile(what, index=self.name) if status in GONE else self.refusal(what, status)

    def bad_page(self, error: BadPage) -> BadPage:
        """Return the error of a page that can not be read, in words that fit this index."""
        return BadPage(error.what, reason=error.reason, index=self.name, address_setting=self.address_setting)


UPSTREAM = Peer()
