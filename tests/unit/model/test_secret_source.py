"""Where a secret is, as it is stored; what may be the secret itself is refused and not repeated."""

import pytest

from feedgate.model.secret_source import InvalidSecretSource, SecretPlace, SecretSource, parse_secret_source


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("env:FEED_TOKEN", SecretSource(SecretPlace.ENVIRONMENT, "FEED_TOKEN")),
        ("env:_x1", SecretSource(SecretPlace.ENVIRONMENT, "_x1")),
        (
            "env:FEEDGATE_DESTINATION_PASSWORD",
            SecretSource(SecretPlace.ENVIRONMENT, "FEEDGATE_DESTINATION_PASSWORD"),
        ),
        ("file:/run/secrets/feed token", SecretSource(SecretPlace.FILE, "/run/secrets/feed token")),
        ("file:/a:b", SecretSource(SecretPlace.FILE, "/a:b")),
        ("keyring", SecretSource(SecretPlace.KEYRING)),
    ],
)
def test_a_place_is_read_and_written_alike(raw: str, expected: SecretSource) -> None:
    assert parse_secret_source(raw) == expected
    assert str(expected) == raw


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "env",
        "env:",
        "env:1A",
        "env:A-B",
        "env:A\n",
        "env:" + "A" * 129,
        "env:FEEDGATE_UPSTREAM__CREDENTIALS",
        "env:feedgate_upstream__credentials",
        "ENV:A",
        "file:",
        "file:token",
        "file:~/token",
        "file:/a\nb",
        "file:/a\0b",
        "file:/" + "a" * 4096,
        "keyring:",
        "keyring:x",
        "Keyring",
        "c4n4ry-t0k3n",
        "https://me:c4n4ry-t0k3n@packages.example/",
    ],
)
def test_anything_else_is_refused_and_not_repeated(raw: str) -> None:
    with pytest.raises(InvalidSecretSource) as caught:
        parse_secret_source(raw)

    assert "c4n4ry" not in f"{caught.value.message}{caught.value.next_step}"
    assert "env:NAME" in caught.value.next_step
