"""The credential of a call: a token as password or as Bearer; anything else is a wrong one, not none."""

import base64

import pytest

from feedgate.access.credentials import read_credential


def basic(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return f"Basic {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        (basic("anybody:fgt_x"), "fgt_x"),
        (basic(":fgt_x"), "fgt_x"),
        (basic("fgt_x:"), "fgt_x"),
        (basic("fgt_x"), "fgt_x"),
        (basic("a:b:c"), "b:c"),
        (basic("ü:fgt_x"), "fgt_x"),
        ("bAsIc " + basic("a:fgt_x").split()[1], "fgt_x"),
        ("  " + basic("a:fgt_x") + "  ", "fgt_x"),
        ("Bearer fgt_x", "fgt_x"),
        ("bearer   fgt_x ", "fgt_x"),
    ],
)
def test_a_token_is_read_wherever_clients_put_it(header: str, secret: str) -> None:
    found = read_credential(header)

    assert found is not None
    assert found.reveal() == secret


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Bearer",
        "Basic !!!!",
        "Basic YQ",
        basic(b"\xff\xfe:fgt_x"),
        "Digest username=a",
        "Negotiate fgt_x",
        "fgt_x",
        "Basic " + "A" * 5000,
        "Bearer " + "x" * 10_000_000,
    ],
)
def test_what_can_not_be_read_is_a_wrong_credential(header: str) -> None:
    found = read_credential(header)

    assert found is not None
    assert found.reveal() == ""


def test_no_header_is_no_credential() -> None:
    assert read_credential(None) is None


def test_a_credential_shows_itself_to_nobody() -> None:
    found = read_credential("Bearer fgt_canary")

    assert "canary" not in f"{found} {found!r} {[found]}"
