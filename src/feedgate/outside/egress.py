"""Where Feedgate may connect: pure rules, no network.

What we fetch we fetch on strangers' word, so the address that is dialled is
judged, not the name it came from. The networks stand here as a table, since
``ipaddress`` answers differently from one Python to the next and knows
nothing of addresses inside addresses.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from yarl import URL

from feedgate.errors import Broken, Invalid

Address: TypeAlias = IPv4Address | IPv6Address

HTTPS_PORT = 443
LONGEST_HOST = 253

_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

_FORBIDDEN_4 = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address shared by carriers (RFC 6598)"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "Azure's wire server"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_FORBIDDEN_6 = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address for documentation"),
        ("3fff::/20", "an address for documentation"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_LAST_32_BITS = 0xFFFF_FFFF


class EgressDenied(Broken):
    """What came from a stranger leads to where we do not connect."""

    code = "egress-denied"

    def __init__(
        self,
        what: str,
        *,
        host: str,
        reason: str,
        address: Address | None = None,
        setting: str = "upstream.allowed_hosts",
    ) -> None:
        where = host if address is None or str(address) == host else f"{host} ({address})"
        super().__init__(
            f"{what}: {where} is not contacted: {reason}",
            next_step=f"If that host is yours and may be asked, name it in {setting}.",
            facts={"what": what, "host": host, "address": None if address is None else str(address)},
        )


class InvalidHost(Invalid):
    """A setting that should name a host and does not."""

    code = "invalid-host"

    def __init__(self, raw: str, *, reason: str) -> None:
        super().__init__(
            f"{raw[:200]!r} names no host: {reason}",
            next_step="Write HOST, HOST:PORT, or an address that begins with https:// or http://, without credentials.",
        )


def forbidden(address: Address) -> str | None:
    """Return why ``address`` is not dialled, or None if it is global unicast.

    An address that carries another one (IPv4-mapped and -compatible, 6to4,
    Teredo, NAT64) is judged by the one inside it.
    """
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _FORBIDDEN_4 if address in network), None)
    if inside := _address_inside(address):
        reason = forbidden(inside)
        return None if reason is None else f"{reason} ({inside}) inside an IPv6 one"
    for network, reason in _FORBIDDEN_6:
        if address in network:
            return reason
    return None if address in _GLOBAL_6 else "a reserved address"


def _address_inside(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    low = int(address) & _LAST_32_BITS
    if address in _NAT64 or (address in _COMPATIBLE and low > 1):
        return IPv4Address(low)
    return None


def literal_address(host: str) -> Address | None:
    """Return the address that ``host`` spells, or None if it is a name.

    Also the old spellings that resolvers still take: ``127.1``, ``0x7f.1``, ``2130706433``.
    """
    bare = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    if not bare or bare[-1] not in "0123456789abcdefABCDEFxX." or not bare[0].isdigit():
        return None
    try:
        return IPv4Address(socket.inet_aton(bare))
    except (OSError, UnicodeEncodeError):
        return None


@dataclass(frozen=True, slots=True, order=True)
class AllowedHost:
    """A host that the operator named: reached whatever its address is.

    ``port`` None means any. ``plain`` means that it was configured with ``http``.
    """

    host: str
    port: int | None = None
    plain: bool = False

    @property
    def gateway_port(self) -> int:
        """The port at which its addresses may answer for other names too, which must be https."""
        return HTTPS_PORT if self.plain or self.port is None else self.port


def parse_allowed_host(raw: str) -> AllowedHost:
    """Read ``HOST``, ``HOST:PORT`` or an http(s) address; raises InvalidHost."""
    has_scheme = "://" in raw
    try:
        url = URL(raw if has_scheme else f"//{raw}")
    except ValueError as error:
        raise InvalidHost(raw, reason=str(error)) from error
    if has_scheme and url.scheme not in {"http", "https"}:
        raise InvalidHost(raw, reason="its scheme is neither https nor http")
    if url.user is not None or url.password is not None:
        raise InvalidHost("…", reason="it holds credentials")
    if not url.raw_host:
        raise InvalidHost(raw, reason="the host is missing")
    host = _plain_host(url.raw_host)
    if literal_address(host) is None and not (len(host) <= LONGEST_HOST and _HOST.fullmatch(host)):
        raise InvalidHost(raw, reason="a host name has letters, digits, '-' and '.'")
    if not has_scheme and url.path not in {"", "/"}:
        raise InvalidHost(raw, reason="a path needs a scheme before it")
    port = url.port if has_scheme else url.explicit_port
    return AllowedHost(host, port, plain=url.scheme == "http")


@dataclass(frozen=True, slots=True)
class Egress:
    """Which hosts the operator named, and the rules for all others; ``setting`` is where one more may be named."""

    allowed: frozenset[AllowedHost] = frozenset()
    setting: str = "upstream.allowed_hosts"

    def with_hosts(self, *hosts: str) -> "Egress":
        """Return these rules with more named hosts; raises InvalidHost."""
        return replace(self, allowed=self.allowed | {parse_allowed_host(host) for host in hosts})

    def denied(self, what: str, *, host: str, reason: str, address: Address | None = None) -> EgressDenied:
        """Return the error that names the setting for one more host."""
        return EgressDenied(what, host=host, reason=reason, address=address, setting=self.setting)

    def names(self, url: URL) -> bool:
        """Whether the operator named the host and port of ``url``."""
        return any(self._matches(allowed, url) for allowed in self.allowed)

    def judge(self, url: URL, *, what: str, through_proxy: bool = False) -> None:
        """Raise EgressDenied if ``url`` may not be asked, whatever it resolves to.

        Through a proxy the name's address is the proxy's affair, so what
        spells a forbidden address is refused here already.
        """
        host = url.raw_host or ""
        if url.scheme not in {"http", "https"} or not host:
            raise self.denied(
                what,
                host=str(url.with_user(None))[:200] if host else "an address",
                reason="it is no https address",
            )
        if url.user is not None or url.password is not None:
            raise self.denied(what, host=host, reason="the address holds credentials")
        if url.scheme == "http" and not any(a.plain and self._matches(a, url) for a in self.allowed):
            raise self.denied(what, host=host, reason="http is only for hosts configured with http")
        if through_proxy and not self.names(url):
            self._judge_name(host, what)

    def _judge_name(self, host: str, what: str) -> None:
        address = literal_address(host)
        if address is not None and (reason := forbidden(address)):
            raise self.denied(what, host=host, address=address, reason=reason)
        if _plain_host(host) == "localhost" or _plain_host(host).endswith(".localhost"):
            raise self.denied(what, host=host, reason="it is a loopback name")

    @staticmethod
    def _matches(allowed: AllowedHost, url: URL) -> bool:
        return allowed.host == _plain_host(url.raw_host or "") and allowed.port in {None, url.port}


def _plain_host(host: str) -> str:
    return host.lower().rstrip(".")
