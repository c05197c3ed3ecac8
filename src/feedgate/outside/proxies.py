"""Which proxy, if any, stands before an address: the environment's variables, read once.

aiohttp's own ``trust_env`` would read them too, and netrc with them: then
credentials would go where nobody configured them to go.
"""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from yarl import URL

from feedgate.errors import Invalid


class InvalidProxy(Invalid):
    """A proxy variable holds what we can not use."""

    code = "invalid-proxy"

    def __init__(self, variable: str, *, reason: str) -> None:
        super().__init__(
            f"{variable}: the proxy can not be used: {reason}",
            next_step=f"Write http://HOST:PORT into {variable}, or unset it.",
            facts={"variable": variable},
        )


@dataclass(frozen=True, slots=True)
class Proxies:
    """``by_scheme`` as ``urllib`` names them: http, https, all, and ``no`` for NO_PROXY.

    NO_PROXY knows suffixes of names, ``HOST:PORT`` and ``*``; no networks (10.0.0.0/8).
    """

    by_scheme: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls) -> Self:
        """Read HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; raises InvalidProxy."""
        return cls(urllib.request.getproxies_environment())

    def __post_init__(self) -> None:
        for scheme in ("http", "https", "all"):
            if raw := self.by_scheme.get(scheme):
                self._checked(scheme, raw)

    def before(self, url: URL) -> URL | None:
        """Return the proxy to go through for ``url``, or None to go straight."""
        raw = self.by_scheme.get(url.scheme) or self.by_scheme.get("all")
        if not raw:
            return None
        place = f"{url.raw_host}:{url.port}"
        if urllib.request.proxy_bypass_environment(place, dict(self.by_scheme)):  # type: ignore[attr-defined]  # typeshed lacks its second argument on some platforms
            return None
        return self._checked(url.scheme, raw)

    @staticmethod
    def _checked(scheme: str, raw: str) -> URL:
        variable = f"{scheme.upper()}_PROXY"
        try:
            url = URL(raw if "://" in raw else f"http://{raw}")
        except ValueError as error:
            raise InvalidProxy(variable, reason="it is no address") from error
        if url.scheme not in {"http", "https"}:
            raise InvalidProxy(variable, reason=f"{url.scheme} proxies are not supported")
        if not url.raw_host:
            raise InvalidProxy(variable, reason="the host is missing")
        return url
