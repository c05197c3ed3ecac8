from pathlib import Path

import pytest

from feedgate.machine.surroundings import NoSuchRoot, Surroundings
from tests.unit.machine.conftest import Vm


def test_the_real_machine_is_that_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/")
    monkeypatch.chdir(tmp_path)

    here = Surroundings.of_this_process()

    assert (here.root, here.home, here.folder) == (Path("/"), tmp_path, tmp_path)
    assert here.variable("PIP_INDEX_URL") == "https://index.example/"
    assert here.variable("PIP_EXTRA_INDEX_URL") == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [("~", "home"), ("~/x", "home/x"), ("x/y", "work/x/y"), ("~user/x", "work/~user/x")],
)
def test_paths_in_variables_are_read_as_clients_read_them(vm: Vm, written: str, expected: str) -> None:
    assert vm.surroundings.expand(written) == vm.base / expected
    assert vm.surroundings.expand("/etc/x") == Path("/etc/x")


@pytest.mark.parametrize("void", ["", "relative", "~/x"])
def test_folders_of_settings_must_be_absolute(vm: Vm, void: str) -> None:
    vm.variables |= {"XDG_CONFIG_HOME": void, "XDG_CONFIG_DIRS": f"/one:{void}:/two"}

    assert vm.surroundings.user_configuration == vm.home(".config")
    assert vm.surroundings.shared_configuration == (Path("/one"), Path("/two"))


def test_folders_of_settings_can_be_chosen(vm: Vm) -> None:
    assert vm.surroundings.shared_configuration == (vm.etc("xdg"),)

    vm.variables["XDG_CONFIG_HOME"] = "/chosen"

    assert vm.surroundings.user_configuration == Path("/chosen")


def test_every_python_that_a_command_belongs_to_has_its_prefix(vm: Vm) -> None:
    vm.variables |= {"VIRTUAL_ENV": "/venv", "PATH": "/venv/bin:relative::/opt/python/bin"}

    assert vm.surroundings.prefixes == (
        Path("/venv"),
        Path("/opt/python"),
        vm.base / "root" / "usr" / "local",
        vm.base / "root" / "usr",
    )


def test_an_image_is_seen_without_the_callers_home_and_variables(vm: Vm) -> None:
    vm.variables |= {
        "PIP_EXTRA_INDEX_URL": "https://index.example/",
        "XDG_CONFIG_DIRS": "/xdg",
        "PATH": "/bin",
    }
    vm.elsewhere("etc/passwd", "")

    (image,) = vm.surroundings.seen_by((), root=vm.base / "elsewhere")

    assert image.is_nobodys
    assert not image.home.exists()
    assert image.variable("PIP_EXTRA_INDEX_URL") == ""
    assert image.shared_configuration == (vm.elsewhere("etc/xdg"),)
    assert all(vm.base / "elsewhere" in (prefix, *prefix.parents) for prefix in image.prefixes)
    assert list(image.folders()) == [vm.base / "elsewhere"]


def test_the_root_of_the_running_machine_is_no_image() -> None:
    here = Surroundings.of_this_process()

    assert here.seen_by((), root=None) == (here,)
    assert here.seen_by((), root=Path("/")) == (here,)
    assert not here.is_nobodys


@pytest.mark.parametrize("root", ["nowhere", "../work/file"])
def test_an_image_is_a_folder(vm: Vm, root: str) -> None:
    vm.work("file", "")

    with pytest.raises(NoSuchRoot, match=root) as caught:
        vm.surroundings.seen_by((), root=Path(root))

    assert caught.value.exit_status == 2


def test_a_project_is_looked_for_up_to_the_root_of_the_machine(vm: Vm) -> None:
    assert list(vm.surroundings.folders())[:2] == [vm.base / "work", vm.base]
    assert list(vm.surroundings.folders())[-1] == Path("/")
