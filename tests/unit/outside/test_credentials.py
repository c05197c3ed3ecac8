"""A destination's credentials: from each place in turn, in their order, and to no other place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from feedgate.machine.netrc import BrokenNetrc
from feedgate.model.destination import Addresses
from feedgate.model.secret import Secret
from feedgate.outside.credentials import (
    Found,
    PasswordMissing,
    Surroundings,
    UnusableSecret,
    UsernameMissing,
    find_credentials,
)
from feedgate.outside.destination_address import derive_addresses
from feedgate.outside.keyring_command import KeyringSilent
from tests.builders.pipeline_environment import FeedAccess, PipelineJob

FEED = "https://pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed/pypi"
AZURE = derive_addresses(f"{FEED}/simple/")
PLAIN = Addresses("https://packages.example:8443/", "https://packages.example:8443/simple/")
CANARY = "c4n4ry/%2F+=tok;en#x"


@dataclass
class Kept:
    """A keyring that remembers what it was asked."""

    passwords: Mapping[tuple[str, str | None], tuple[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    is_silent: bool = False

    def __call__(self, service: str, username: str | None) -> tuple[str, Secret] | None:
        self.asked.append((service, username))
        if self.is_silent:
            raise KeyringSilent(30)
        found = self.passwords.get((service, username))
        return None if found is None else (found[0], Secret(found[1]))


def surroundings(
    home: Path, *, keyring: Kept | None = None, said: str | None = None, **variables: str
) -> Surroundings:
    home.mkdir(exist_ok=True)
    return Surroundings(variables, home, keyring or Kept(), lambda: said)


def shown(found: Found | None) -> tuple[str, str, str] | None:
    return None if found is None else (found.username, found.password.reveal(), found.source)


def everything(folder: Path) -> Surroundings:
    """All places at once, each with a password of its own."""
    job = PipelineJob(folder / "job")
    job.twine_authenticate_1(FeedAccess("Platform/pip-feed", f"{FEED}/upload/", "of-pypirc"))
    job.pip_authenticate_1(
        FeedAccess("Platform/pip-feed", f"{FEED}/simple/", "of-pip"),
        FeedAccess("Platform/pip-feed", f"{FEED}/simple/", "of-pip-extra"),
    )
    home = folder / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine pkgs.dev.azure.com login me password of-netrc\n")
    variables = {
        **job.variables,
        "FEEDGATE_DESTINATION_PASSWORD": "of-variable",
        "SYSTEM_ACCESSTOKEN": "of-job",
    }
    keyring = Kept({(AZURE.upload_url, "VssSessionToken"): ("VssSessionToken", "of-keyring")})
    return Surroundings(variables, home, keyring, lambda: "of-standard-input\n")


def peeled(whole: Surroundings) -> Iterator[Surroundings]:
    """Yield the surroundings with one place after the other taken away, from the first on."""
    variables = dict(whole.environment)
    for name in ("FEEDGATE_DESTINATION_PASSWORD", "PYPIRC_PATH", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        del variables[name]
        yield replace(whole, environment=dict(variables))
    del variables["SYSTEM_ACCESSTOKEN"]
    yield replace(whole, environment=variables)
    yield replace(whole, environment=variables, ask_keyring=Kept())


def test_the_places_have_an_order(tmp_path: Path) -> None:
    whole = everything(tmp_path)
    pypirc = whole.environment["PYPIRC_PATH"]

    assert shown(find_credentials(AZURE, whole, username="me")) == (
        "me",
        "of-variable",
        "--username, with FEEDGATE_DESTINATION_PASSWORD",
    )
    assert shown(find_credentials(AZURE, whole)) == ("build", "of-pypirc", f"section 'pip-feed' of {pypirc}")
    assert [shown(find_credentials(AZURE, less)) for less in peeled(whole)] == [
        ("build", "of-pypirc", f"section 'pip-feed' of {pypirc}"),
        ("build", "of-pip", "PIP_INDEX_URL"),
        ("build", "of-pip-extra", "PIP_EXTRA_INDEX_URL"),
        ("build", "of-job", "SYSTEM_ACCESSTOKEN"),
        ("VssSessionToken", "of-keyring", "the keyring"),
        ("me", "of-netrc", str(whole.home / ".netrc")),
    ]


def test_where_nothing_is_there_is_none(tmp_path: Path) -> None:
    assert find_credentials(AZURE, surroundings(tmp_path)) is None


class TestUsername:
    def test_the_password_comes_from_standard_input_where_no_variable_has_it(self, tmp_path: Path) -> None:
        found = find_credentials(AZURE, surroundings(tmp_path, said=f"{CANARY}\r\n"), username="me")

        assert shown(found) == ("me", CANARY, "--username, with standard input")

    def test_standard_input_is_not_read_where_the_variable_is_set(self, tmp_path: Path) -> None:
        def read() -> str | None:
            raise AssertionError

        around = Surroundings({"FEEDGATE_DESTINATION_PASSWORD": "x"}, tmp_path, Kept(), read)

        assert find_credentials(AZURE, around, username="me") is not None

    def test_standard_input_is_not_read_where_nobody_is_named(self, tmp_path: Path) -> None:
        def read() -> str | None:
            raise AssertionError

        assert find_credentials(AZURE, Surroundings({}, tmp_path, Kept(), read)) is None

    def test_the_keyring_has_that_users_password_where_none_was_given(self, tmp_path: Path) -> None:
        keyring = Kept({(PLAIN.read_url, "me"): ("me", CANARY)})

        found = find_credentials(PLAIN, surroundings(tmp_path, keyring=keyring), username="me")

        assert shown(found) == ("me", CANARY, "the keyring")

    @pytest.mark.parametrize("said", [None, "", "\n", "\r\n"])
    def test_a_user_without_a_password_is_an_error_and_nobody_elses_is_taken(
        self, tmp_path: Path, said: str | None
    ) -> None:
        whole = everything(tmp_path)
        around = replace(
            whole,
            environment={**whole.environment, "FEEDGATE_DESTINATION_PASSWORD": ""},
            ask_keyring=Kept(),
            read_password=lambda: said,
        )

        with pytest.raises(PasswordMissing):
            find_credentials(AZURE, around, username="me")

    def test_an_empty_user_is_one_too(self, tmp_path: Path) -> None:
        found = find_credentials(
            AZURE, surroundings(tmp_path, FEEDGATE_DESTINATION_PASSWORD=CANARY), username=""
        )

        assert found is not None
        assert (found.username, found.password.reveal()) == ("", CANARY)

    def test_a_password_that_nobody_owns_is_told_where_nothing_else_is_found(self, tmp_path: Path) -> None:
        with pytest.raises(UsernameMissing, match="FEEDGATE_DESTINATION_PASSWORD") as caught:
            find_credentials(AZURE, surroundings(tmp_path, FEEDGATE_DESTINATION_PASSWORD=CANARY))

        assert CANARY not in str(caught.value) + caught.value.next_step

    @pytest.mark.parametrize("password", ["two\nlines", "nul\0", "escape\x1b[0m", "broken\udc80"])
    def test_what_http_can_not_carry_is_refused_and_not_quoted(self, tmp_path: Path, password: str) -> None:
        around = surroundings(tmp_path, FEEDGATE_DESTINATION_PASSWORD=password)

        with pytest.raises(UnusableSecret, match="FEEDGATE_DESTINATION_PASSWORD") as caught:
            find_credentials(AZURE, around, username="me")
        assert password not in str(caught.value)

    def test_a_user_with_a_colon_would_be_cut_in_two(self, tmp_path: Path) -> None:
        around = surroundings(tmp_path, FEEDGATE_DESTINATION_PASSWORD="x")

        with pytest.raises(UnusableSecret):
            find_credentials(AZURE, around, username="me:you")


class TestIndexVariables:
    @pytest.mark.parametrize("password", [CANARY, "100%", "a:b@c/d", "ünïcode", "%41", "plus+and space"])
    def test_what_the_task_percent_encodes_comes_back(self, tmp_path: Path, password: str) -> None:
        job = PipelineJob(tmp_path / "job")
        job.pip_authenticate_1(FeedAccess("pip-feed", f"{FEED}/simple/", password))

        found = find_credentials(AZURE, Surroundings(job.variables, tmp_path, Kept()))

        assert shown(found) == ("build", password, "PIP_INDEX_URL")

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param(
                "https://b:x@PKGS.dev.azure.com/ACME/platform/_Packaging/PIP-Feed/pypi/simple", id="case"
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com:443/acme/Platform/_packaging/pip-feed/pypi/simple/", id="port"
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed@Release/pypi/simple/",
                id="view",
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed%40Local/pypi/simple/",
                id="view-encoded",
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/%61cme/Platform/_packaging/pip%2Dfeed/pypi/simple/",
                id="percent",
            ),
        ],
    )
    def test_an_address_of_the_same_feed_counts(self, tmp_path: Path, url: str) -> None:
        assert find_credentials(AZURE, surroundings(tmp_path, PIP_INDEX_URL=url)) is not None

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/acme/_packaging/pip-feed/pypi/simple/", id="no-project"
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/acme/Other/_packaging/pip-feed/pypi/simple/", id="project"
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/other/Platform/_packaging/pip-feed/pypi/simple/",
                id="organization",
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed2/pypi/simple/", id="feed"
            ),
            pytest.param(
                "https://b:x@evil.example/acme/Platform/_packaging/pip-feed/pypi/simple/", id="host"
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com.evil.example/acme/Platform/_packaging/pip-feed/pypi/simple/",
                id="suffix",
            ),
            pytest.param(
                "http://b:x@pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed/pypi/simple/", id="scheme"
            ),
            pytest.param(
                "https://b:x@pkgs.dev.azure.com:444/acme/Platform/_packaging/pip-feed/pypi/simple/", id="port"
            ),
            pytest.param(
                "https://b@pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed/pypi/simple/", id="user-alone"
            ),
            pytest.param(
                "https://b:@pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed/pypi/simple/",
                id="empty-password",
            ),
            pytest.param("https://b:x@[pkgs/", id="no-address"),
            pytest.param("https://b:x@h:port/", id="no-port"),
            pytest.param("", id="empty"),
        ],
    )
    def test_any_other_address_does_not(self, tmp_path: Path, url: str) -> None:
        assert find_credentials(AZURE, surroundings(tmp_path, PIP_INDEX_URL=url)) is None

    def test_the_extra_ones_are_looked_through(self, tmp_path: Path) -> None:
        extra = f"https://a:b@other.example/simple/\n  {FEED.replace('//', '//me:yes@')}/simple/"

        found = find_credentials(AZURE, surroundings(tmp_path, PIP_EXTRA_INDEX_URL=extra))

        assert shown(found) == ("me", "yes", "PIP_EXTRA_INDEX_URL")

    def test_outside_azures_layout_the_path_counts_as_it_stands(self, tmp_path: Path) -> None:
        same = surroundings(tmp_path, PIP_INDEX_URL="https://a:b@packages.example:8443/simple")
        other = surroundings(tmp_path, PIP_INDEX_URL="https://a:b@packages.example:8443/Simple")

        assert find_credentials(PLAIN, same) is not None
        assert find_credentials(PLAIN, other) is None


class TestJobToken:
    @pytest.mark.parametrize(
        ("address", "collection", "expected"),
        [
            pytest.param(f"{FEED}/upload", "", True, id="azure"),
            pytest.param(
                "https://acme.pkgs.visualstudio.com/_packaging/f/pypi/upload", "", True, id="its-old-host"
            ),
            pytest.param(f"{FEED}/upload".replace("https", "http"), "", False, id="azure-in-the-clear"),
            pytest.param(
                "https://pkgs.dev.azure.com.evil.example/a/_packaging/f/pypi/upload", "", False, id="suffix"
            ),
            pytest.param(
                "https://evil-pkgs.dev.azure.com/a/_packaging/f/pypi/upload", "", False, id="prefix"
            ),
            pytest.param(
                "https://evilpkgs.visualstudio.com/_packaging/f/pypi/upload", "", False, id="prefix-of-old"
            ),
            pytest.param("https://tfs.example/col/_packaging/f/pypi/upload", "", False, id="another"),
            pytest.param(
                "https://tfs.example/col/_packaging/f/pypi/upload",
                "https://TFS.example/col/",
                True,
                id="server",
            ),
            pytest.param(
                "http://tfs.example:8080/tfs/col/_packaging/f/pypi/upload",
                "http://tfs.example:8080/tfs/col/",
                True,
                id="server-http",
            ),
            pytest.param(
                "http://tfs.example/col/_packaging/f/pypi/upload",
                "https://tfs.example/col/",
                False,
                id="server-in-the-clear",
            ),
            pytest.param(
                "https://tfs.example:8443/c/_packaging/f/pypi/upload",
                "https://tfs.example/c/",
                False,
                id="its-other-port",
            ),
            pytest.param(
                "https://packages.example/c/_packaging/f/pypi/upload", "rubbish", False, id="rubbish"
            ),
        ],
    )
    def test_it_goes_to_azures_hosts_and_to_the_jobs_own_server_alone(
        self, tmp_path: Path, address: str, collection: str, expected: bool
    ) -> None:
        around = surroundings(tmp_path, SYSTEM_ACCESSTOKEN=CANARY, SYSTEM_COLLECTIONURI=collection)

        found = find_credentials(derive_addresses(address), around)

        assert shown(found) == (("build", CANARY, "SYSTEM_ACCESSTOKEN") if expected else None)

    def test_both_addresses_must_be_there(self, tmp_path: Path) -> None:
        split = derive_addresses(f"{FEED}/upload", "https://elsewhere.example/simple/")

        assert find_credentials(split, surroundings(tmp_path, SYSTEM_ACCESSTOKEN=CANARY)) is None

    def test_a_variable_that_the_pipeline_did_not_fill_in_is_none(self, tmp_path: Path) -> None:
        around = surroundings(tmp_path, SYSTEM_ACCESSTOKEN="$(System.AccessToken)")

        assert find_credentials(AZURE, around) is None


class TestKeyring:
    def test_azures_backend_is_asked_for_its_own_user(self, tmp_path: Path) -> None:
        keyring = Kept()
        find_credentials(AZURE, surroundings(tmp_path, keyring=keyring))

        assert keyring.asked == [
            (AZURE.upload_url, "VssSessionToken"),
            (AZURE.read_url, "VssSessionToken"),
            ("pkgs.dev.azure.com", "VssSessionToken"),
        ]

    def test_elsewhere_any_user_will_do(self, tmp_path: Path) -> None:
        keyring = Kept({("packages.example:8443", None): ("me", CANARY)})

        assert shown(find_credentials(PLAIN, surroundings(tmp_path, keyring=keyring))) == (
            "me",
            CANARY,
            "the keyring",
        )

    def test_a_section_without_a_password_says_whose_to_ask_for(self, tmp_path: Path) -> None:
        (tmp_path / ".pypirc").write_text(f"[x]\nrepository={PLAIN.upload_url}\nusername=me\n")
        keyring = Kept({(PLAIN.upload_url, "me"): ("me", CANARY)})

        found = find_credentials(PLAIN, surroundings(tmp_path, keyring=keyring))

        assert shown(found) == ("me", CANARY, "the keyring")

    def test_a_silent_one_is_asked_once_and_netrc_comes_next(self, tmp_path: Path) -> None:
        (tmp_path / ".netrc").write_text("machine packages.example login me password p\n")
        keyring = Kept(is_silent=True)

        assert find_credentials(PLAIN, surroundings(tmp_path, keyring=keyring)) is not None
        assert len(keyring.asked) == 1

    def test_no_token_is_taken_for_a_user_of_the_keyring(self, tmp_path: Path) -> None:
        """The command's arguments can be read by others."""
        keyring = Kept()
        url = f"https://{CANARY.replace('/', '%2F')}@packages.example:8443/simple/"
        find_credentials(PLAIN, surroundings(tmp_path, keyring=keyring, PIP_INDEX_URL=url))

        assert keyring.asked
        assert {user for _, user in keyring.asked} == {None}


