import configparser
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedgate.machine.addresses import FeedUrl, parse_feed_url
from feedgate.machine.pip_configuration import (
    BrokenPipConfiguration,
    comment_out,
    files_read,
    indexes,
    parse_settings,
    plan_pip,
    set_index_url,
)
from feedgate.machine.plan import Obstructed, apply
from tests.unit.machine.conftest import Vm

FILE = Path("pip.conf")
URL = "https://feeds.example/demo/_packaging/pip-feed/pypi/simple/"
OTHER = "https://build:canary@index.example/simple/"


def keys(vm: Vm, feed: FeedUrl, *, system: bool = False) -> list[str]:
    """Return the keys of what stands in the way."""
    return [
        obstacle.key for obstacle in plan_pip(vm.surroundings, feed, system=system, replace=False).obstacles
    ]


def test_the_user_gets_a_file_with_one_index(vm: Vm, feed: FeedUrl) -> None:
    apply(plan_pip(vm.surroundings, feed, system=False, replace=False))

    assert vm.home(".config/pip/pip.conf").read_text() == f"[global]\nindex-url = {URL}\n"


def test_all_users_get_it_in_etc(vm: Vm, feed: FeedUrl) -> None:
    apply(plan_pip(vm.surroundings, feed, system=True, replace=False))

    assert vm.etc("pip.conf").read_text() == f"[global]\nindex-url = {URL}\n"
    assert not vm.home(".config").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "[global]\nindex-url = U\n", id="empty"),
        pytest.param("[global]\n", "[global]\nindex-url = U\n", id="an-empty-section"),
        pytest.param("[global]", "[global]\nindex-url = U\n", id="no-line-end"),
        pytest.param(
            "# mine\n[global]\ntimeout = 60 ; not a comment\n\n[install]\nuser = yes\n",
            "# mine\n[global]\nindex-url = U\ntimeout = 60 ; not a comment\n\n[install]\nuser = yes\n",
            id="other-keys-and-comments-stay",
        ),
        pytest.param(
            "[install]\nuser = yes", "[install]\nuser = yes\n\n[global]\nindex-url = U\n", id="no-section"
        ),
        pytest.param(
            "[global]\n  timeout = 60\n",
            "[global]\n  index-url = U\n  timeout = 60\n",
            id="as-deep-as-the-rest",
        ),
        pytest.param(
            " [global]\n# why\n\n   timeout = 60\n",
            " [global]\n   index-url = U\n# why\n\n   timeout = 60\n",
            id="a-comment-before-the-rest",
        ),
        pytest.param(
            "[global]\r\ntimeout = 60\r\n", "[global]\r\nindex-url = U\r\ntimeout = 60\r\n", id="crlf"
        ),
        pytest.param(
            "[install]\r\na = b\r\n", "[install]\r\na = b\r\n\r\n[global]\r\nindex-url = U\r\n", id="crlf-new"
        ),
        pytest.param(
            "[global]\n index_url:\n   old\n   # why\n x = y\n",
            "[global]\n index-url = U\n   # why\n x = y\n",
            id="replaced",
        ),
        pytest.param("[global]\nindex-url = U\n", "[global]\nindex-url = U\n", id="the-same"),
        pytest.param(
            "[global]\ncert = a\n  [global]\n",
            "[global]\nindex-url = U\ncert = a\n  [global]\n",
            id="a-value-like-a-header",
        ),
    ],
)
def test_one_line_is_set_and_all_else_stays(before: str, after: str) -> None:
    written = set_index_url(FILE, before, "U")

    assert written == after
    parser = configparser.RawConfigParser()
    parser.read_string(written)
    assert parser["global"]["index-url"] == "U"


@pytest.mark.parametrize(
    ("section", "line", "key"),
    [
        ("global", "extra-index-url = https://index.example/simple/", "[global] extra-index-url"),
        ("global", "EXTRA_INDEX_URL: x", "[global] extra-index-url"),
        ("global", "find-links =\n  /srv/wheels\n  /more", "[global] find-links"),
        ("global", "no-index = yes", "[global] no-index"),
        ("global", "index-url = https://index.example/", "[global] index-url"),
        ("global", "pypi-url = https://index.example/", "[global] pypi-url"),
        ("install", "index-url = https://index.example/", "[install] index-url"),
        ("DEFAULT", "extra-index-url = x", "[DEFAULT] extra-index-url"),
        ("global", f"extra-index-url = {URL}", "[global] extra-index-url"),
    ],
)
@pytest.mark.parametrize("name", [".config/pip/pip.conf", ".pip/pip.conf"])
def test_what_would_lead_past_the_feed_is_named(
    vm: Vm, feed: FeedUrl, name: str, section: str, line: str, key: str
) -> None:
    if name == ".pip/pip.conf" and key in ("[global] index-url", "[global] pypi-url"):
        name = ".config/pip/pip.conf"  # the weaker file's choice loses to ours
    path = vm.home(name, f"[{section}]\ntimeout = 3\n{line}\n")

    plan = plan_pip(vm.surroundings, feed, system=False, replace=False)

    assert [(obstacle.where, obstacle.key) for obstacle in plan.obstacles] == [(f"{path}, line 3", key)]
    with pytest.raises(Obstructed):
        apply(plan)
    assert path.read_text().endswith(f"{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "extra-index-url =",
        "no-index = false",
        "no-index = 0",
        f"index-url = {URL[:-1]}",
        "trusted-host = x",
        "find-links-x = y",
    ],
)
def test_what_changes_nothing_is_in_nobodys_way(vm: Vm, feed: FeedUrl, line: str) -> None:
    vm.home(".config/pip/pip.conf", f"[global]\n{line}\n")

    assert keys(vm, feed) == []


