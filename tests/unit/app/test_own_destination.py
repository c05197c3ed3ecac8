"""A command's own destination: whole on its way, shown nowhere, and out of the environment that lives on."""

import base64
import json
from urllib.parse import quote

import pytest

from feedgate.app.own_destination import OwnDestination, OwnDestinationUnreadable, without_credentials
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret

ADDRESSES = Addresses("https://packages.example/upload/", "https://packages.example/simple/")
CANARY = 'c4n4ry/t0k3n+"with=ümlaut'


@pytest.mark.parametrize(
    "own",
    [
        OwnDestination(ADDRESSES, "me", Secret(CANARY)),
        OwnDestination(ADDRESSES, "", Secret("")),
        OwnDestination(ADDRESSES, "broken\udc80", Secret("\udc80")),
        OwnDestination(ADDRESSES),
    ],
)
def test_it_arrives_as_it_was_sent(own: OwnDestination) -> None:
    assert OwnDestination.from_bytes(own.to_bytes()) == own


def test_its_credentials_are_a_pair_or_none() -> None:
    assert OwnDestination(ADDRESSES).credentials is None
    assert OwnDestination(ADDRESSES, None, Secret("x")).credentials == ("", Secret("x"))


def test_neither_user_nor_password_shows() -> None:
    own = OwnDestination(ADDRESSES, f"user-{CANARY}", Secret(CANARY))

    assert "c4n4ry" not in f"{own!r}{own}"
    assert ADDRESSES.read_url in repr(own)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"upload_url": 1, "read_url": "x", "username": null, "password": null}',
        b'{"upload_url": "x", "read_url": "x", "username": 1, "password": null}',
        b'{"upload_url": "x", "read_url": "x", "username": null, "password": ["c4n4ry"]}',
        b'{"upload_url": "x", "read_url": "x", "username": null, "password": "c4n4ry',
    ],
)
def test_rubbish_is_refused_and_not_quoted(content: bytes) -> None:
    with pytest.raises(OwnDestinationUnreadable) as caught:
        OwnDestination.from_bytes(content)

    assert "c4n4ry" not in f"{caught.value}{caught.value.__cause__}"


LONG = "c4n4ry-t0k3n/with+a=length"
OWN = OwnDestination(ADDRESSES, "me", Secret(LONG))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("FEEDGATE_DESTINATION_PASSWORD", "another", id="our-own-variable"),
        pytest.param("SYSTEM_ACCESSTOKEN", "another", id="job-token"),
        pytest.param("PIP_INDEX_URL", "https://a:b@packages.example/simple/", id="pip"),
        pytest.param("PIP_EXTRA_INDEX_URL", "https://a:b@packages.example/simple/", id="pip-extra"),
        pytest.param("TWINE_PASSWORD", LONG, id="another-client's"),
        pytest.param(
            "INDEX", f"https://me:{quote(LONG, safe='')}@packages.example/", id="encoded-in-an-address"
        ),
        pytest.param("ENDPOINTS", json.dumps({"password": LONG}), id="in-json"),
        pytest.param("B64", base64.b64encode(f"me:{LONG}".encode()).decode(), id="basic"),
        pytest.param(
            "HEADER", f"Basic {base64.b64encode(f':{LONG}'.encode()).decode()}", id="basic-without-user"
        ),
    ],
)
def test_what_holds_credentials_does_not_live_on(name: str, value: str) -> None:
    environment = {name: value, "PATH": "/usr/bin", "LANG": "C.UTF-8"}

    assert without_credentials(environment, OWN) == {"PATH": "/usr/bin", "LANG": "C.UTF-8"}


def test_settings_and_what_a_process_needs_stay_whatever_they_hold() -> None:
    environment = {
        "FEEDGATE_UPSTREAM__CREDENTIALS": f"me:{LONG}",
        "HTTPS_PROXY": f"http://me:{LONG}@proxy.example",
        "https_proxy": f"http://me:{LONG}@proxy.example",
        "PATH": LONG,
        "HOME": LONG,
    }

    assert without_credentials(environment, OWN) == environment


@pytest.mark.parametrize("password", ["", "a", "usr"])
def test_a_short_password_takes_nothing_away_that_has_it_by_chance(password: str) -> None:
    own = OwnDestination(ADDRESSES, "me", Secret(password))
    environment = {"EDITOR": "/usr/bin/vi", "LANG": "C", "EMPTY": ""}

    assert without_credentials(environment, own) == environment
    assert without_credentials({"SHORT": "usr"}, OwnDestination(ADDRESSES, "me", Secret("usr"))) == {}


def test_without_a_password_the_known_variables_go_all_the_same() -> None:
    environment = {"SYSTEM_ACCESSTOKEN": LONG, "LANG": "C"}

    assert without_credentials(environment, OwnDestination(ADDRESSES)) == {"LANG": "C"}
