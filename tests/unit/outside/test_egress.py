from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from feedgate.outside.egress import (
    AllowedHost,
    Egress,
    EgressDenied,
    InvalidHost,
    forbidden,
    literal_address,
    parse_allowed_host,
)

GOOD = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "151.101.0.223",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2600:1f18::1",
    "2a04:4e42::223",
    "3ffe:ffff::1",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "2002:808:808::1",
    "64:ff9b::8.8.8.8",
    "2001:0:808:808:0:fbff:f7f7:f7f7",
]
BAD = {
    "0.0.0.0": "unspecified",  # noqa: S104  # an address to refuse, nobody binds it
    "0.1.2.3": "unspecified",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "100.64.0.0": "shared",
    "100.127.255.255": "shared",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "wire server",
    "169.254.0.0": "link-local",
    "169.254.169.254": "link-local",
    "169.254.255.255": "link-local",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "192.0.0.1": "reserved",
    "192.0.0.9": "reserved",
    "192.0.0.192": "reserved",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "192.168.0.0": "private",
    "192.168.255.255": "private",
    "198.18.0.0": "benchmarks",
    "198.19.255.255": "benchmarks",
    "198.51.100.7": "documentation",
    "203.0.113.80": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::2": "unspecified",
    "::127.0.0.1": "loopback",
    "::169.254.169.254": "link-local",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.0.0.1": "private",
    "::ffff:169.254.169.254": "link-local",
    "::ffff:0:127.0.0.1": "reserved",
    "64:ff9b::127.0.0.1": "loopback",
    "64:ff9b::169.254.169.254": "link-local",
    "64:ff9b:1::1": "reserved",
    "100::1": "reserved",
    "2001:0:808:808:0:fbff:80ff:fffe": "loopback",
    "2001:0:7f00:1::1": "reserved",
    "2001:1::1": "reserved",
    "2001:2::1": "reserved",
    "2001:10::1": "reserved",
    "2001:20::1": "reserved",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "loopback",
    "2002:a9fe:a9fe::1": "link-local",
    "2002:a00:1::1": "private",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "5f00::1": "reserved",
    "8000::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "febf::1": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "multicast",
}


@pytest.mark.parametrize("address", GOOD)
def test_global_unicast_is_dialled(address: str) -> None:
    assert forbidden(ip_address(address)) is None


@pytest.mark.parametrize(("address", "reason"), BAD.items())
def test_everything_else_is_not_and_says_why(address: str, reason: str) -> None:
    assert reason in (forbidden(ip_address(address)) or "")


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_like_itself(address: IPv4Address) -> None:
    number = int(address)
    inside = [
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(0x64FF9B << 96 | number),
        IPv6Address(0x2002 << 112 | number << 80 | 1),
        IPv6Address(0x20010000 << 96 | 0x08080808 << 64 | (number ^ 0xFFFFFFFF)),
    ]

    verdicts = {forbidden(outer) is None for outer in inside}

    assert verdicts == {forbidden(address) is None}


@given(st.ip_addresses(v=6, network="::/1"))
def test_nothing_that_ipaddress_calls_private_gets_through(address: IPv6Address) -> None:
    if address.is_loopback or address.is_link_local or address.is_multicast:
        assert forbidden(address) is not None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("127.0.0.1.", "127.0.0.1"),
    ],
)
def test_old_spellings_of_addresses_are_read_as_resolvers_read_them(host: str, expected: str) -> None:
    assert literal_address(host) == ip_address(expected)


