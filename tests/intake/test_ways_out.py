"""What tries to lead a run elsewhere is refused by name, and nobody there is contacted."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from feedgate.api.problem import RemoteProblem
from feedgate.model.run import RunState
from tests.builders.intake_feed import Intake, chosen, reason
from tests.doubles.upstream import Redirect, Upstream, upstream_in_thread


@pytest.fixture
def stranger() -> Iterator[Upstream]:
    """Somebody else on this machine, who has the very files that are asked for."""
    with upstream_in_thread(Upstream(host="127.0.0.2")) as stranger:
        yield stranger


def refused_by_name(intake: Intake, stranger: Upstream, name: str, *, code: str = "egress-denied") -> str:
    """Add ``demo``, which must fail by ``name`` with nobody contacted and nothing changed; return why."""
    serial = intake.serial

    run = intake.add("demo")

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == code, run.error
    assert name in reason(run)
    assert stranger.log == []
    assert (intake.serial, intake.names(), run.escapes) == (serial, [], [])
    return reason(run)


@pytest.mark.parametrize(
    "core_metadata",
    [pytest.param(None, id="with-metadata-beside-it"), pytest.param({"core_metadata": False}, id="without")],
)
def test_a_page_whose_files_lie_at_a_forbidden_address(
    intake: Intake, stranger: Upstream, core_metadata: dict[str, object] | None
) -> None:
    wheel = intake.wheel("demo", "1.0")
    stranger.add(wheel.name, wheel.read_bytes())
    intake.list_upstream(wheel, {"url": stranger.file_url(wheel.name), **(core_metadata or {})})

    said = refused_by_name(intake, stranger, wheel.name)

    assert "127.0.0.2" in said


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.2:8443/{file}",
        "https://169.254.169.254/latest/{file}",
        "https://[::ffff:10.0.0.1]/{file}",
        "https://2130706434/{file}",
        "http://files.example/{file}",
    ],
)
def test_a_page_that_links_to_where_nobody_may_go(intake: Intake, stranger: Upstream, address: str) -> None:
    wheel = intake.wheel("demo", "1.0")
    intake.list_upstream(wheel, {"url": address.format(file=wheel.name)})

    refused_by_name(intake, stranger, wheel.name)


@pytest.mark.parametrize("address", ["file:///etc/{file}", "ftp://files.example/{file}", "data:,{file}"])
def test_a_link_that_is_no_web_address_is_no_file(intake: Intake, address: str) -> None:
    intake.offer("demo", "1.0")
    wheel = intake.wheel("demo", "2.0")
    intake.list_upstream(wheel, {"url": address.format(file=wheel.name)})

    assert chosen(intake.added("demo")) == {"demo": "1.0"}


def test_a_dependencys_page_that_is_redirected_elsewhere(intake: Intake, stranger: Upstream) -> None:
    intake.offer("demo", "1.0", requires=["part"])
    part = intake.wheel("part", "1.0")
    stranger.add(part.name, part.read_bytes())
    intake.upstream.fault("part", Redirect(f"{stranger.url}part/"))

    refused_by_name(intake, stranger, "part")


@pytest.mark.parametrize("what", ["{file}", "{file}.metadata"])
def test_a_file_that_is_redirected_elsewhere(intake: Intake, stranger: Upstream, what: str) -> None:
    wheel = intake.offer("demo", "1.0")
    stranger.add(wheel.name, wheel.read_bytes())
    target = what.format(file=wheel.name)
    intake.upstream.fault(target, Redirect(stranger.file_url(target)))

    refused_by_name(intake, stranger, wheel.name)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_direct_url_in_a_dependency(intake: Intake, stranger: Upstream, depth: int) -> None:
    part = intake.wheel("part", "1.0")
    stranger.add(part.name, part.read_bytes())
    names = ["demo", "middle", "deep", "end"][: depth + 1]
    for name, following in itertools.pairwise(names):
        intake.offer(name, "1.0", requires=[following])
    intake.offer(names[-1], "1.0", requires=[f"part @ {stranger.file_url(part.name)}"])

    said = refused_by_name(intake, stranger, "part", code="unsolvable")

    assert stranger.file_url(part.name) in said


@pytest.mark.parametrize(
    "requirement", ["part @ git+https://git.example/part", "part @ file:///etc/part.whl"]
)
def test_a_repository_or_a_path_in_a_dependency(intake: Intake, stranger: Upstream, requirement: str) -> None:
    intake.offer("demo", "1.0", requires=[requirement])

    refused_by_name(intake, stranger, "part", code="unsolvable")


# ------------------------------------------------------------------ the request itself


def refused(intake: Intake, *requirements: str, **asked: Any) -> RemoteProblem:
    """Ask for what must be refused at once, without a run."""
    with pytest.raises(RemoteProblem) as raised:
        intake.post(*requirements, **asked)
    assert raised.value.status == 400
    assert intake.client.list_runs(intake.path).body == ()
    assert intake.upstream.log == []
    return raised.value


def requirements(text: str, name: str = "requirements.txt") -> list[dict[str, str]]:
    return [{"name": name, "kind": "requirements", "text": text}]


@pytest.mark.parametrize(
    "words",
    [
        "demo @ https://files.example/demo-1.0-py3-none-any.whl",
        "demo@http://127.0.0.2/demo-1.0-py3-none-any.whl",
        "https://files.example/demo-1.0-py3-none-any.whl",
        "git+https://git.example/demo#egg=demo",
        "./demo-1.0-py3-none-any.whl",
        "/etc/passwd",
        "demo-1.0-py3-none-any.whl",
        "file:///etc/passwd",
    ],
)
def test_a_requirement_that_is_an_address_or_a_path(intake: Intake, words: str) -> None:
    assert refused(intake, words).code == "direct-url-not-allowed"
    assert refused(intake, files=requirements(f"# first\n{words}\n")).message.startswith(
        "requirements.txt:2: "
    )


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url http://127.0.0.2/simple/",
        "--index-url=http://127.0.0.2/simple/",
        "-i http://127.0.0.2/simple/",
        "--find-links /etc",
        "--no-binary demo",
        "--no-binary=:all:",
        "--pre",
        "--trusted-host 127.0.0.2",
        "-e .",
        "demo --config-settings=x=y",
        "demo --global-option=x",
    ],
)
def test_an_option_in_a_file_is_refused_by_file_and_line(intake: Intake, line: str) -> None:
    problem = refused(intake, files=requirements(f"demo\n\n{line}\n"))

    assert problem.code in {"option-not-allowed", "direct-url-not-allowed"}
    assert problem.message.startswith("requirements.txt:3: ")
    assert line.split(maxsplit=1)[0].partition("=")[0] in problem.message or "demo" in line


@pytest.mark.parametrize("option", ["-r", "-c", "--requirement"])
def test_an_include_of_an_address_is_refused_by_file_and_line(intake: Intake, option: str) -> None:
    problem = refused(intake, files=requirements(f"demo\n{option} https://files.example/more.txt\n"))

    assert problem.message.startswith("requirements.txt:2: ")
    assert "files.example" in problem.message


def test_an_environment_variable_in_a_file_is_not_filled_in(intake: Intake) -> None:
    problem = refused(intake, files=requirements("demo\n${HOME}/demo\n"))

    assert problem.message.startswith("requirements.txt:2: ")


def test_an_include_that_did_not_come_along_is_named(intake: Intake) -> None:
    problem = refused(intake, files=requirements("demo\n-r ../../etc/passwd\n"))

    assert problem.code == "include-missing"
    assert problem.message.startswith("requirements.txt:2: ")