class TestNetrc:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("machine packages.example login me password p%2F", ("me", "p%2F"), id="literal"),
            pytest.param("machine Packages.Example login me password p", ("me", "p"), id="case"),
            pytest.param("machine packages.example:8443 login me password p", None, id="with-port"),
            pytest.param("machine example login me password p", None, id="shorter"),
            pytest.param("default login me password p", None, id="default"),
            pytest.param("", None, id="empty"),
        ],
    )
    def test_the_host_alone_counts(self, tmp_path: Path, text: str, expected: tuple[str, str] | None) -> None:
        (tmp_path / ".netrc").write_text(text)

        found = find_credentials(PLAIN, surroundings(tmp_path))

        assert (None if found is None else (found.username, found.password.reveal())) == expected

    def test_the_variable_names_another_file(self, tmp_path: Path) -> None:
        (tmp_path / "other").write_text("machine packages.example login me password p\n")

        found = find_credentials(PLAIN, surroundings(tmp_path, NETRC=str(tmp_path / "other")))

        assert found is not None
        assert found.source == str(tmp_path / "other")

    def test_a_broken_one_is_named_and_not_quoted(self, tmp_path: Path) -> None:
        (tmp_path / ".netrc").write_text(f"machine packages.example login me password {CANARY} {CANARY}\n")

        with pytest.raises(BrokenNetrc) as caught:
            find_credentials(PLAIN, surroundings(tmp_path))
        assert CANARY not in caught.value.message

    def test_it_is_not_asked_where_the_addresses_are_of_two_hosts(self, tmp_path: Path) -> None:
        (tmp_path / ".netrc").write_text("machine packages.example login me password p\n")
        split = Addresses(PLAIN.upload_url, "https://elsewhere.example/simple/")

        assert find_credentials(split, surroundings(tmp_path)) is None


def test_no_secret_shows_in_what_is_found_or_where_it_was_looked_for(tmp_path: Path) -> None:
    around = surroundings(tmp_path, FEEDGATE_DESTINATION_PASSWORD=CANARY)

    assert CANARY not in repr(around)
    assert CANARY not in repr(find_credentials(AZURE, around, username=CANARY.replace(":", "")))


def test_a_process_has_its_home_and_its_keyring_from_its_environment(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine packages.example login me password p\n")
    command = tmp_path / "keyring"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)

    around = Surroundings.of({"HOME": str(tmp_path), "PATH": str(tmp_path)})

    assert shown(find_credentials(PLAIN, around)) == ("me", "p", str(tmp_path / ".netrc"))
    assert around.read_password() is None


@pytest.mark.parametrize("url", ["https://packages.example/", "rubbish"])
def test_a_job_token_goes_nowhere_that_is_no_address(tmp_path: Path, url: str) -> None:
    around = surroundings(tmp_path, SYSTEM_ACCESSTOKEN=CANARY, SYSTEM_COLLECTIONURI="rubbish")

    assert find_credentials(Addresses(url, "rubbish"), around) is None
