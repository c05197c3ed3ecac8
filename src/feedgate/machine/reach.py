"""Ask the index once, as a client would, before its address and token are written down.

The token goes to the index's own origin and nowhere else: a redirect elsewhere
is said and not followed.
"""

from __future__ import annotations

import base64
import re
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import SplitResult, urljoin, urlsplit

from feedgate.machine.addresses import FeedUrl
from feedgate.machine.errors import MachineError
from feedgate.machine.index_address import IndexAddress
from feedgate.machine.plan import without_credentials

# What pip says: whoever negotiates sends the form that pip will get (PEP 691).
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
_PAGES = re.compile(
    r"(?:text/html|application/vnd\.pypi\.simple\.(?:v1|latest)\+(?:json|html))(?:\s*;.*)?", re.IGNORECASE
)
_AZURE_HOST = re.compile(r"(?:.+\.)?pkgs\.(?:dev\.azure\.com|visualstudio\.com)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TIMEOUT_SECONDS = 10.0
_LONGEST_WORDS = 300


class FeedRefused(MachineError):
    """The index does not let this token read it."""

    code = "feed-refused"

    def __init__(self, index: IndexAddress, status: int, *, with_token: bool = True) -> None:
        words = {
            401: "the server does not take this token" if with_token else "the server asks for a token",
            403: "the token's owner may not read this feed",
            404: "there is no such feed, or the token's owner has no role on it",
        }
        super().__init__(
            f"{index.simple_url}: {words[status]} ({status}); nothing was changed",
            next_step=_advice(index, status),
        )
        self.status = status


class NoIndex(MachineError):
    """What answers at the address is something else than a simple index."""

    code = "no-index"

    def __init__(self, index: IndexAddress, content_type: str) -> None:
        super().__init__(
            f"{index.simple_url}: no simple index answers there: its content type is "
            f"{_inert(content_type) or 'not said'}; nothing was changed",
            next_step="Check the address: an index's own ends in a slash, and mostly in /simple/ (PEP 503).",
        )


def ask_feed(index: IndexAddress, credentials: tuple[str, str] | None) -> str | None:
    """Read the index's list of projects once; return a note where nobody answered as an index does.

    ``credentials``: user name and token. What the list holds is not looked at: Azure Artifacts
    lists nothing there. Raises FeedRefused and NoIndex where the server says no. An
    image may be built where the server can not be reached, so that alone is no error.
    """
    url = index.simple_url
    request = urllib.request.Request(url, headers={"Accept": _ACCEPT})  # noqa: S310  # an IndexAddress is http(s)
    if credentials is not None:
        basic = base64.b64encode(":".join(credentials).encode()).decode()
        request.add_header("Authorization", f"Basic {basic}")
    try:
        with urllib.request.build_opener(_WithinOrigin).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            status, content_type = answer.status, answer.headers.get("Content-Type", "")
    except _LeadsElsewhere as redirect:
        return f"{url} leads to {redirect.origin}: not followed with the token, so not tried further"
    except urllib.error.HTTPError as refusal:
        refusal.close()
        status, content_type = refusal.code, ""
    except (OSError, HTTPException, ValueError) as error:
        words = _inert(getattr(error, "reason", error))
        return f"{url} could not be reached from here ({words}): not tried"
    return judge(index, status, content_type, with_token=credentials is not None)


def judge(index: IndexAddress, status: int, content_type: str, *, with_token: bool) -> str | None:
    """Return what to note of an answer; raises FeedRefused and NoIndex."""
    if status in (401, 403, 404):
        raise FeedRefused(index, status, with_token=with_token)
    if status != 200:
        return f"{index.simple_url} answered {status}: not tried further"
    if not _PAGES.fullmatch(content_type.strip()):
        raise NoIndex(index, content_type)
    return None


def _advice(index: IndexAddress, status: int) -> str:
    if _AZURE_HOST.fullmatch(index.host):
        return {
            401: "Check that the token has not expired, is of this organization and has the scope Packaging (Read).",
            403: "Give its owner the role Feed Reader (the feed's settings, Permissions).",
            404: "Check organization, project and feed: only a project-scoped feed has its project in the address.",
        }[status]
    if isinstance(index, FeedUrl):
        return (
            "Check the address and the token. In Feedgate an Owner gives a role with: "
            "feedgate grant ORG/FEED ACTOR reader"
        )
    if status == 404:
        return (
            "Check the address (a feed of Feedgate is written https://HOST/ORGANIZATION/FEED, without a slash "
            "at its end). Where this index has no page that lists its projects: --no-check."
        )
    return "Check the token, and --username if this index knows its users by name."


class _LeadsElsewhere(Exception):  # no error: a fact about an answer
    """A redirect away from the index's own origin."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.origin = origin


class _WithinOrigin(urllib.request.HTTPRedirectHandler):
    """Follows redirects only where the token may go."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request that follows a redirect; raises _LeadsElsewhere."""
        there = urlsplit(urljoin(req.full_url, newurl))
        if _origin(there) != _origin(urlsplit(req.full_url)):
            fp.close()
            raise _LeadsElsewhere(without_credentials(f"{there.scheme}://{there.netloc}"))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)


def _inert(words: object) -> str:
    """Return a stranger's words on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(words).split()))[:_LONGEST_WORDS]
