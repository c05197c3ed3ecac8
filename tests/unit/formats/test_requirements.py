from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from feedgate.errors import Invalid
from feedgate.formats.requirements import (
    LONGEST_REQUIREMENT,
    AddressNotAllowed,
    DirectUrlNotAllowed,
    HashNotAllowed,
    Include,
    InvalidRequirement,
    OptionNotAllowed,
    RequirementsFile,
    parse_requirement,
    parse_requirements_text,
    write_requirements,
)
from feedgate.model.request import RequirementLine

SHA256 = "ab" * 32
SHA384 = "cd" * 48
SHA512 = "ef" * 64


def read(text: str) -> RequirementsFile:
    return parse_requirements_text(text, origin="requirements.txt")


def line(raw: str, number: int, *hashes: str) -> RequirementLine:
    return RequirementLine(Requirement(raw), f"requirements.txt:{number}", frozenset(hashes))


def test_a_file_as_tools_write_it() -> None:
    text = f"""\
\ufeff# made by a tool
azure-cli==2.61.0  \\
    --hash=sha256:{SHA256} \\
    --hash=sha512:{SHA512.upper()}
    # via nobody

requests[socks,security] >= 2, <3 ; python_version < "3.12"  # why not
-r base.txt
--constraint=limits.txt
demo\t# a comment
"""

    assert read(text) == RequirementsFile(
        lines=(
            line("azure-cli==2.61.0", 2, f"sha256:{SHA256}", f"sha512:{SHA512}"),
            line('requests[socks,security]<3,>=2; python_version < "3.12"', 7),
            line("demo", 10),
        ),
        includes=(
            Include("requirements", "base.txt", "requirements.txt:8"),
            Include("constraints", "limits.txt", "requirements.txt:9"),
        ),
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_every_system_are_counted_alike(end: str) -> None:
    assert read(f"a{end}{end}b \\{end} ==1{end}c").lines == (line("a", 1), line("b==1", 3), line("c", 5))


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment", "  # a comment \\", "\\", "\\\n\\\n"])
def test_a_file_may_say_nothing(text: str) -> None:
    assert read(text) == RequirementsFile((), ())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("demo \\", id="continued-past-the-end"),
        pytest.param("demo \\\n# a comment \\\n", id="continued-by-a-comment"),
        pytest.param("demo # a comment \\\n==1", id="a-comment-that-is-continued"),
        pytest.param("demo", id="without-a-newline"),
    ],
)
def test_continued_lines_are_read_as_pip_reads_them(text: str) -> None:
    assert read(text).lines == (line("demo", 1),)


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("-r base.txt", "requirements", "base.txt"),
        ("-rbase.txt", "requirements", "base.txt"),
        ("--requirement base.txt", "requirements", "base.txt"),
        ("--requirement=../base.txt", "requirements", "../base.txt"),
        ("-c 'with space.txt'", "constraints", "with space.txt"),
        ("-climits.txt", "constraints", "limits.txt"),
        ("--constraint   limits.txt # why", "constraints", "limits.txt"),
        ("--constraint=C:/limits.txt", "constraints", "C:/limits.txt"),
    ],
)
def test_files_beside_are_included_in_every_spelling(text: str, kind: str, path: str) -> None:
    (include,) = read(text).includes

    assert (include.kind, include.path, include.origin) == (kind, path, "requirements.txt:1")


@pytest.mark.parametrize(
    "text",
    [
        "-r https://files.example/requirements.txt",
        "-rhttp://files.example/requirements.txt",
        "-c file:///etc/passwd",
        "--constraint=file:limits.txt",
        "--requirement=git+ssh://host.example/x",
    ],
)
def test_nothing_is_included_from_an_address(text: str) -> None:
    with pytest.raises(AddressNotAllowed, match=r"^requirements\.txt:1: '.*:.*' is an address"):
        read(text)


