import tomllib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from feedgate.errors import FeedgateError, Invalid
from feedgate.formats.pylock import (
    InvalidLock,
    LockedFile,
    LockEntryNotAllowed,
    UnreadableResolution,
    lock_conditions,
    parse_request_lock,
    parse_resolution,
    write_preferences,
)
from feedgate.model.digest import Digest
from feedgate.model.names import parse_project_name
from feedgate.model.request import RequirementLine

SHA256 = "ab" * 32
OTHER_SHA256 = "cd" * 32
HEAD = 'lock-version = "1.0"\ncreated-by = "a tool"\n'
LINUX: Mapping[str, str] = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def wheel(
    name: str = "demo",
    version: str = "1.0",
    tag: str = "py3-none-any",
    *,
    algorithm: str = "sha256",
    digest: str = SHA256,
) -> str:
    url = f"http://feedgate.invalid/files/{name}-{version}-{tag}.whl"
    return f'{{ url = "{url}", size = 7, hashes = {{ {algorithm} = "{digest}" }} }}'


def entry(name: str = "demo", version: str | None = "1.0", *lines: str, wheels: str | None = None) -> str:
    head = [f'name = "{name}"', *([] if version is None else [f'version = "{version}"']), *lines]
    listed = wheel(name, version or "1.0") if wheels is None else wheels
    return "\n[[packages]]\n" + "\n".join(head) + (f"\nwheels = [{listed}]\n" if listed else "\n")


def resolved(*entries: str) -> tuple[LockedFile, ...]:
    return parse_resolution((HEAD + "".join(entries)).encode())


def requested(*entries: str, environment: Mapping[str, str] = LINUX) -> tuple[RequirementLine, ...]:
    return parse_request_lock(HEAD + "".join(entries), origin="pylock.toml", environment=environment)


def test_the_wheels_that_the_resolver_chose() -> None:
    files = resolved(entry(), entry("other", "2.0", "marker = \"sys_platform == 'win32'\""))

    assert files == (
        LockedFile(
            project=parse_project_name("demo"),
            version="1.0",
            filename="demo-1.0-py3-none-any.whl",
            url="http://feedgate.invalid/files/demo-1.0-py3-none-any.whl",
            sha256=Digest(SHA256),
            size_bytes=7,
        ),
        LockedFile(
            project=parse_project_name("other"),
            version="2.0",
            filename="other-2.0-py3-none-any.whl",
            url="http://feedgate.invalid/files/other-2.0-py3-none-any.whl",
            sha256=Digest(SHA256),
            size_bytes=7,
        ),
    )


def test_several_wheels_of_one_version_are_all_told() -> None:
    files = resolved(entry(wheels=f"{wheel()}, {wheel(tag='cp311-cp311-linux_x86_64')}"))

    assert [file.filename for file in files] == [
        "demo-1.0-py3-none-any.whl",
        "demo-1.0-cp311-cp311-linux_x86_64.whl",
    ]


def test_another_hash_than_sha256_is_no_digest() -> None:
    (file,) = resolved(entry(wheels=wheel(algorithm="sha512", digest="00" * 64)))

    assert file.sha256 is None


def test_nothing_to_install_is_a_resolution_too() -> None:
    assert parse_resolution(f"{HEAD}packages = []\n".encode()) == ()


SDIST = (
    f'sdist = {{ url = "https://files.example/demo-1.0.tar.gz", hashes = {{ sha256 = "{OTHER_SHA256}" }} }}'
)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="not-utf8"),
        pytest.param(b"a = [", id="not-toml"),
        pytest.param(b"a = " + b"[" * 100_000, id="thousands-of-brackets"),
        pytest.param(b"a = " + b"1" * 5_000, id="thousands-of-digits"),
        pytest.param(HEAD.replace("1.0", "2.0").encode() + b"packages = []", id="another-version"),
        pytest.param((HEAD + entry("demo", "1.0", SDIST, wheels="")).encode(), id="only-source"),
        pytest.param((HEAD + entry(version=None)).encode(), id="no-version"),
        pytest.param((HEAD + entry(wheels=wheel(digest="ab"))).encode(), id="digest-is-none"),
        pytest.param((HEAD + entry(wheels=wheel("other"))).encode(), id="another-project-s-wheel"),
        pytest.param((HEAD + entry(wheels=wheel().replace("url =", "path ="))).encode(), id="no-address"),
    ],
)
def test_anything_else_is_no_resolution(raw: bytes) -> None:
    with pytest.raises(UnreadableResolution, match="the resolver's answer"):
        parse_resolution(raw)


def test_preferences_in_their_smallest_form() -> None:
    pins = [(parse_project_name("demo"), "1.0"), (parse_project_name("other"), '2.0"\n[x]\\')]

    assert tomllib.loads(write_preferences(pins)) == {
        "lock-version": "1.0",
        "created-by": "feedgate",
        "packages": [{"name": "demo", "version": "1.0"}, {"name": "other", "version": '2.0"\n[x]\\'}],
    }


def test_no_preferences_are_an_empty_list() -> None:
    assert tomllib.loads(write_preferences([]))["packages"] == []


def test_each_entry_becomes_a_pin_with_its_hashes() -> None:
    wheels = f"{wheel()}, {wheel(tag='py2-none-any', algorithm='sha512', digest='00')}"

    lines = requested(entry("demo", "1.0", SDIST, wheels=wheels), entry("other", "2.0+local"))

    assert lines == (
        RequirementLine(
            Requirement("demo==1.0"),
            "pylock.toml:packages[0]",
            frozenset({f"sha256:{SHA256}", f"sha256:{OTHER_SHA256}"}),
        ),
        RequirementLine(
            Requirement("other==2.0+local"), "pylock.toml:packages[1]", frozenset({f"sha256:{SHA256}"})
        ),
    )