@pytest.mark.parametrize(
    "host", ["files.example", "1and1.example", "3com", "0xcafe.example", "", "1.2.3.4.5", "999.1.1.1"]
)
def test_names_are_no_addresses(host: str) -> None:
    assert literal_address(host) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("files.example", AllowedHost("files.example")),
        ("Files.Example.", AllowedHost("files.example")),
        ("files.example:8443", AllowedHost("files.example", 8443)),
        ("https://files.example", AllowedHost("files.example", 443)),
        ("https://files.example/simple/", AllowedHost("files.example", 443)),
        ("http://files.example", AllowedHost("files.example", 80, plain=True)),
        ("http://10.0.0.5:3141/team/+simple/", AllowedHost("10.0.0.5", 3141, plain=True)),
        ("[fd00::5]:3141", AllowedHost("fd00::5", 3141)),
    ],
)
def test_a_host_is_named_by_name_by_port_or_by_an_address(raw: str, expected: AllowedHost) -> None:
    assert parse_allowed_host(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "/",
        "https://",
        "ftp://files.example",
        "file:///etc/passwd",
        "files.example/path",
        "files.example:port",
        "files.example:99999",
        "https://[::1",
        "two hosts",
        "*.example",
        "x" * 300,
    ],
)
def test_what_names_no_host_is_refused(raw: str) -> None:
    with pytest.raises(InvalidHost):
        parse_allowed_host(raw)


def test_credentials_in_a_setting_are_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidHost) as refused:
        parse_allowed_host("https://reader:hunter2@files.example/")

    assert "hunter2" not in str(refused.value) + refused.value.next_step + repr(refused.value.facts)


EGRESS = Egress().with_hosts(
    "http://upstream.example:3141/simple/", "files.example", "https://mirror.example"
)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://upstream.example:3141/x", True),
        ("https://upstream.example:3141/x", True),
        ("https://upstream.example/x", False),
        ("https://files.example/x", True),
        ("https://FILES.example.:8443/x", True),
        ("https://mirror.example/x", True),
        ("https://mirror.example:8443/x", False),
        ("https://notfiles.example/x", False),
        ("https://sub.files.example/x", False),
    ],
)
def test_hosts_are_named_exactly(url: str, *, named: bool) -> None:
    EGRESS.judge(URL(url), what="demo")

    assert EGRESS.names(URL(url)) is named


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example/x",
        "http://mirror.example/x",
        "http://upstream.example/x",
        "http://anyone.example/x",
        "ftp://files.example/x",
        "file:///etc/passwd",
        "data:text/plain,x",
        "//files.example/x",
        "/x",
        "",
        "https:///x",
        "https://reader@files.example/x",
        "https://reader:secret@files.example/x",
        "https://:secret@files.example/x",
    ],
)
def test_only_https_and_http_where_configured_and_never_credentials(url: str) -> None:
    with pytest.raises(EgressDenied) as denied:
        EGRESS.judge(URL(url), what="demo")

    assert "secret" not in str(denied.value)
    assert str(denied.value).startswith("demo: ")


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[::1]", "2130706433", "127.1", "localhost", "LOCALHOST.", "metadata.localhost"],
)
def test_a_proxy_is_not_handed_what_spells_a_forbidden_address(host: str) -> None:
    with pytest.raises(EgressDenied):
        EGRESS.judge(URL(f"https://{host}/x"), what="demo", through_proxy=True)


@pytest.mark.parametrize("host", ["anyone.example", "8.8.8.8", "localhost.example"])
def test_a_proxy_is_handed_any_other_name(host: str) -> None:
    EGRESS.judge(URL(f"https://{host}/x"), what="demo", through_proxy=True)


def test_a_named_host_may_spell_any_address_to_a_proxy() -> None:
    egress = Egress().with_hosts("http://127.0.0.1:3141/")

    egress.judge(URL("http://127.0.0.1:3141/x"), what="demo", through_proxy=True)


def test_a_denial_names_the_thing_the_host_the_address_and_why() -> None:
    denied = EgressDenied(
        "demo-1.0.tar.gz", host="files.example", address=ip_address("10.0.0.1"), reason="a private address"
    )

    assert str(denied) == "demo-1.0.tar.gz: files.example (10.0.0.1) is not contacted: a private address"
    assert "upstream.allowed_hosts" in denied.next_step
