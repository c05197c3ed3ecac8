"""What looks like a credential is not shown."""

import pytest

from feedgate.model.redaction import without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token fgt_AbC-123_x456789 used", "token fgt_*** used"),
        ("https://build:hunter2@a.example/simple/", "https://***@a.example/simple/"),
        ("via http://user@proxy.example:3128, then", "via http://***@proxy.example:3128, then"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***"),
        ("authorization: basic YnVpbGQ6aHVudGVyMg==", "authorization: basic ***"),
        ("a@b.example wrote to https://a.example/x@y", "a@b.example wrote to https://a.example/x@y"),
        ("the basic idea", "the basic idea"),
        ("", ""),
    ],
)
def test_only_the_credential_is_replaced(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