@pytest.mark.parametrize(
    ("lines", "wheels", "expected"),
    [
        pytest.param((), wheel(version="1.5"), "demo==1.5", id="of-its-wheel"),
        pytest.param((SDIST,), "", "demo==1.0", id="of-its-sdist"),
    ],
)
def test_an_entry_without_version_has_that_of_its_file(
    lines: tuple[str, ...], wheels: str, expected: str
) -> None:
    assert [str(line.requirement) for line in requested(entry("demo", None, *lines, wheels=wheels))] == [
        expected
    ]


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'win32'", False),
        ("python_full_version < '3.11.7'", False),
        ("'dev' in dependency_groups", False),
        ("'dev' not in dependency_groups", True),
        ("'main' in dependency_groups", True),
        ("'net' in extras", False),
        ("'net' in extras or sys_platform == 'linux'", True),
    ],
)
def test_only_what_applies_to_the_target_is_asked_for(marker: str, holds: bool) -> None:
    text = f'default-groups = ["main"]\n{entry("demo", "1.0", f"marker = {chr(34)}{marker}{chr(34)}")}'

    assert bool(requested(text)) is holds


def test_an_entry_that_does_not_apply_may_come_from_anywhere() -> None:
    elsewhere = entry("demo", None, "marker = \"os_name == 'nt'\"", 'directory = { path = "." }', wheels="")

    assert requested(elsewhere) == ()


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("vcs", '{ type = "git", url = "https://host.example/x.git", commit-id = "0123" }'),
        ("directory", '{ path = ".", editable = true }'),
        ("archive", f'{{ url = "https://files.example/demo.zip", hashes = {{ sha256 = "{SHA256}" }} }}'),
    ],
)
def test_what_comes_from_elsewhere_than_an_index_is_refused_by_name(source: str, value: str) -> None:
    with pytest.raises(LockEntryNotAllowed) as caught:
        requested(entry(), entry("other", None, f"{source} = {value}", wheels=""))

    assert caught.value.facts == {"origin": "pylock.toml:packages[1]", "name": "other", "source": source}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = [", id="not-toml"),
        pytest.param("x = " + "[" * 100_000, id="thousands-of-brackets"),
        pytest.param('requires-python = "<3.11"\npackages = []', id="for-another-python"),
        pytest.param(f'requires-python = "<{"1" * 5_000}"\npackages = []', id="a-python-of-5000-digits"),
        pytest.param("environments = [\"os_name == 'nt'\"]\npackages = []", id="for-other-machines"),
        pytest.param(entry("demo", "1.0", 'requires-python = ">=3.12"'), id="an-entry-for-another-python"),
        pytest.param(entry() + entry(), id="two-entries-for-one-machine"),
        pytest.param(entry("demo", "1.0", "marker = \"extra == 'x'\""), id="a-marker-of-another-standard"),
        pytest.param(entry("demo", "1.0", "marker = \"os_name < 'a' and\""), id="a-marker-cut-short"),
        pytest.param(entry("demo", "1.0", "marker = \"os_name ~= 'a'\""), id="a-comparison-without-meaning"),
        pytest.param(entry(wheels=wheel(algorithm="sha512", digest="00" * 64)), id="no-sha256"),
        pytest.param(entry(wheels=wheel(digest="ab")), id="digest-is-none"),
        pytest.param(entry("Demo"), id="a-name-not-normalized"),
        pytest.param(entry("demo", "one"), id="no-version"),
        pytest.param(entry(wheels=""), id="no-source-at-all"),
    ],
)
def test_a_lock_that_can_not_be_used_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidLock, match=r"^pylock\.toml"):
        requested(text)


def test_a_lock_fits_where_its_python_and_environments_do() -> None:
    fitting = 'requires-python = ">=3.11"\nenvironments = ["os_name == \'nt\'", "os_name == \'posix\'"]\n'

    assert len(requested(fitting, entry("demo", "1.0", 'requires-python = ">=3.9"'))) == 1


def test_what_a_lock_is_for_is_told_whether_it_holds_or_not() -> None:
    text = (
        'requires-python = ">=3.11.2"\n'
        + HEAD
        + "environments = [\"os_name == 'nt'\"]\n"
        + entry("demo", "1.0", "marker = \"python_full_version < '3.11.4'\"")
        + entry("other", "1.0", 'requires-python = "!=3.11.7"')
    )

    assert lock_conditions(text, origin="pylock.toml") == (
        ">=3.11.2",
        'os_name == "nt"',
        'python_full_version < "3.11.4"',
        "!=3.11.7",
    )
    assert lock_conditions(HEAD + entry(), origin="pylock.toml") == ()


@pytest.mark.parametrize("text", ["= no toml", 'lock-version = "2.0"', "x = " + "[" * 100_000])
def test_what_is_no_lock_is_for_nothing(text: str) -> None:
    with pytest.raises(InvalidLock, match=r"^pylock\.toml"):
        lock_conditions(text, origin="pylock.toml")


TOML = st.text("[]{}=\"'.,\n #\\-_abc01", max_size=60)


@given(TOML, TOML)
def test_no_text_breaks_the_readers(head: str, tail: str) -> None:
    text = f"{head}\n{HEAD}{entry()}{tail}"
    for read in (
        lambda: parse_resolution(text.encode()),
        lambda: parse_request_lock(text, origin="pylock.toml", environment=LINUX),
        lambda: lock_conditions(text, origin="pylock.toml"),
    ):
        try:
            read()
        except FeedgateError as error:
            refused: FeedgateError = error
        else:
            continue
        assert isinstance(refused, Invalid | UnreadableResolution)
