import netrc as python_netrc
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedgate.machine.files import UnreadableFile
from feedgate.machine.netrc import (
    BrokenNetrc,
    NotAToken,
    NotAUserName,
    check_file,
    check_token,
    credentials_of,
    entries_of,
    has_entry,
    netrc_file,
    open_quote,
    plan_netrc,
    set_credentials,
)
from feedgate.machine.plan import Obstructed, apply
from tests.unit.machine.conftest import Vm

HOST = "feeds.example"
TOKEN = "fgt_new"
LINE = f"machine {HOST} login feedgate password {TOKEN}\n"

MIXED = """\
# kept for the build
machine other.example login build password old-secret account x

macdef init
machine feeds.example login nobody password nothing
quit

  machine\tlast.example
  login "a \\" b"
  password p#ss  # why
"""


def hosts(path: Path) -> dict[str, tuple[str, str, str]]:
    """Return what Python's own parser, and so pip, reads."""
    read = python_netrc.netrc(str(path))
    return {
        host: (login, account or "", password or "")
        for host, (login, account, password) in read.hosts.items()
    }


def test_the_token_gets_an_entry_in_a_new_file_that_its_owner_alone_may_read(vm: Vm) -> None:
    apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=False))

    path = vm.home(".netrc")
    assert path.read_text() == LINE
    assert path.stat().st_mode & 0o777 == 0o600


def test_everything_else_stays_byte_for_byte(vm: Vm) -> None:
    path = vm.home(".netrc", MIXED)

    apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=False))

    assert path.read_bytes() == (MIXED + LINE).encode()
    assert hosts(path)["other.example"] == ("build", "x", "old-secret")
    assert hosts(path)["last.example"] == ('a " b', "", "p#ss")
    assert hosts(path)[HOST] == ("feedgate", "", TOKEN)


def test_bytes_that_are_no_utf8_stay_too(vm: Vm) -> None:
    path = vm.home(".netrc")
    path.write_bytes(b"# \xff\xfe\nmachine a.example login \xe4 password p\n")

    assert (
        set_credentials(path.read_bytes().decode("utf-8", "surrogateescape"), HOST, TOKEN).encode(
            "utf-8", "surrogateescape"
        )
        == path.read_bytes() + LINE.encode()
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", LINE, id="empty"),
        pytest.param(
            "machine a login b password c", "machine a login b password c\n" + LINE, id="no-line-end"
        ),
        pytest.param("macdef m\nls\n", "macdef m\nls\n\n" + LINE, id="macro-not-closed"),
        pytest.param("macdef m\nls", "macdef m\nls\n\n" + LINE, id="macro-not-closed-no-line-end"),
        pytest.param("macdef m\nls\n\n", "macdef m\nls\n\n" + LINE, id="macro-closed"),
        pytest.param("macdef m\nls\n \n", "macdef m\nls\n \n\n" + LINE, id="a-blank-closes-no-macro"),
        pytest.param("macdef m\r\nls\r\n\r\n", "macdef m\r\nls\r\n\r\n" + LINE, id="macro-closed-crlf"),
        pytest.param("macdef", "macdef\n\n" + LINE, id="macro-without-a-name"),
        pytest.param(
            "machine a login b password c\n default login x password y\n",
            "machine a login b password c\n " + LINE + "default login x password y\n",
            id="before-the-default",
        ),
        pytest.param(
            "machine a login b password c default login x password y",
            "machine a login b password c " + LINE + "default login x password y",
            id="before-the-default-in-one-line",
        ),
        pytest.param(
            f"machine {HOST}:8080 login b password c\n",
            f"machine {HOST}:8080 login b password c\n" + LINE,
            id="an-entry-with-a-port-is-another-host",
        ),
    ],
)
def test_a_host_without_entry_gets_one_where_every_reader_finds_it(before: str, after: str) -> None:
    assert set_credentials(before, HOST, TOKEN) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"machine {HOST} login me password old # why\n",
            f"machine {HOST} login me password {TOKEN} # why\n",
            id="login-and-comment-stay",
        ),
        pytest.param(
            f'machine {HOST}\n\tpassword "o l\\"d"\n\tlogin me\n',
            f"machine {HOST}\n\tpassword {TOKEN}\n\tlogin me\n",
            id="quoted",
        ),
        pytest.param(
            f"machine {HOST} login me", f"machine {HOST} login me password {TOKEN}", id="no-password"
        ),
        pytest.param(f"machine {HOST}", f"machine {HOST} password {TOKEN}", id="nothing-but-the-host"),
        pytest.param(
            f"machine {HOST} password", f"machine {HOST} password {TOKEN}", id="password-without-value"
        ),
        pytest.param(
            f"machine {HOST} login a password b\nmachine {HOST} login c password d\n",
            f"machine {HOST} login a password {TOKEN}\nmachine {HOST} login c password {TOKEN}\n",
            id="two-entries",
        ),
        pytest.param(
            f"machine {HOST} login #a password #b\n",
            f"machine {HOST} login #a password {TOKEN}\n",
            id="hashes",
        ),
        pytest.param(
            f"machine {HOST} # not: password x\n login a password b",
            f"machine {HOST} # not: password x\n login a password {TOKEN}",
            id="a-comment-is-no-password",
        ),
        pytest.param(
            f"machine {HOST} account machine password default",
            f"machine {HOST} account machine password {TOKEN}",
            id="values-that-look-like-keywords",
        ),
    ],
)
def test_an_entry_that_is_there_gets_the_token_in_its_place(before: str, after: str) -> None:
    assert set_credentials(before, HOST, TOKEN) == after


