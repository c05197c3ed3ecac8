import tomllib

import pytest

from feedgate.machine.addresses import FeedUrl
from feedgate.machine.plan import Obstructed, apply
from feedgate.machine.poetry_configuration import indexes, plan_poetry
from tests.unit.machine.conftest import Vm

URL = "https://feeds.example/demo/_packaging/pip-feed/pypi/simple/"
OURS = f'[[tool.poetry.source]]\nname = "feedgate"\nurl = "{URL}"\npriority = "primary"\n'
PROJECT = '[project]\nname = "demo" # mine\n\n[tool.poetry]\npackage-mode = false\n'


def test_the_project_of_the_folder_gets_a_source(vm: Vm, feed: FeedUrl) -> None:
    path = vm.work("pyproject.toml", PROJECT)

    apply(plan_poetry(vm.surroundings, feed, replace=False))

    assert path.read_text() == f"{PROJECT}\n{OURS}"


def test_without_a_project_the_lines_are_shown(vm: Vm, feed: FeedUrl) -> None:
    plan = plan_poetry(vm.surroundings, feed, replace=False)

    assert not plan.changes
    assert plan.notes[0].endswith(OURS)


@pytest.mark.parametrize(
    "source",
    [
        OURS,
        f'[[tool.poetry.source]]\nname = "x"\nurl = "{URL[:-1]}"\n',
        f'[tool.poetry]\nsource = [{{name = "x", url = "{URL}", priority = "default"}}]\n',
    ],
)
def test_what_means_the_same_already_is_left_alone(vm: Vm, feed: FeedUrl, source: str) -> None:
    vm.work("pyproject.toml", f'[project]\nname = "demo"\n{source}')

    plan = plan_poetry(vm.surroundings, feed, replace=False)

    assert not plan.obstacles
    assert not plan.changes[0].is_needed


@pytest.mark.parametrize(
    "source",
    [
        '[[tool.poetry.source]]\nname = "PyPI"\npriority = "primary"\n',
        '[[tool.poetry.source]]\nname = "x"\nurl = "https://build:canary@index.example/"\npriority = "explicit"\n',
        f'[[tool.poetry.source]]\nname = "x"\nurl = "{URL}"\npriority = "supplemental"\n',
    ],
)
def test_another_source_is_named_and_with_replace_taken_out(vm: Vm, feed: FeedUrl, source: str) -> None:
    path = vm.work("pyproject.toml", PROJECT + source)

    plan = plan_poetry(vm.surroundings, feed, replace=False)

    with pytest.raises(Obstructed, match=r"pyproject\.toml, line 6: \[\[tool\.poetry\.source\]\]") as caught:
        apply(plan)
    assert "canary" not in caught.value.message
    assert path.read_text() == PROJECT + source

    apply(plan_poetry(vm.surroundings, feed, replace=True))

    assert tomllib.loads(path.read_text())["tool"]["poetry"] == {
        "package-mode": False,
        "source": [{"name": "feedgate", "url": URL, "priority": "primary"}],
    }
    assert vm.work("pyproject.toml.feedgate-backup").read_text() == PROJECT + source


def test_the_sources_that_are_there_are_found(vm: Vm) -> None:
    assert list(indexes(vm.surroundings)) == []

    vm.work("pyproject.toml", PROJECT + OURS)

    assert list(indexes(vm.surroundings)) == [URL]
