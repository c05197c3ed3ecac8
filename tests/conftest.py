"""What holds for every tier: its mark, its sockets, its environment, its last words."""

import os
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import hypothesis
import pytest

from tests.builders.sdists import make_sdist as build_sdist
from tests.builders.wheels import make_wheel as build_wheel
from tests.left_out import PREFIX

TESTS = Path(__file__).parent
TIERS = ("unit", "contract", "intake", "house", "faults", "clients", "outside")

# The same examples for everybody and every time; a slow machine is no failure.
hypothesis.settings.register_profile("feedgate", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile(
    "quick", parent=hypothesis.settings.get_profile("feedgate"), max_examples=20
)
hypothesis.settings.load_profile("feedgate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nothing-left-out",
        action="store_true",
        help="a test that this machine cannot run is a failure",
    )


def pytest_configure() -> None:
    """Forget what the developer's own Feedgate and terminal are set to."""
    for name in tuple(os.environ):
        if name.startswith("FEEDGATE_") or name in {"CLICOLOR_FORCE", "FORCE_COLOR"}:
            del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seen = set[str]()
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        tier = item.path.relative_to(TESTS).parts[0]
        if tier not in TIERS:
            message = f"{item.path.relative_to(TESTS)} is in no tier: move it into one of {', '.join(TIERS)}"
            raise pytest.UsageError(message)
        seen.add(tier)
        item.add_marker(tier)
        if tier == "unit":
            item.add_marker("disable_socket")
    if config.getoption("--nothing-left-out") and seen != set(TIERS):
        message = f"no test in {', '.join(tier for tier in TIERS if tier not in seen)}"
        raise pytest.UsageError(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and PREFIX in _reason(report) and item.config.getoption("--nothing-left-out"):
        report.outcome = "failed"
        report.longrepr = _reason(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: dict[str, int] = {}
    for report in terminalreporter.getreports("skipped"):
        reason = _reason(report).removeprefix("Skipped: ").removeprefix(PREFIX)
        tier = report.nodeid.removeprefix("tests/").split("/", 1)[0]
        line = f"{tier}: {reason}"
        reasons[line] = reasons.get(line, 0) + 1
    if reasons:
        terminalreporter.section("left out on this machine")
        for line, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{line}: {count} {'test' if count == 1 else 'tests'}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[..., Path]:
    """Write a wheel into a folder of this test; see ``tests/builders/wheels.py``."""
    return partial(build_wheel, tmp_path / "wheels")


@pytest.fixture
def make_sdist(tmp_path: Path) -> Callable[..., Path]:
    """Write an sdist into a folder of this test; see ``tests/builders/sdists.py``."""
    return partial(build_sdist, tmp_path / "sdists")