def test_words_that_belong_nowhere_hide_no_entry() -> None:
    (entry,) = entries_of(f"oops machine {HOST} login a password b", HOST)

    assert entry.password is not None
    assert entry.password.value == "b"


def test_another_password_is_named_and_left(vm: Vm) -> None:
    path = vm.home(".netrc", f"\nmachine {HOST} login canary-login password canary\n")

    plan = plan_netrc(vm.surroundings, HOST, TOKEN, replace=False)

    with pytest.raises(
        Obstructed, match=f"line 2: machine {HOST} = an entry with another password"
    ) as caught:
        apply(plan)
    assert "canary" not in f"{plan!r}{caught.value.message}{caught.value.next_step}"
    assert "--replace" in caught.value.next_step
    assert path.read_text().endswith("canary\n")


def test_with_replace_the_token_takes_its_place_and_the_file_as_it_was_is_kept(vm: Vm) -> None:
    before = f"machine {HOST} login me password old\n"
    path = vm.home(".netrc", before)

    (backup,) = apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=True))

    assert path.read_text() == f"machine {HOST} login me password {TOKEN}\n"
    assert backup == vm.home(".netrc.feedgate-backup")
    assert backup.read_text() == before
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_token_that_follows_one_of_ours_leaves_no_copy_of_it(vm: Vm) -> None:
    path = vm.home(".netrc", f"machine {HOST} login feedgate password canary\n")

    backups = apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=True))

    assert path.read_text() == LINE
    assert backups == ()


def test_a_user_name_that_was_given_goes_with_the_token(vm: Vm) -> None:
    plan = plan_netrc(vm.surroundings, HOST, TOKEN, replace=False, login="anna")
    apply(plan)

    assert vm.home(".netrc").read_text() == f"machine {HOST} login anna password {TOKEN}\n"
    assert credentials_of(vm.surroundings, HOST) == ("anna", TOKEN)


def test_another_user_name_is_an_entry_of_someone_else(vm: Vm) -> None:
    path = vm.home(".netrc", f"machine {HOST} password {TOKEN} login bob\n")

    refused = plan_netrc(vm.surroundings, HOST, TOKEN, replace=False, login="anna")
    plan = plan_netrc(vm.surroundings, HOST, TOKEN, replace=True, login="anna")
    apply(plan)

    assert len(refused.obstacles) == 1
    assert "another user name becomes the one given" in plan.changes[0].lines[-1]
    assert path.read_text() == f"machine {HOST} password {TOKEN} login anna\n"
    assert plan_netrc(vm.surroundings, HOST, TOKEN, replace=False).obstacles == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"machine {HOST}\n", f"machine {HOST} login anna password {TOKEN}\n"),
        (f"machine {HOST} login bob\n", f"machine {HOST} login anna password {TOKEN}\n"),
        (f"machine {HOST} user bob password x\n", f"machine {HOST} user anna password {TOKEN}\n"),
        (f"machine {HOST} password x account y", f"machine {HOST} password {TOKEN} account y login anna"),
        (
            f"machine {HOST} password x login bob machine {HOST} login b password y",
            f"machine {HOST} password {TOKEN} login anna machine {HOST} login anna password {TOKEN}",
        ),
    ],
)
def test_user_name_and_token_take_their_places(before: str, after: str) -> None:
    assert set_credentials(before, HOST, TOKEN, "anna") == after


