"""Users by name: of an image's own list, and with their own rights on the running machine."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedgate.machine.accounts import Account, NoHome, NoSuchUser, NotTheirRights, acting_as, find_account
from feedgate.machine.addresses import FeedUrl
from feedgate.machine.connect import LeadsOut, plan_connection
from feedgate.machine.files import UnreadableFile, UnwritableFile
from feedgate.machine.plan import Client, apply
from feedgate.machine.surroundings import Surroundings
from tests.left_out import leave_out
from tests.unit.machine.conftest import Vm

STRANGER = 54321
ME = f"me:x:{os.getuid()}:{os.getgid()}:Me,,,:/people/me:/bin/sh\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with one user, who is the tests' own by number."""
    root = tmp_path / "image"
    (root / "etc").mkdir(parents=True)
    (root / "people" / "me").mkdir(parents=True)
    (root / "etc" / "passwd").write_text(f"daemon:x:1:1::/usr/sbin:/bin/false\n# no user\nshort:x:7\n{ME}")
    return root


@pytest.fixture
def stranger() -> Iterator[Account]:
    """A user of this machine who is not root, with a home that everybody may enter."""
    if os.geteuid() != 0:
        leave_out("files of another user", brings="running the tests as root")
    base = Path(tempfile.mkdtemp(prefix="feedgate-"))  # others may not enter pytest's own folders
    base.chmod(0o755)
    home = base / "home"
    home.mkdir()
    os.chown(home, STRANGER, STRANGER)
    yield Account("stranger", STRANGER, STRANGER, home)
    shutil.rmtree(base)


@pytest.fixture
def machine(stranger: Account) -> Surroundings:
    root = stranger.home.parent / "root"
    (root / "etc").mkdir(parents=True)
    return Surroundings(root, stranger.home, {}, root, account=stranger)


def test_a_user_of_an_image_is_found_in_its_own_list(image: Path) -> None:
    assert find_account("me", image) == Account(
        "me", os.getuid(), os.getgid(), image / "people" / "me", in_image=True
    )


@pytest.mark.parametrize("name", ["nobody-of-that-name", "short", "# no user", "", "root"])
def test_who_is_not_in_the_list_is_no_user(image: Path, name: str) -> None:
    with pytest.raises(NoSuchUser, match="passwd has no user") as caught:
        find_account(name, image)

    assert caught.value.exit_status == 2


@pytest.mark.parametrize("name", ["nobody-of-that-name", "", "a:b", "a\0b"])
def test_who_is_not_of_this_machine_is_no_user(name: str) -> None:
    with pytest.raises(NoSuchUser, match="this machine has no user"):
        find_account(name, Path("/"))


def test_the_caller_is_a_user_of_this_machine() -> None:
    me = pwd.getpwuid(os.geteuid())

    found = find_account(me.pw_name, Path("/"))

    assert (found.uid, str(found.home), found.gets) == (me.pw_uid, me.pw_dir, None)


def test_without_a_home_there_is_no_place_for_a_token(image: Path) -> None:
    (image / "people" / "me").rmdir()

    with pytest.raises(NoHome, match="people/me is no folder"):
        find_account("me", image)


def test_a_home_never_lies_outside_the_image(image: Path) -> None:
    (image / "etc" / "passwd").write_text(f"me:x:{os.getuid()}:{os.getgid()}::/../../..:/bin/sh\n")

    assert find_account("me", image).home == image


