import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedgate.machine.addresses import FeedUrl
from feedgate.machine.plan import Obstructed, apply
from feedgate.machine.toml_statements import BrokenToml
from feedgate.machine.uv_configuration import file_for_all, indexes, plan_uv, project_file, user_file
from tests.unit.machine.conftest import Vm

URL = "https://feeds.example/demo/_packaging/pip-feed/pypi/simple/"
OURS = f'[[index]]\nurl = "{URL}"\ndefault = true\n'
OTHER = "https://build:canary@index.example/simple/"
USER = ".config/uv/uv.toml"


def keys(vm: Vm, feed: FeedUrl, *, system: bool = False) -> list[str]:
    """Return the keys of what stands in the way."""
    return [
        obstacle.key for obstacle in plan_uv(vm.surroundings, feed, system=system, replace=False).obstacles
    ]


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def test_the_user_gets_a_file_with_one_index(vm: Vm, feed: FeedUrl) -> None:
    apply(plan_uv(vm.surroundings, feed, system=False, replace=False))

    assert user_file(vm.surroundings).read_text() == OURS
    assert user_file(vm.surroundings) == vm.home(USER)
    assert not vm.etc("uv").exists()


def test_all_users_get_it_in_etc(vm: Vm, feed: FeedUrl) -> None:
    apply(plan_uv(vm.surroundings, feed, system=True, replace=False))

    assert vm.etc("uv/uv.toml").read_text() == OURS
    assert not vm.home(".config").exists()


def test_of_the_files_for_all_the_one_is_written_that_uv_reads(vm: Vm, feed: FeedUrl) -> None:
    vm.etc("uv/uv.toml", "offline = true\n")
    first = vm.etc("xdg/uv/uv.toml", "native-tls = true\n")

    apply(plan_uv(vm.surroundings, feed, system=True, replace=False))

    assert file_for_all(vm.surroundings) == first
    assert read(first) == {"native-tls": True, "index": [{"url": URL, "default": True}]}
    assert vm.etc("uv/uv.toml").read_text() == "offline = true\n"


@pytest.mark.parametrize(
    "there",
    [
        OURS,
        f'index = [{{ url = "{URL[:-1]}", default = true }}]\n',
        f'index-url = "{URL}"\n',
        OURS + f'[pip]\nindex-url = "{URL}"\nno-index = false\n',
    ],
    ids=["block", "in-one-line", "older-key", "for-pip-too"],
)
def test_what_means_the_same_already_is_left_alone(vm: Vm, feed: FeedUrl, there: str) -> None:
    vm.home(USER, there)

    plan = plan_uv(vm.surroundings, feed, system=False, replace=False)

    assert not plan.obstacles
    assert [change.is_needed for change in plan.changes] == [False]


def test_other_settings_comments_and_order_stay(vm: Vm, feed: FeedUrl) -> None:
    before = "# mine\nnative-tls = true # why\n\n[pip]\nstrict = true\nfind-links = []\n"
    path = vm.home(USER, before)

    apply(plan_uv(vm.surroundings, feed, system=False, replace=False))

    assert path.read_text() == f"{before}\n{OURS}"


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        (f'[[index]]\nurl = "{OTHER}"\n', "[[index]]", 1),
        (f'\n[[index]]\nname = "x"\nurl = "{OTHER}"\nexplicit = true\n', "[[index]]", 2),
        (f'index = [{{url = "{OTHER}"}}]\n', "[[index]]", 1),
        (f'extra-index-url = ["{OTHER}"]\n', "extra-index-url", 1),
        ('find-links = [\n"/srv"\n]\n', "find-links", 1),
        ("no-index = true\n", "no-index", 1),
        ('torch-backend = "cpu"\n', "torch-backend", 1),
        (f'[pip]\nstrict = true\nindex-url = "{OTHER}"\n', "pip.index-url", 3),
        (f'[pip]\nextra-index-url = ["{OTHER}"]\n', "pip.extra-index-url", 2),
        ('pip.find-links = ["/srv"]\n', "pip.find-links", 1),
        ("pip = {no-index = true}\n", "pip.no-index", 1),
        ('[pip]\ntorch-backend = "auto"\n', "pip.torch-backend", 2),
    ],
)
@pytest.mark.parametrize("place", ["user", "etc"])
def test_what_would_lead_past_the_feed_is_named(
    vm: Vm, feed: FeedUrl, place: str, text: str, key: str, line: int
) -> None:
    path = vm.home(USER, text) if place == "user" else vm.etc("uv/uv.toml", text)

    plan = plan_uv(vm.surroundings, feed, system=False, replace=False)

    assert [(obstacle.where, obstacle.key) for obstacle in plan.obstacles] == [(f"{path}, line {line}", key)]
    with pytest.raises(Obstructed) as caught:
        apply(plan)
    assert "canary" not in f"{caught.value.message}{plan!r}"
    assert path.read_text() == text