@pytest.mark.parametrize("text", ["-r ''", "--requirement=", "-r '${HOME}/x'", "-r 'a\0b'", "-r 'a"])
def test_an_include_that_names_no_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequirement, match=r"^requirements\.txt:1: "):
        read(text)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("--index-url https://mirror.example/simple", "--index-url"),
        ("-i https://mirror.example/simple", "-i"),
        ("--extra-index-url=https://mirror.example/simple", "--extra-index-url"),
        ("--find-links ./wheels", "--find-links"),
        ("-f./wheels", "-f"),
        ("--no-index", "--no-index"),
        ("--no-binary :all:", "--no-binary"),
        ("--only-binary=:all:", "--only-binary"),
        ("--prefer-binary", "--prefer-binary"),
        ("--pre", "--pre"),
        ("--trusted-host mirror.example", "--trusted-host"),
        ("--require-hashes", "--require-hashes"),
        ("--use-feature=fast-deps", "--use-feature"),
        ("-e .", "-e"),
        ("--editable=git+https://host.example/x", "--editable"),
        ("--hash=sha256:" + SHA256, "--hash"),
        ("demo --no-binary :all:", "--no-binary"),
        ("demo --config-settings=a=b", "--config-settings"),
        (f"demo --hash=sha256:{SHA256} --global-option=x", "--global-option"),
        ("demo -r base.txt", "-r"),
        ("-r", "-r"),
        ("-r a.txt -r b.txt", "-r"),
        ("-r a.txt --no-binary=:all:", "-r"),
        ("--req a.txt", "--req"),
        ("demo \\\n--no-binary demo", "--no-binary"),
    ],
)
def test_every_other_option_is_refused_by_line_and_name(text: str, option: str) -> None:
    with pytest.raises(OptionNotAllowed) as caught:
        read(f"first\n{text}")

    assert caught.value.message == f"requirements.txt:2: the option '{option}' is not allowed here"


@pytest.mark.parametrize(
    "text",
    [
        "demo @ https://files.example/demo-1.0-py3-none-any.whl",
        "demo@git+https://host.example/demo",
        "demo[extra] @ file:///demo.whl ; python_version < '4'",
        "https://files.example/demo-1.0.tar.gz",
        "git+ssh://git@host.example/demo",
        "file:demo.whl",
        ".",
        "./demo",
        "../demo",
        "/opt/demo",
        "~/demo",
        "folder/demo",
        ".\\demo",
        "C:\\demo",
        "demo-1.0-py3-none-any.whl",
        "demo-1.0.TAR.GZ",
        "demo.zip ; python_version < '4'",
    ],
)
def test_files_and_addresses_are_refused(text: str) -> None:
    with pytest.raises(DirectUrlNotAllowed, match=r"^requirements\.txt:1: "):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "demo==",
        "demo 1.0",
        "demo=1.0",
        "demo==1.0.x",
        "demo-",
        "_demo",
        "démo",
        "demo; python == '3'",
        "demo; python_version < 3",
        "demo[extra",
        "demo===1.0.x",
        "${NAME}",
        "demo==${VERSION}",
        "demo; os_name == '${OS}'",
        "demo; os_name == '$OS'",
        "demo; os_name == 'a\\\\b'",
        "demo; os_name == '#'",
        "demo; " + "(" * 900 + "os_name == 'a'" + ")" * 900,
        "demo; os_name == '\x00'",
        "demo; os_name == 'a -b'",
        "demo; os_name == 'a",
        "x" * (LONGEST_REQUIREMENT + 1),
    ],
)
def test_what_is_no_requirement_is_refused_by_line(text: str) -> None:
    with pytest.raises(InvalidRequirement, match=r"^requirements\.txt:1: "):
        read(text)


@pytest.mark.parametrize("raw", ["", " ", "\t", "demo\nother", "demo\n--no-binary=:all:", "demo\u2028other"])
def test_an_argument_is_one_requirement(raw: str) -> None:
    with pytest.raises(Invalid, match=r"^argument: "):
        parse_requirement(raw, origin="argument")


def test_an_argument_is_no_option() -> None:
    with pytest.raises(OptionNotAllowed, match="the option '--no-binary'"):
        parse_requirement(" --no-binary=:all:", origin="argument")


def test_the_longest_requirement_is_read() -> None:
    assert (
        parse_requirement("x" * LONGEST_REQUIREMENT, origin="argument").requirement.name
        == "x" * LONGEST_REQUIREMENT
    )