def test_only_root_writes_for_others(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    with pytest.raises(NotTheirRights, match="only root"):
        find_account("me", image)


def test_in_an_image_the_files_are_given_away(image: Path, feed: FeedUrl) -> None:
    if os.geteuid() != 0:
        leave_out("files that change hands", brings="running the tests as root")
    (image / "etc" / "passwd").write_text("anna:x:1234:2345::/people/anna:/bin/sh\n")
    (image / "people" / "anna").mkdir()  # of root still, as a copied folder is
    here = Surroundings.of_this_process()

    for _ in range(2):
        machines = here.seen_by(["anna"], root=image)
        plan = plan_connection(feed, *machines, clients=(Client.PIP, Client.UV), token="fgt_a")
        apply(plan)

    assert plan.changes == ()
    for name, mode in ((".netrc", 0o600), (".config/pip/pip.conf", 0o644), (".config/uv/uv.toml", 0o644)):
        made = (image / "people" / "anna" / name).stat()
        assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (1234, 2345, mode)
    assert (image / "people" / "anna" / ".config" / "pip").stat().st_uid == 1234

    os.chown(image / "people" / "anna" / ".netrc", 0, 0)
    plan = plan_connection(feed, *here.seen_by(["anna"], root=image), clients=(Client.PIP,), token="fgt_a")
    apply(plan)

    assert [change.lines for change in plan.changes] == [("it becomes anna's",)]
    assert (image / "people" / "anna" / ".netrc").stat().st_uid == 1234


def test_a_link_in_an_image_that_leads_out_of_it_is_not_followed(
    image: Path, feed: FeedUrl, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.conf"
    outside.write_text("[global]\ntimeout = 3\n")
    (image / "etc" / "pip.conf").symlink_to(outside)
    machines = Surroundings.of_this_process().seen_by(["me"], root=image)

    with pytest.raises(LeadsOut, match=r"etc/pip\.conf leads out of"):
        plan_connection(feed, *machines, clients=(Client.PIP,), system=True, token="fgt_a")

    assert outside.read_text() == "[global]\ntimeout = 3\n"


def test_on_a_running_machine_root_writes_with_the_users_rights(
    machine: Surroundings, stranger: Account, feed: FeedUrl
) -> None:
    apply(plan_connection(feed, machine, clients=(Client.PIP, Client.UV), system=True, token="fgt_a"))

    netrc = (stranger.home / ".netrc").stat()
    assert (netrc.st_uid, netrc.st_gid, stat.S_IMODE(netrc.st_mode)) == (STRANGER, STRANGER, 0o600)
    assert (machine.root / "etc" / "pip.conf").stat().st_uid == 0
    assert (os.geteuid(), os.getegid()) == (0, os.getgid())


@pytest.mark.parametrize("name", [".netrc", ".config/pip/pip.conf"])
def test_a_users_link_leads_root_nowhere_that_the_user_could_not_go(
    machine: Surroundings, stranger: Account, feed: FeedUrl, name: str
) -> None:
    secret = stranger.home.parent / "secret"
    secret.write_text("machine canary.example login a password canary\n")
    secret.chmod(0o600)
    link = stranger.home / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(secret)

    with pytest.raises((UnreadableFile, UnwritableFile)):
        apply(plan_connection(feed, machine, clients=(Client.PIP,), token="fgt_a"))

    assert secret.read_text() == "machine canary.example login a password canary\n"


def test_a_folder_that_is_the_roots_is_not_written_to_for_a_user(
    machine: Surroundings, stranger: Account, feed: FeedUrl
) -> None:
    (stranger.home / ".config").mkdir()

    with pytest.raises(UnwritableFile, match=r"\.config/pip/pip\.conf"):
        apply(plan_connection(feed, machine, clients=(Client.PIP,), token="fgt_a"))

    assert not (stranger.home / ".netrc").exists()


def test_whatever_happens_root_is_root_again(stranger: Account) -> None:
    groups = os.getgroups()

    with acting_as(stranger), acting_as(stranger):
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (STRANGER, STRANGER, [STRANGER])
    with pytest.raises(NoHome), acting_as(stranger):
        raise NoHome("stranger", stranger.home)

    assert (os.geteuid(), os.getgroups()) == (0, groups)


def test_rights_that_even_root_can_not_take_are_named(
    stranger: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that maps no such user."""

    def no_such_number(uid: int) -> None:
        if uid:
            raise OSError

    monkeypatch.setattr(os, "seteuid", no_such_number)

    with pytest.raises(NotTheirRights, match="stranger"), acting_as(stranger):
        pytest.fail("acted")

    assert os.getegid() == os.getgid()


def test_what_two_users_share_is_changed_once(
    machine: Surroundings, stranger: Account, feed: FeedUrl, vm: Vm
) -> None:
    (machine.root / "etc" / "pip.conf").write_text("[global]\nextra-index-url = https://index.example/\n")
    other = replace(vm.surroundings, root=machine.root)

    refused = plan_connection(feed, machine, other, clients=(Client.PIP,), system=True, token="fgt_a")
    plan = plan_connection(
        feed, machine, other, clients=(Client.PIP,), system=True, token="fgt_a", replace=True
    )
    apply(plan)

    assert len(refused.obstacles) == 1
    assert [change.path.name for change in plan.changes] == [".netrc", "pip.conf", ".netrc"]
    assert (stranger.home / ".netrc").read_text() == vm.home(".netrc").read_text()