@pytest.mark.parametrize(
    "place", ["etc/pip.conf", "etc/xdg/pip/pip.conf", "usr/pip.conf", "usr/local/pip.conf"]
)
@pytest.mark.parametrize("system", [False, True])
def test_every_level_is_looked_at(vm: Vm, feed: FeedUrl, place: str, system: bool) -> None:
    vm.etc(f"../{place}", "[global]\nfind-links = /srv\n")

    assert keys(vm, feed, system=system) == ["[global] find-links"]


def test_the_choice_of_a_weaker_file_loses_to_ours(vm: Vm, feed: FeedUrl) -> None:
    vm.etc("pip.conf", "[global]\nindex-url = https://index.example/\n")
    vm.home(".pip/pip.conf", "[global]\nindex-url = https://index.example/\n")

    assert keys(vm, feed) == []


def test_the_choice_of_a_stronger_file_wins_and_is_named(vm: Vm, feed: FeedUrl) -> None:
    vm.home(".config/pip/pip.conf", "[global]\nindex-url = https://index.example/\n")
    vm.elsewhere("venv/pip.conf", "[global]\nindex-url = https://venv.example/\n")
    vm.variables["PATH"] = str(vm.elsewhere("venv/bin"))

    assert keys(vm, feed, system=True) == ["[global] index-url", "[global] index-url"]


def test_the_files_are_read_in_pips_own_order(vm: Vm) -> None:
    vm.variables |= {
        "XDG_CONFIG_DIRS": str(vm.elsewhere("xdg")),
        "VIRTUAL_ENV": str(vm.elsewhere("venv")),
        "PIP_CONFIG_FILE": str(vm.elsewhere("own.conf")),
    }

    assert files_read(vm.surroundings) == (
        vm.elsewhere("xdg/pip/pip.conf"),
        vm.etc("pip.conf"),
        vm.home(".pip/pip.conf"),
        vm.home(".config/pip/pip.conf"),
        vm.elsewhere("venv/pip.conf"),
        vm.base / "root/usr/local/pip.conf",
        vm.base / "root/usr/pip.conf",
        vm.elsewhere("own.conf"),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_EXTRA_INDEX_URL", OTHER),
        ("PIP_INDEX_URL", OTHER),
        ("PIP_PYPI_URL", OTHER),
        ("PIP_FIND_LINKS", "/srv"),
        ("PIP_NO_INDEX", "1"),
        ("PIP_extra_index_url", OTHER),
        ("PIP_CONFIG_FILE", "/dev/null"),
    ],
)
def test_a_variable_is_named_with_the_command_that_removes_it(
    vm: Vm, feed: FeedUrl, name: str, value: str
) -> None:
    vm.variables[name] = value

    (obstacle,) = plan_pip(vm.surroundings, feed, system=False, replace=True).obstacles

    assert (obstacle.key, obstacle.where, obstacle.replaceable) == (name, "the environment", False)
    assert obstacle.cure.startswith(f"unset {name}")
    assert "canary" not in obstacle.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", URL),
        ("PIP_EXTRA_INDEX_URL", ""),
        ("PIP_NO_INDEX", "false"),
        ("PIP_TIMEOUT", "3"),
        ("pip_find_links", "/srv"),
        ("PIP_CONFIG_FILE", "/no/such/file"),
    ],
)
def test_a_variable_that_changes_nothing_is_in_nobodys_way(
    vm: Vm, feed: FeedUrl, name: str, value: str
) -> None:
    vm.variables[name] = value

    assert keys(vm, feed) == []


def test_a_file_of_ones_own_hides_the_users_file_but_not_that_in_etc(vm: Vm, feed: FeedUrl) -> None:
    path = vm.elsewhere("own.conf", "[global]\ntimeout = 3\n")
    vm.variables["PIP_CONFIG_FILE"] = str(path)

    assert keys(vm, feed) == ["PIP_CONFIG_FILE"]
    assert keys(vm, feed, system=True) == []

    path.write_text("[global]\nindex-url = https://index.example/\n")
    assert keys(vm, feed, system=True) == ["[global] index-url"]