@pytest.mark.parametrize("login", ["", "two words", 'quo"te', "back\\slash", "ümlaut", "x" * 5000])
def test_what_can_not_stand_in_netrc_is_no_user_name(vm: Vm, login: str) -> None:
    with pytest.raises(NotAUserName) as caught:
        plan_netrc(vm.surroundings, HOST, TOKEN, replace=True, login=login)

    assert caught.value.exit_status == 2
    assert not vm.home(".netrc").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        (f"machine {HOST} login a", None),
        (f"machine {HOST} password b", ("", "b")),
        (f"machine {HOST} login a password b machine {HOST} login c password d", ("c", "d")),
        (f'machine {HOST} login "a b" password b', ("a b", "b")),
    ],
)
def test_the_credentials_that_clients_take_are_found(
    vm: Vm, text: str | None, expected: tuple[str, str] | None
) -> None:
    vm.home(".netrc", text)

    assert credentials_of(vm.surroundings, HOST) == expected


def test_the_same_token_again_changes_nothing(vm: Vm) -> None:
    apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=False))

    (change,) = plan_netrc(vm.surroundings, HOST, TOKEN, replace=False).changes

    assert not change.is_needed
    assert change.lines == ()


def test_a_file_that_others_may_read_is_closed(vm: Vm) -> None:
    path = vm.home(".netrc", LINE)
    path.chmod(0o644)

    plan = plan_netrc(vm.surroundings, HOST, None, replace=False)
    apply(plan)

    assert plan.changes[0].lines == ("permissions 0644 become 0600",)
    assert path.read_text() == LINE
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_token_the_entry_that_is_there_stays(vm: Vm) -> None:
    vm.home(".netrc", f"machine {HOST} login me password whatever\n").chmod(0o600)

    (change,) = plan_netrc(vm.surroundings, HOST, None, replace=True).changes

    assert not change.is_needed


@pytest.mark.parametrize("there", [None, "", "machine other.example login a password b\n"])
def test_without_a_token_and_without_an_entry_that_is_said(vm: Vm, there: str | None) -> None:
    vm.home(".netrc", there)

    plan = plan_netrc(vm.surroundings, HOST, None, replace=False)

    assert not plan.changes
    assert plan.notes == ("no token was given: only a public feed will answer",)


def test_a_link_stays_a_link_and_its_target_is_written(vm: Vm) -> None:
    target = vm.elsewhere("secrets", "machine a.example login b password c\n")
    path = vm.home(".netrc")
    path.symlink_to(target)

    apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=False))

    assert path.is_symlink()
    assert target.read_text() == "machine a.example login b password c\n" + LINE
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("#a comment without a blank\n", 1),
        ("machine a login b canary\n", 2),
        ("\n\nlogin canary\n", 3),
        pytest.param('machine a login b\npassword "canary\n', 2, id="open-quote"),
    ],
)
def test_a_file_that_pip_reads_nothing_from_is_named_by_line_alone(vm: Vm, text: str, line: int) -> None:
    path = vm.home(".netrc", text)

    with pytest.raises(BrokenNetrc, match=rf"\.netrc, near line {line}: ") as caught:
        plan_netrc(vm.surroundings, HOST, TOKEN, replace=True)

    assert "canary" not in caught.value.message
    assert path.read_text() == text


def test_a_file_in_no_encoding_is_named(vm: Vm) -> None:
    path = vm.home(".netrc")
    path.write_bytes(b"machine a.example login \xff password p\n")

    with pytest.raises(BrokenNetrc, match="no netrc that Python can read"):
        check_file(path)