@pytest.mark.parametrize(
    "text", [f'index-url = "{OTHER}"\n', f'[[index]]\nurl = "{OTHER}"\ndefault = true\n']
)
def test_another_choice_is_in_the_way_where_it_would_win(vm: Vm, feed: FeedUrl, text: str) -> None:
    path = vm.etc("uv/uv.toml", text)

    assert keys(vm, feed) == []  # the user's own file comes first
    assert len(keys(vm, feed, system=True)) == 1

    path.unlink()
    vm.home(USER, text)

    assert len(keys(vm, feed)) == 1
    assert len(keys(vm, feed, system=True)) == 1


@pytest.mark.parametrize("name", ["uv.toml", "pyproject.toml"])
def test_a_project_that_looks_elsewhere_is_named_and_never_changed(vm: Vm, feed: FeedUrl, name: str) -> None:
    table = "tool.uv." if name == "pyproject.toml" else ""
    text = f'[[{table}index]]\nname = "torch"\nurl = "{OTHER}"\n'
    path = vm.elsewhere(name, text)
    vm.elsewhere("deeper/pyproject.toml", '[project]\nname = "x"\n')
    surroundings = replace(vm.surroundings, folder=vm.elsewhere("deeper/still"))

    plan = plan_uv(surroundings, feed, system=False, replace=True)

    assert [(obstacle.where, obstacle.key) for obstacle in plan.obstacles] == [
        (f"{path}, line 1", "[[index]]")
    ]
    assert not plan.obstacles[0].replaceable
    assert str(path.parent) in plan.obstacles[0].cure
    assert path not in [change.path for change in plan.changes]


@pytest.mark.parametrize(
    "text",
    [
        f'[tool.uv]\nindex-url = "{URL}"\n',
        "[tool.uv]\n",
        '[tool.poetry]\nname = "x"\n',
        f'[tool.uv.pip]\nindex-url = "{URL}"\n[dependency-groups]\nindex = []\n',
    ],
)
def test_a_project_that_asks_the_feed_or_says_nothing_is_in_nobodys_way(
    vm: Vm, feed: FeedUrl, text: str
) -> None:
    vm.work("pyproject.toml", text)

    assert keys(vm, feed) == []


def test_without_a_project_there_is_none(vm: Vm) -> None:
    vm.work("pyproject.toml", "[project]\n")

    assert project_file(vm.surroundings) is None


