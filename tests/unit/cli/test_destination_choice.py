"""What --to and the options around it mean, and that none of their errors repeats a secret."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.cli import destination_choice
from feedgate.cli.destination_choice import (
    ChosenDestination,
    DestinationOptions,
    NoPlainAddress,
    OptionWithoutDestination,
    PatternFileUnreadable,
    StandingKnowsItself,
    UnknownDestination,
    choose_destination,
    choose_standing,
    read_password,
)
from feedgate.errors import FeedgateError
from feedgate.model.destination import InvalidLimit
from feedgate.model.name_pattern import InvalidNamePattern
from feedgate.model.names import InvalidName
from feedgate.model.standing_destination import InvalidDestinationName
from feedgate.outside.credentials import Surroundings
from tests.builders.pipeline_environment import FeedAccess, PipelineJob

FEED = "https://pkgs.dev.azure.com/acme/Platform/_packaging/pip-feed/pypi"
CANARY = "c4n4ry-t0k3n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command is called in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def job(tmp_path: Path) -> PipelineJob:
    """A job in which a task has written .pypirc."""
    job = PipelineJob(tmp_path / "job")
    job.twine_authenticate_1(FeedAccess("Platform/pip-feed", f"{FEED}/upload/", CANARY))
    return job


def around(tmp_path: Path, **variables: str) -> Surroundings:
    return Surroundings(variables, tmp_path, lambda _service, _user: None)


def chosen(options: DestinationOptions, surroundings: Surroundings) -> ChosenDestination:
    found = choose_destination(options, surroundings)
    assert found is not None
    return found


@pytest.mark.parametrize("address", [f"{FEED}/upload/", f"{FEED}/simple/", FEED.removesuffix("/pypi")])
def test_an_address_is_an_own_destination_with_the_callers_credentials(
    tmp_path: Path, job: PipelineJob, address: str
) -> None:
    found = chosen(DestinationOptions(to=address), around(tmp_path, **job.variables))

    assert found.name is None
    assert found.own is not None
    assert found.own.addresses.read_url == f"{FEED}/simple/"
    assert found.own.addresses.upload_url.rstrip("/") == f"{FEED}/upload"
    assert found.own.username == "build"
    assert found.own.password is not None
    assert found.own.password.reveal() == CANARY
    assert found.credentials_from == f"section 'pip-feed' of {job.variables['PYPIRC_PATH']}"
    assert CANARY not in repr(found)
    body = found.body()
    assert (body.name, body.upload_url, body.read_url) == (
        None,
        found.own.addresses.upload_url,
        found.own.addresses.read_url,
    )
    assert CANARY not in body.model_dump_json()


@pytest.mark.parametrize("name", ["pip-feed", "Platform/pip-feed"])
def test_a_name_may_be_a_section_and_a_standing_destination_comes_before_it(
    tmp_path: Path, job: PipelineJob, name: str
) -> None:
    found = chosen(DestinationOptions(to=name), around(tmp_path, **job.variables))

    assert found.name == name
    assert found.own is not None
    assert found.body().read_url == f"{FEED}/simple/"
    standing = found.body(is_standing=True)
    assert (standing.name, standing.upload_url, standing.read_url) == (name, None, None)


def test_a_name_that_is_no_section_can_only_be_a_standing_destination(tmp_path: Path) -> None:
    found = chosen(DestinationOptions(to="azure"), around(tmp_path))

    assert (found.name, found.own, found.credentials_from) == ("azure", None, None)
    assert found.body(is_standing=True).name == "azure"
    with pytest.raises(UnknownDestination, match=r"'azure' is no section of .*\.pypirc") as caught:
        found.body()
    assert "No section there has an address." in caught.value.next_step


def test_a_name_that_nobody_knows_is_answered_with_those_that_there_are(
    tmp_path: Path, job: PipelineJob
) -> None:
    file = Path(job.variables["PYPIRC_PATH"])
    file.write_text(f"{file.read_text()}\n[mirror]\nrepository={FEED}/upload/\n[no-address]\nusername=me\n")
    found = chosen(DestinationOptions(to="pip-fed"), around(tmp_path, **job.variables))

    with pytest.raises(UnknownDestination, match=r"'pip-fed' is no section") as alone:
        found.body()
    with pytest.raises(UnknownDestination, match=r"'pip-fed' is neither .* nor a section") as of_feed:
        found.body(standing=["azure", "backup"])

    for caught in (alone, of_feed):
        assert "Sections there: pip-feed, mirror." in caught.value.next_step
    assert "needs -f ORG/FEED" in alone.value.next_step
    assert "Standing destinations of the feed: azure, backup." in of_feed.value.next_step


def test_the_section_that_was_named_counts_alone(tmp_path: Path, job: PipelineJob) -> None:
    job.pip_authenticate_1(FeedAccess("pip-feed", f"{FEED}/simple/", "of-pip"))
    Path(job.variables["PYPIRC_PATH"]).write_text(
        f"[other]\nrepository={FEED}/upload/\npassword=other\n[mine]\nrepository={FEED}/upload/\npassword=mine\n"
    )

    found = chosen(DestinationOptions(to="mine"), around(tmp_path, **job.variables))

    assert found.own is not None
    assert found.own.password is not None
    assert found.own.password.reveal() == "mine"


def test_a_user_who_is_named_comes_before_the_section(tmp_path: Path, job: PipelineJob) -> None:
    surroundings = around(tmp_path, **job.variables, FEEDGATE_DESTINATION_PASSWORD="given")

    found = chosen(DestinationOptions(to="pip-feed", username="me"), surroundings)

    assert found.own is not None
    assert found.own.credentials is not None
    assert (found.own.credentials[0], found.own.credentials[1].reveal()) == ("me", "given")
    assert found.credentials_from == "--username, with FEEDGATE_DESTINATION_PASSWORD"


def test_without_credentials_it_is_asked_as_nobody(tmp_path: Path) -> None:
    found = chosen(DestinationOptions(to=FEED), around(tmp_path))

    assert found.own is not None
    assert found.own.credentials is None
    assert found.credentials_from is None


def test_the_address_of_pages_can_be_said(tmp_path: Path) -> None:
    options = DestinationOptions(to="https://up.example/odd/path/", read_url="https://pages.example/simple")

    found = chosen(options, around(tmp_path))

    assert found.own is not None
    assert found.own.addresses.upload_url == "https://up.example/odd/path/"
    assert found.own.addresses.read_url == "https://pages.example/simple/"


@pytest.mark.parametrize(
    "address",
    [
        f"https://me:{CANARY}@pkgs.dev.azure.com/acme/_packaging/f/pypi/upload",
        f"https://{CANARY}@pkgs.dev.azure.com/acme/_packaging/f/pypi/upload",
        f"https://me:/{CANARY}@pkgs.dev.azure.com/acme/_packaging/f/pypi/upload",
        f"https://me:x{CANARY}/y@pkgs.dev.azure.com/",
        f"https://me:{CANARY}@[broken/",
        f"ftp://me:{CANARY}@packages.example/",
        f"me:{CANARY}@packages.example/simple",
        f"{CANARY}@packages.example/simple",
    ],
)
@pytest.mark.parametrize("option", ["to", "read_url"])
def test_user_information_is_a_usage_error_that_does_not_repeat_it(
    tmp_path: Path, option: str, address: str
) -> None:
    options = replace(DestinationOptions(to="https://up.example/odd/"), **{option: address})

    with pytest.raises(NoPlainAddress) as caught:
        choose_destination(options, around(tmp_path))
    assert CANARY not in f"{caught.value!r}{caught.value.next_step}{caught.value.facts}"
    assert f"--{option.replace('_', '-')}" in caught.value.message


def test_no_destination_is_none() -> None:
    assert choose_destination(DestinationOptions(), around(Path())) is None


@pytest.mark.parametrize(
    ("options", "option"),
    [
        (DestinationOptions(read_url="https://a.example/simple/"), "--read-url"),
        (DestinationOptions(username="me"), "--username"),
        (DestinationOptions(internal=["acme-*"]), "--internal"),
        (DestinationOptions(upstream_allow=["six"]), "--upstream-allow"),
        (DestinationOptions(accept_existing=["six"]), "--accept-existing"),
        (DestinationOptions(limits=["size=1MB"]), "--limit"),
    ],
)
def test_an_option_without_a_destination_is_named(options: DestinationOptions, option: str) -> None:
    with pytest.raises(OptionWithoutDestination, match=option):
        choose_destination(options, around(Path()))


class TestInternal:
    def internal(self, tmp_path: Path, *words: str) -> tuple[str, ...]:
        return chosen(DestinationOptions(to=FEED, internal=words), around(tmp_path)).internal

    def test_patterns_take_the_form_of_names(self, tmp_path: Path) -> None:
        assert self.internal(tmp_path, "Acme_*", "six", "acme-*") == ("acme-*", "six")

    @pytest.mark.parametrize("word", ["@names", "@names.txt", "names.txt", "./names", "names"])
    def test_a_file_has_one_a_line(self, tmp_path: Path, word: str) -> None:
        for name in ("names", "names.txt"):
            (tmp_path / name).write_text("# ours\nacme-*\n\n  Beta.*  # also\n\r\n")

        assert self.internal(tmp_path, word, "six") == ("acme-*", "beta-*", "six")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            pytest.param(b"", "no pattern", id="empty"),
            pytest.param(b"# nothing\n\n", "no pattern", id="comments"),
            pytest.param(b"\xff", "UTF-8", id="no-text"),
            pytest.param(None, "No such file", id="none"),
        ],
    )
    def test_a_file_without_patterns_protects_nothing_so_it_is_an_error(
        self, tmp_path: Path, content: bytes | None, words: str
    ) -> None:
        if content is not None:
            (tmp_path / "names").write_bytes(content)

        with pytest.raises(PatternFileUnreadable, match=words):
            self.internal(tmp_path, "@names")

    def test_a_wrong_line_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "names").write_text("acme-*\nnot a name\n")

        with pytest.raises(InvalidNamePattern, match="names, line 2"):
            self.internal(tmp_path, "@names")

    def test_a_path_that_leads_nowhere_is_no_pattern(self, tmp_path: Path) -> None:
        with pytest.raises(PatternFileUnreadable):
            self.internal(tmp_path, "folder/names.txt")


def test_names_and_limits_are_read_here_so_that_their_errors_come_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    options = DestinationOptions(
        to=FEED, upstream_allow=["Six", "six"], accept_existing=["Acme.Core"], limits=["metadata=2.1"]
    )
    found = chosen(options, around(tmp_path))

    assert (found.upstream_allow, found.accept_existing) == (("six",), ("acme-core",))
    body = found.body()
    assert (body.upstream_allow, body.accept_existing, body.limits) == (
        ["six"],
        ["acme-core"],
        ["metadata=2.1"],
    )
    wrong: list[tuple[DestinationOptions, type[FeedgateError]]] = [
        (replace(options, upstream_allow=["six==1"]), InvalidName),
        (replace(options, accept_existing=[""]), InvalidName),
        (replace(options, limits=["metadata"]), InvalidLimit),
        (replace(options, internal=["a b"]), InvalidNamePattern),
    ]
    for one, error in wrong:
        with pytest.raises(error):
            choose_destination(one, around(tmp_path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [(f"{CANARY}\nmore\n", f"{CANARY}\n"), (CANARY, CANARY), ("", "")],
)
def test_a_password_is_the_first_line_of_standard_input(
    monkeypatch: pytest.MonkeyPatch, content: str, expected: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(content))

    assert read_password() == expected


def test_no_standard_input_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)

    assert read_password() is None


def test_at_a_terminal_it_is_asked_for_without_an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("echoed\n"))
    monkeypatch.setattr("getpass.getpass", lambda _prompt: CANARY)

    assert destination_choice.read_password() == CANARY


class TestStanding:
    """``--to NAME`` beside ``-f``: what only the feed's server can know."""

    def test_nothing_of_the_caller_is_looked_at(self, tmp_path: Path, job: PipelineJob) -> None:
        asked: list[str] = []
        surroundings = Surroundings(
            {**job.variables, "FEEDGATE_DESTINATION_PASSWORD": CANARY},
            tmp_path,
            lambda service, _user: asked.append(service),
        )

        found = choose_standing(DestinationOptions(to="Pip-Feed", internal=["Acme_*"]), surroundings)

        assert found is not None
        assert (found.name, found.own, found.credentials_from) == ("pip-feed", None, None)
        body = found.body(is_standing=True)
        assert (body.name, body.upload_url, body.internal) == ("pip-feed", None, ["acme-*"])
        assert asked == []

    @pytest.mark.parametrize(
        ("options", "option"),
        [
            (DestinationOptions(to="azure", read_url="https://a.example/simple/"), "--read-url"),
            (DestinationOptions(to="azure", username="me"), "--username"),
        ],
    )
    def test_what_it_says_itself_is_not_said_again(self, options: DestinationOptions, option: str) -> None:
        with pytest.raises(StandingKnowsItself, match=option):
            choose_standing(options, around(Path()))

    def test_an_option_without_it_is_named(self) -> None:
        assert choose_standing(DestinationOptions(), around(Path())) is None
        with pytest.raises(OptionWithoutDestination, match="--limit"):
            choose_standing(DestinationOptions(limits=["size=1MB"]), around(Path()))

    def test_an_address_is_no_name_and_is_not_repeated(self) -> None:
        with pytest.raises(InvalidDestinationName) as caught:
            choose_standing(DestinationOptions(to=f"me:{CANARY}@packages.example"), around(Path()))

        assert CANARY not in f"{caught.value!r}{caught.value.next_step}"
