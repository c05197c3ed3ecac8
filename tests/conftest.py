"""What holds for every tier: its mark, its sockets, its environment, its last words."""

import os
import signal
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.builders.sdists import make_sdist as build_sdist
from tests.builders.wheels import make_wheel as build_wheel
from tests.left_out import PREFIX

TESTS = Path(__file__).parent
TIERS = ("unit", "contract", "intake", "house", "faults", "clients", "outside")

# These take longest, and where files go to several workers begin first: else one is left alone with them.
LONGEST = (
    "intake/test_sending_in_order.py",
    "outside/test_add_to.py",
    "clients/test_commands_send.py",
    "faults/test_one_server.py",
    "intake/test_standing_destinations.py",
    "intake/test_killed.py",
    "intake/test_import_feed_killed.py",
    "clients/test_foreign_feeds.py",
    "clients/test_foreign_connect.py",
    "outside/test_the_documents.py",
)

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
    # A shell ignores Ctrl-C in what it starts with "&", children inherit that, and some tests press it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Have half as many workers again as cores: much of the time one waits for what it started."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + cores // 2


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [(item, item.path.relative_to(TESTS)) for item in items if item.path.is_relative_to(TESTS)]
    if not hasattr(config, "workerinput"):  # what a worker of pytest-xdist raises here is told as a crash
        _judge(config, {file for _, file in ours})
    for item, file in ours:
        tier = file.parts[0]
        if tier in TIERS:
            item.add_marker(tier)
        if tier == "unit":
            item.add_marker("disable_socket")
    if hasattr(config, "workerinput"):
        places = {TESTS / file: place for place, file in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """Judge what a worker of pytest-xdist has collected."""
    files = {node.config.rootpath / identifier.partition("::")[0] for identifier in ids}
    _judge(node.config, {file.relative_to(TESTS) for file in files if file.is_relative_to(TESTS)})


def _judge(config: pytest.Config, files: Iterable[Path]) -> None:
    """Let each file be in a tier, and each tier have tests where nothing may be left out."""
    seen = set[str]()
    for file in sorted(files):
        tier = file.parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{file} is in no tier: move it into one of {', '.join(TIERS)}")
        seen.add(tier)
    if config.getoption("--nothing-left-out") and seen != set(TIERS):
        raise pytest.UsageError(f"no test in {', '.join(tier for tier in TIERS if tier not in seen)}")


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