def test_with_replace_all_of_it_is_taken_out_and_the_files_as_they_were_are_kept(
    vm: Vm, feed: FeedUrl
) -> None:
    before = (
        f"[global]\ntimeout = 3\nextra-index-url =\n    {OTHER}\n    # why\n    /srv\nindex_url = {OTHER}\n"
        "index-url = x\n\n[install]\nno-index = true\n"
    )
    path = vm.home(".config/pip/pip.conf", before)
    shared = vm.etc("pip.conf", "[global]\nfind-links = /srv\nretries = 2")

    plan = plan_pip(vm.surroundings, feed, system=False, replace=True)
    backups = apply(plan)

    assert path.read_text() == (
        f"[global]\ntimeout = 3\n# extra-index-url =\n#     {OTHER}\n#     # why\n#     /srv\nindex-url = {URL}\n"
        "# index-url = x\n\n[install]\n# no-index = true\n"
    )
    assert shared.read_text() == "[global]\n# find-links = /srv\nretries = 2"
    assert sorted(backups) == sorted(
        [vm.etc("pip.conf.feedgate-backup"), vm.home(".config/pip/pip.conf.feedgate-backup")]
    )
    assert vm.home(".config/pip/pip.conf.feedgate-backup").read_text() == before
    assert "canary" not in repr(plan)
    assert keys(vm, feed) == []


def test_our_own_line_stays_when_a_second_one_is_taken_out(vm: Vm, feed: FeedUrl) -> None:
    path = vm.home(
        ".config/pip/pip.conf", f"[global]\nindex-url = {URL}\nindex_url = https://index.example/\n"
    )

    apply(plan_pip(vm.surroundings, feed, system=False, replace=True))

    assert path.read_text() == f"[global]\nindex-url = {URL}\n# index_url = https://index.example/\n"


@pytest.mark.parametrize(
    "text",
    [
        "index-url = canary\n",
        "[global]\ncanary\n",
        "[global]\na = 1\na = canary\n",
        "[a]\n[a]\n",
        "[g\n",
        "[g]\n= canary\n",
    ],
)
def test_a_file_that_pip_refuses_is_named_and_not_repeated(vm: Vm, feed: FeedUrl, text: str) -> None:
    vm.etc("pip.conf", text)

    with pytest.raises(BrokenPipConfiguration, match=r"etc/pip\.conf: not a configuration file") as caught:
        plan_pip(vm.surroundings, feed, system=False, replace=False)

    assert "canary" not in f"{caught.value.message}{caught.value.next_step}"


@pytest.mark.parametrize(
    ("url", "passed_over"),
    [
        ("https://feeds.example/a/f", False),
        ("http://feeds.example/a/f", True),
        ("http://feeds.example:8080/a/f", True),
        ("http://10.0.0.7/a/f", True),
        ("http://127.0.0.1.example/a/f", True),
        ("http://localhost:8080/a/f", False),
        ("http://127.8.9.1:8080/a/f", False),
    ],
)
def test_an_index_that_pip_would_pass_over_is_said(vm: Vm, url: str, passed_over: bool) -> None:
    obstacles = plan_pip(vm.surroundings, parse_feed_url(url), system=False, replace=True).obstacles

    assert [obstacle.replaceable for obstacle in obstacles] == ([False] if passed_over else [])
    assert all("https" in obstacle.cure for obstacle in obstacles)


@pytest.mark.parametrize("trusted", ["feeds.example", "other.example\n  feeds.example:8080"])
@pytest.mark.parametrize("place", ["file", "variable"])
def test_a_host_that_pip_was_told_to_trust_is_taken_over_http(vm: Vm, trusted: str, place: str) -> None:
    if place == "file":
        vm.etc("pip.conf", f"[global]\ntrusted-host = {trusted}\n")
    else:
        vm.variables["PIP_TRUSTED_HOST"] = trusted

    feed = parse_feed_url("http://feeds.example:8080/a/f")

    assert keys(vm, feed) == []


def test_the_indexes_that_are_there_are_found(vm: Vm) -> None:
    vm.etc("pip.conf", "[global]\nindex-url = https://a.example/\nfind-links = /srv\n")
    vm.home(".pip/pip.conf", "[install]\nextra-index-url = https://b.example/\n  https://c.example/\n")

    assert list(indexes(vm.surroundings)) == [
        "https://a.example/",
        "https://b.example/",
        "https://c.example/",
    ]


LINES = st.one_of(
    st.sampled_from(["[a]", "[b]", " [c]", "# x", "; y = 1", "", "  ", "  # z", "\tw"]),
    st.tuples(
        st.sampled_from(["", " ", "   "]),
        st.sampled_from(["k", "K_1", "l m", "index-url"]),
        st.sampled_from(["=", " : ", "= ", " == "]),
        st.sampled_from(["", "v", "v = w", "v # no comment", "[a]", "\x0bv", "\u2028v"]),
    ).map("".join),
    st.sampled_from(["  more", "    more # too", "plain"]),
)


@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_are_read_as_python_reads_them(lines: list[str], end: str) -> None:
    text = end.join(lines)
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text.replace("\r\n", "\n").replace("\r", "\n"))
    except configparser.Error:
        assume(False)
    expected = {
        (section, key.replace("_", "-"), " ".join(value.split()))
        for section in parser.sections()
        for key, value in parser[section].items()
    }

    settings = parse_settings(FILE, text)

    assert {(s.section, s.key, " ".join(s.value.split())) for s in settings} == expected
    assert parse_settings(FILE, comment_out(text, settings)) == ()
