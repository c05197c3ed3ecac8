"""A destination as errors speak of it, and what one looks at when it does not let us in."""

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from yarl import URL

from feedgate.errors import Broken, FeedgateError, Forbidden, Invalid
from feedgate.model.destination import Addresses
from feedgate.model.index import UpstreamUnavailable
from feedgate.outside.destination_address import azure_place, is_azure
from feedgate.outside.peer import Peer
from feedgate.outside.words import status_in_words

DENIALS = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        HTTPStatus.NON_AUTHORITATIVE_INFORMATION,  # a page to sign in, in place of an answer
    }
)


class DestinationUnavailable(UpstreamUnavailable):
    """The destination did not answer; nobody can say what it holds."""

    code = "destination-unavailable"

    def __init__(self, what: str, *, reason: str, index: str) -> None:
        super().__init__(
            what,
            reason=reason,
            index=index,
            next_step=f"Give the same command again when {index} answers; what is there is not sent twice.",
        )


class DestinationDenied(Forbidden):
    """The destination does not let us in, or not do this."""

    code = "destination-denied"

    def __init__(self, what: str, *, destination: str, status: int, words: str, next_step: str) -> None:
        said = f": {words}" if words else ""
        super().__init__(
            f"{what}: {destination} does not allow it ({status_in_words(status)}{said})",
            next_step=next_step,
            facts={"what": what, "status": status},
        )


class LeadsElsewhere(Broken):
    """A page of the destination's that leads to another host: nobody can say what the destination itself has."""

    code = "destination-leads-elsewhere"

    def __init__(self, what: str, *, destination: str, host: str) -> None:
        super().__init__(
            f"{what}: {destination} leads to {host} for its page, which is neither it nor the upstream",
            next_step="If that is the same index under another name, give its address with --to or --read-url. If it "
            "is an index that it falls back to, switch that off there (pypiserver: --disable-fallback).",
            facts={"what": what, "host": host},
        )


class NotADestination(Invalid):
    """One of the two addresses is none that a destination answers at."""

    code = "not-a-destination"

    def __init__(self, address: str, *, status: int, is_upload: bool, words: str = "") -> None:
        does = "takes no uploads" if is_upload else "shows no simple index"
        said = f": {words}" if words else ""
        hint = (
            "Give the address that uploads go to with --to, and that of its pages with --read-url."
            if is_upload
            else "Give the address of its simple index with --read-url."
        )
        super().__init__(
            f"{address}: {does} ({status_in_words(status)}{said})",
            next_step=f"Check organization, project and feed in the address. {hint}",
            facts={"address": address, "status": status},
        )


@dataclass(frozen=True, slots=True)
class DestinationPeer(Peer):
    """``organization`` is that of an Azure feed, None where the host is not Azure's."""

    organization: str | None = None

    @classmethod
    def of(
        cls,
        addresses: Addresses,
        azure_hosts: Collection[str] = (),
        upstream_hosts: Collection[str] = (),
    ) -> Self:
        """Return the destination at ``addresses``; ``azure_hosts`` are those of Azure DevOps Servers.

        A page that leads to one of ``upstream_hosts`` is one that it does not have.
        """
        url = URL(addresses.read_url)
        port = "" if url.explicit_port is None else f":{url.explicit_port}"
        organization = None
        if is_azure(addresses, azure_hosts):
            place = azure_place(addresses)
            organization = "" if place is None else place.organization
        return cls(
            name=f"the destination {url.raw_host}{port}",
            address_setting="--to (or --read-url)",
            hosts_setting="destinations.allowed_hosts",
            leads_to=frozenset(upstream_hosts),
            organization=organization,
        )

    def leads_elsewhere(self, what: str, host: str) -> FeedgateError:
        """Return the error of a page on a host that is neither this one nor an upstream's."""
        return LeadsElsewhere(what, destination=self.name, host=host)

    def unavailable(self, what: str, reason: str) -> UpstreamUnavailable:
        """Return the error of no answer."""
        return DestinationUnavailable(what, reason=reason, index=self.name)

    def refusal(self, what: str, status: int) -> FeedgateError:
        """Return DestinationDenied for what we may not, DestinationUnavailable for anything else."""
        if status in DENIALS:
            return self.denied(what, status)
        return self.unavailable(what, status_in_words(status))

    def denied(self, what: str, status: int, words: str = "") -> DestinationDenied:
        """Return the error that says what to look at; ``words`` are the destination's own, made fit to show."""
        return DestinationDenied(
            what, destination=self.name, status=status, words=words, next_step=self.advice(status)
        )

    def advice(self, status: int) -> str:
        """Say which of token, scope and role to look at, in Azure's own terms where it is Azure."""
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return (
                "The proxy asks for credentials: write them into HTTPS_PROXY, or name the host in NO_PROXY."
            )
        if self.organization is None:
            if status == HTTPStatus.FORBIDDEN:
                return "Look at user name and password or token, and at their rights on that index."
            return "Look at user name and password or token: none came, or they are not valid there."
        organization = self.organization or "ORGANIZATION"
        if status == HTTPStatus.FORBIDDEN:
            return (
                "Look at the role: the feed must give Feed Publisher (Contributor) to who asks. In a pipeline that is "
                f"'PROJECT Build Service ({organization})' where 'Limit job authorization scope to current project' is on, "
                f"else 'Project Collection Build Service ({organization})'; a feed of another project is out of reach while "
                "it is on. With a personal access token look at its scope too: Packaging (Read & write)."
            )
        return (
            "Look at the token: it did not come, is no longer valid, or is another organization's. In a pipeline put "
            "TwineAuthenticate@1 before this step in the same job, or map SYSTEM_ACCESSTOKEN into its environment; a job's "
            "token ends with the job. A personal access token must not have expired, must be of the organization "
            f"'{organization}', and needs the scope Packaging (Read & write)."
        )
