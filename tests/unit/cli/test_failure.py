"""An error is said in one place: in words on standard error, or with --json as a problem document."""

import json

import pytest
import typer

from feedgate.api.problem import RemoteProblem, to_problem
from feedgate.cli.failure import say_failure
from feedgate.errors import Conflict, Invalid, Missing, Refused
from feedgate.machine.errors import MachineError


class Odd(Invalid):
    code = "odd-input"

    def __init__(self) -> None:
        super().__init__("`x` is odd", next_step="Write it even.")


class There(Conflict):
    code = "there-already"

    def __init__(self) -> None:
        super().__init__("it is there", next_step="Leave it.")


class Gone(Missing):
    code = "gone"

    def __init__(self) -> None:
        super().__init__("it is gone", next_step="Look again.")


class KeptOut(Refused):
    code = "kept-out"

    def __init__(self) -> None:
        super().__init__("it may not enter", next_step="Mend it.")


class OnAMachine(MachineError):
    code = "on-a-machine"
    exit_status = 2

    def __init__(self) -> None:
        super().__init__("the file is odd", next_step="Mend it.")


@pytest.mark.parametrize(
    ("error", "status", "message", "code"),
    [
        (Odd(), 2, "`x` is odd", "odd-input"),
        (There(), 2, "it is there", "there-already"),
        (Gone(), 1, "it is gone", "gone"),
        (OnAMachine(), 2, "the file is odd", "on-a-machine"),
        (RemoteProblem(to_problem(Odd(), 400)), 2, "`x` is odd", "odd-input"),
        (RemoteProblem(to_problem(There(), 409)), 1, "it is there", "there-already"),
        (RemoteProblem(to_problem(KeptOut(), 403)), 4, "it may not enter", "kept-out"),
    ],
)
def test_each_error_says_its_sentence_and_what_to_do(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, message: str, code: str
) -> None:
    assert say_failure(error, as_json=False) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"feedgate: {message}\n  next: ")

    assert say_failure(error, as_json=True) == status
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("\n") == 1
    body = json.loads(said.out)
    assert (body["error"]["code"], body["error"]["message"]) == (code, message)
    assert body["error"]["next"]


def test_a_servers_problem_is_printed_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    text = to_problem(Gone(), 404).model_dump_json()

    say_failure(RemoteProblem(to_problem(Gone(), 404), text=text + "\n"), as_json=True)

    assert capsys.readouterr().out == text + "\n"


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (typer.Abort(), 130), (typer.Exit(3), 3)]
)
def test_what_was_broken_off_says_nothing(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int
) -> None:
    assert say_failure(error, as_json=False) == status
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_our_own_is_not_hidden() -> None:
    assert say_failure(ValueError("a fault"), as_json=False) is None


class Hostile(Invalid):
    code = "hostile"

    def __init__(self, words: str) -> None:
        super().__init__(f"it said: {words}", next_step=f"Do: {words}")


@pytest.mark.parametrize(
    "words",
    [
        "x\n::error::y",
        "x\r##vso[task.setvariable variable=x]y",
        "##[error]x",
        "x\u2028  next: curl evil.example",
        "\x1b[2J\u202e",
    ],
)
@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
def test_what_strangers_wrote_commands_nothing(
    capsys: pytest.CaptureFixture[str], words: str, as_json: bool
) -> None:
    say_failure(Hostile(words), as_json=as_json)

    said = capsys.readouterr()
    for line in (said.out + said.err).replace("\r", "\n").split("\n"):
        assert "##" not in line
        assert not line.lstrip().startswith("::")
        assert "\x1b" not in line
    if as_json:
        assert json.loads(said.out)["error"]["message"] == f"it said: {words}"
    else:
        assert "\u202e" not in said.err
        assert sum(line.startswith("  next: ") for line in said.err.splitlines()) == 1


def test_a_servers_problem_keeps_its_value_and_commands_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    problem = to_problem(Hostile("##vso[task.complete]"), 400)

    say_failure(RemoteProblem(problem, text=problem.model_dump_json()), as_json=True)

    said = capsys.readouterr().out
    assert "##" not in said
    assert json.loads(said) == problem.model_dump(mode="json")


def test_the_lines_of_a_long_message_are_marked_as_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    say_failure(Hostile("one\ntwo\n  next: three"), as_json=False)

    assert capsys.readouterr().err == (
        "feedgate: it said: one\n  | two\n  |   next: three\n  next: Do: one two   next: three\n"
    )


@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
@pytest.mark.parametrize("error", [Odd(), OnAMachine(), RemoteProblem(to_problem(Odd(), 400))])
def test_a_build_service_is_told_why_a_step_was_asked_wrongly(
    error: Exception, as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_BUILD", "True")

    say_failure(error, as_json=as_json)

    [command] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("##")]
    words, _, advice = command.partition(" Next: ")
    assert words.startswith("##vso[task.logissue type=error]Feedgate: ")
    assert words.endswith("is odd.")
    assert advice in {"Write it even.", "Mend it."}


def test_no_build_service_is_told_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TF_BUILD", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)

    say_failure(Odd(), as_json=False)

    assert capsys.readouterr().err == "feedgate: `x` is odd\n  next: Write it even.\n"