def test_the_variable_netrc_names_the_file(vm: Vm) -> None:
    vm.variables["NETRC"] = "~/secrets/netrc"

    apply(plan_netrc(vm.surroundings, HOST, TOKEN, replace=False))

    assert netrc_file(vm.surroundings) == vm.home("secrets/netrc")
    assert vm.home("secrets/netrc").read_text() == LINE
    assert not vm.home(".netrc").exists()


def test_a_variable_that_hides_every_netrc_is_named_with_its_cure(vm: Vm) -> None:
    vm.variables["NETRC"] = "/dev/null"

    plan = plan_netrc(vm.surroundings, HOST, TOKEN, replace=True)

    assert [(obstacle.key, obstacle.replaceable) for obstacle in plan.obstacles] == [("NETRC", False)]
    assert plan.obstacles[0].cure.startswith("unset NETRC")
    assert not has_entry(vm.surroundings, HOST)


def test_a_folder_in_its_place_can_not_be_read(vm: Vm) -> None:
    vm.home(".netrc").mkdir()

    with pytest.raises(UnreadableFile, match="Is a directory"):
        plan_netrc(vm.surroundings, HOST, TOKEN, replace=True)


def test_the_older_name_would_be_passed_over_and_is_named(vm: Vm) -> None:
    vm.home("_netrc", "machine a.example login b password c\n")

    plan = plan_netrc(vm.surroundings, HOST, TOKEN, replace=True)

    assert [obstacle.cure for obstacle in plan.obstacles] == [f"mv {vm.home('_netrc')} {vm.home('.netrc')}"]


@pytest.mark.parametrize(
    "token",
    ["fgt_" + "a1" * 21, "a.b-c_d~e+f/g=", "!$%&()*,:;<>?@[]^`{|}", "a#b", "x" * 4096],
)
def test_a_token_that_every_reader_takes_alike_is_written(vm: Vm, token: str) -> None:
    apply(plan_netrc(vm.surroundings, HOST, check_token(token), replace=False))

    assert hosts(vm.home(".netrc"))[HOST] == ("feedgate", "", token)


@pytest.mark.parametrize(
    "token", ["", " ", "a b", "a\nb", 'a"b', "a'b", "a\\b", "#a", "ä", "x" * 4097, "a\0"]
)
def test_what_some_reader_would_take_otherwise_is_refused_unseen(vm: Vm, token: str) -> None:
    with pytest.raises(NotAToken) as caught:
        plan_netrc(vm.surroundings, HOST, token, replace=True)

    assert not token.strip() or token not in caught.value.message
    assert not vm.home(".netrc").exists()


WORDS = st.text(st.sampled_from('abc#"\\'), min_size=1, max_size=4)
PLAIN = st.text(st.sampled_from("abc"), min_size=1, max_size=3)
GAPS = st.sampled_from([" ", "\t", "\n", " \n  ", "\r\n"])
PAIRS = st.tuples(st.sampled_from(["login", "user", "account", "password"]), st.one_of(WORDS, PLAIN))
ENTRIES = st.tuples(
    st.one_of(st.just("default"), PLAIN.map("machine {}".format)), st.lists(PAIRS, max_size=4)
)


@given(entries=st.lists(ENTRIES, max_size=4), gaps=st.lists(GAPS, min_size=40, max_size=40), host=PLAIN)
def test_whatever_python_reads_it_reads_again_with_the_token_besides(
    entries: list[tuple[str, list[tuple[str, str]]]],
    gaps: list[str],
    host: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    words = [word for machine, pairs in entries for word in (machine, *(" ".join(pair) for pair in pairs))]
    text = "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    path = tmp_path_factory.getbasetemp() / "netrc-of-hypothesis"
    path.write_bytes(text.encode())
    try:
        before = hosts(path)
    except python_netrc.NetrcParseError:
        assume(False)
    assume(open_quote(text) is None)

    path.write_bytes(set_credentials(text, host, TOKEN).encode())

    after = hosts(path)
    assert {name: entry for name, entry in after.items() if name != host} == {
        name: entry for name, entry in before.items() if name != host
    }
    assert after[host][2] == TOKEN
    assert bool(entries_of(text, host)) == (host in before)