def test_the_users_file_is_not_taken_for_a_projects(vm: Vm, feed: FeedUrl) -> None:
    vm.home(USER, f'[[index]]\nurl = "{OTHER}"\n')
    surroundings = replace(vm.surroundings, folder=vm.home(".config/uv"))

    assert plan_uv(surroundings, feed, system=False, replace=True).obstacles == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_INDEX", f"x={OTHER}"),
        ("UV_EXTRA_INDEX_URL", OTHER),
        ("UV_FIND_LINKS", "/srv"),
        ("UV_TORCH_BACKEND", "auto"),
        ("UV_DEFAULT_INDEX", OTHER),
        ("UV_INDEX_URL", OTHER),
        ("UV_CONFIG_FILE", "/srv/uv.toml"),
        ("UV_NO_CONFIG", "1"),
    ],
)
def test_a_variable_is_named_with_the_command_that_removes_it(
    vm: Vm, feed: FeedUrl, name: str, value: str
) -> None:
    vm.variables[name] = value

    (obstacle,) = plan_uv(vm.surroundings, feed, system=False, replace=True).obstacles

    assert (obstacle.key, obstacle.where, obstacle.replaceable) == (name, "the environment", False)
    assert obstacle.cure.startswith(f"unset {name}")
    assert "canary" not in obstacle.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_DEFAULT_INDEX", URL),
        ("UV_INDEX_URL", URL[:-1]),
        ("UV_INDEX", " "),
        ("UV_NO_CONFIG", "false"),
        ("UV_NO_SYSTEM_CONFIG", "1"),
        ("UV_CACHE_DIR", "/srv"),
        ("PIP_EXTRA_INDEX_URL", OTHER),
    ],
)
def test_a_variable_that_changes_nothing_is_in_nobodys_way(
    vm: Vm, feed: FeedUrl, name: str, value: str
) -> None:
    vm.variables[name] = value

    assert keys(vm, feed) == []


def test_a_variable_that_hides_the_file_for_all_is_in_the_way_of_all(vm: Vm, feed: FeedUrl) -> None:
    vm.variables["UV_NO_SYSTEM_CONFIG"] = "true"

    assert keys(vm, feed, system=True) == ["UV_NO_SYSTEM_CONFIG"]


def test_with_replace_all_of_it_is_taken_out_and_the_files_as_they_were_are_kept(
    vm: Vm, feed: FeedUrl
) -> None:
    before = f"""\
index = [
  {{ url = "{URL}", default = true }},
  {{ url = "{OTHER}" }}, # why
]
native-tls = true
[pip]
find-links = ["/srv"]
strict = true
"""
    path = vm.home(USER, before)
    shared = vm.etc(
        "uv/uv.toml",
        f'[[index]]\nurl = "{OTHER}"\n# why\n[index.cache-control]\napi = "no-cache"\n\n[pip]\nstrict = true\n',
    )

    plan = plan_uv(vm.surroundings, feed, system=False, replace=True)
    backups = apply(plan)

    assert (
        path.read_text()
        == f"""\
# index = [
#   {{ url = "{URL}", default = true }},
#   {{ url = "{OTHER}" }}, # why
# ]
native-tls = true
[pip]
# find-links = ["/srv"]
strict = true

{OURS}"""
    )
    assert shared.read_text() == (
        f'# [[index]]\n# url = "{OTHER}"\n# why\n# [index.cache-control]\n# api = "no-cache"\n\n[pip]\nstrict = true\n'
    )
    assert {backup.name for backup in backups} == {"uv.toml.feedgate-backup"}
    assert vm.home(f"{USER}.feedgate-backup").read_text() == before
    assert "canary" not in repr(plan)
    assert keys(vm, feed) == []


def test_an_empty_list_makes_room_for_the_index(vm: Vm, feed: FeedUrl) -> None:
    path = vm.home(USER, "index = []\n")

    apply(plan_uv(vm.surroundings, feed, system=False, replace=False))

    assert read(path) == {"index": [{"url": URL, "default": True}]}


def test_a_file_that_is_no_toml_is_named(vm: Vm, feed: FeedUrl) -> None:
    vm.home(USER, "a = 1\n[[index]\nurl = 'canary'\n")

    with pytest.raises(BrokenToml, match=r"uv\.toml, line 2: not TOML"):
        plan_uv(vm.surroundings, feed, system=False, replace=True)


def test_the_indexes_that_are_there_are_found(vm: Vm) -> None:
    vm.etc(
        "uv/uv.toml",
        'extra-index-url = ["https://a.example/", "https://b.example/"]\nfind-links = ["/srv"]\n',
    )
    vm.home(USER, '[[index]]\nurl = "https://c.example/"\n')

    assert list(indexes(vm.surroundings)) == [
        "https://a.example/",
        "https://b.example/",
        "https://c.example/",
    ]
