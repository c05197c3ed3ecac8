"""What every inspector must do, whatever it looks for."""

import gzip
from pathlib import Path

import pytest

from feedgate.inspectors.protocol import Inspector
from feedgate.inspectors.walk import INSPECTORS, walk
from feedgate.model.inspection import Finding
from tests.builders.sdists import make_sdist
from tests.builders.wheels import make_wheel


@pytest.fixture(params=INSPECTORS, ids=lambda inspector: str(inspector.name))
def inspector(request: pytest.FixtureRequest) -> Inspector:
    made: Inspector = request.param
    return made


def look(inspector: Inspector, path: Path) -> tuple[Finding, ...]:
    [findings] = walk(path, path.name, (inspector,)).findings
    return findings


def test_it_has_a_name_and_a_version_to_keep_its_findings_by(inspector: Inspector) -> None:
    assert inspector.name.isidentifier()
    assert inspector.version >= 1


def test_what_is_sound_has_no_finding(inspector: Inspector, tmp_path: Path) -> None:
    assert look(inspector, make_wheel(tmp_path, "demo", "1.0")) == ()
    assert look(inspector, make_sdist(tmp_path, "demo", "1.0")) == ()


def test_the_bytes_alone_decide(inspector: Inspector, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0", record="wrong", files={"demo/a.pth": "import os\n"})
    other = tmp_path / "other-2.0-cp311-cp311-linux_x86_64.whl"
    other.write_bytes(wheel.read_bytes())

    assert look(inspector, wheel) == look(inspector, wheel) == look(inspector, other)


@pytest.mark.parametrize(
    "name", ["demo/a\nb.py", "demo/\x1b[31m.py", "demo/\u202eyp.py", "../" + "x" * 300, "demo/<b>.py"]
)
def test_a_finding_is_a_sentence_that_can_be_shown_anywhere(
    inspector: Inspector, tmp_path: Path, name: str
) -> None:
    wheel = make_wheel(tmp_path, "demo", "1.0", record="missing", files={name: "eval(input())\n"})

    for finding in look(inspector, wheel):
        assert finding.sentence.isprintable()
        assert len(finding.sentence) <= 500
        assert finding.member is None or finding.member.isprintable()
        assert finding.code == finding.code.lower()


def test_an_archive_that_ends_early_is_no_error(inspector: Inspector, tmp_path: Path) -> None:
    for whole in (make_wheel(tmp_path, "demo", "1.0"), make_sdist(tmp_path, "demo", "1.0")):
        whole.write_bytes(whole.read_bytes()[:-20])

        assert isinstance(look(inspector, whole), tuple)
    (tmp_path / "empty-1.0.tar.gz").write_bytes(gzip.compress(b""))
    assert isinstance(look(inspector, tmp_path / "empty-1.0.tar.gz"), tuple)