@pytest.mark.parametrize("raw", ["demo===1.0", "demo ~= 1.0", "demo!=1.*", "demo (>=1.0)", "Demo.Core>1,<2"])
def test_every_way_to_bound_a_version_is_read(raw: str) -> None:
    assert parse_requirement(raw, origin="argument") == RequirementLine(Requirement(raw), "argument")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (f"--hash=sha256:{SHA256}", {f"sha256:{SHA256}"}),
        (f"--hash sha384:{SHA384}", {f"sha384:{SHA384}"}),
        (f"--hash=SHA512:{SHA512.upper()}", {f"sha512:{SHA512}"}),
        (f"--hash=sha256:{SHA256} --hash=sha256:{SHA256}", {f"sha256:{SHA256}"}),
    ],
)
def test_strong_hashes_are_kept(stated: str, expected: set[str]) -> None:
    assert parse_requirement(f"demo==1.0 {stated}", origin="argument").hashes == expected


@pytest.mark.parametrize(
    "stated",
    [
        "--hash",
        "--hash=",
        "--hash=sha256:",
        f"--hash=sha256:{SHA256[:-1]}",
        f"--hash=sha256:{SHA256}a",
        f"--hash=sha256:{'g' * 64}",
        f"--hash={SHA256}",
        "--hash=md5:" + "0" * 32,
        "--hash=sha1:" + "0" * 40,
        "--hash=sha224:" + "0" * 56,
        f"--hash --hash=sha256:{SHA256}",
    ],
)
def test_weak_hashes_and_none_are_refused(stated: str) -> None:
    with pytest.raises(HashNotAllowed, match=r"^requirements\.txt:1: "):
        read(f"demo==1.0 {stated}")


@pytest.mark.parametrize(
    "text",
    [
        "--extra-index-url https://me:canary@mirror.example/simple",
        "--extra-index-url=https://me:canary@mirror.example/simple",
        "-ihttps://me:canary@mirror.example/simple",
        "demo --index-url=https://me:canary@mirror.example/simple",
        "demo @ https://me:canary@mirror.example/demo.whl",
        "https://mirror.example/demo.whl?sig=canary",
        "-r https://me:canary@mirror.example/requirements.txt",
        "-r https://mirror.example/requirements.txt?sig=canary",
    ],
)
def test_no_message_repeats_credentials(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(text)

    assert "canary" not in caught.value.message
    assert "canary" not in caught.value.next_step


def test_what_is_written_is_plain_and_one_line_each() -> None:
    requirements = [Requirement("Demo[b,a]  >=1,<2 ; python_version<'3'"), Requirement("other")]

    assert write_requirements(requirements) == 'Demo[a,b]<2,>=1; python_version < "3"\nother\n'
    assert write_requirements([]) == ""


@pytest.mark.parametrize(
    "raw",
    [
        "demo @ https://files.example/demo.whl",
        "demo===1.0\\",
        "demo; os_name == 'a --no-binary=:all:'",
        "demo; os_name == '\\n--no-binary=:all:'",
        "demo; os_name == '\\x27\"'",
        "demo; os_name == '${HOME}'",
    ],
)
def test_what_an_installer_might_obey_is_never_written(raw: str) -> None:
    with pytest.raises(Invalid):
        write_requirements([Requirement(raw)])


PIECES = st.sampled_from(
    [
        *(
            "demo",
            "==1.0",
            "; ",
            "python_version < '3'",
            " ",
            "\n",
            "\\",
            "#",
            "-",
            "--hash=",
            "sha256:",
            "-r",
        ),
        *(
            "@",
            "${A}",
            "'",
            '"',
            "[a]",
            "===",
            "--no-binary",
            "https://h.example",
            "\t",
            "or",
            "in",
            "os_name",
        ),
        *("(", ")", "\r"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_whatever_is_read_is_written_and_read_again_as_the_same(text: str) -> None:
    file = RequirementsFile((), ())
    with suppress(
        AddressNotAllowed, DirectUrlNotAllowed, HashNotAllowed, InvalidRequirement, OptionNotAllowed
    ):
        file = read(text)

    written = write_requirements(line.requirement for line in file.lines)
    assert written.count("\n") == len(file.lines)
    again = read(written)
    assert [line.requirement for line in again.lines] == [line.requirement for line in file.lines]
    assert again.includes == ()
