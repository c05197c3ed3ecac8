"""The gate before hostile archives: no crash, no stray file, within bounds, and the verdict that is written beside each."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedgate.gate.children import Children, cpu_seconds
from feedgate.gate.decide import decide_import, decide_upload
from feedgate.gate.look import Looked, looked_at, start_child
from feedgate.model.decision import Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.policy.policies import OPEN
from tests.corpus.readers import by_unzip, by_uv, by_zipfile
from tests.corpus.shape import Shape
from tests.corpus.shapes import SHAPES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    looked: Looked
    seconds: float
    left_behind: tuple[str, ...]
    children: int


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Seen]:
    return asyncio.run(_look_at_all(tmp_path_factory.mktemp("corpus")))


async def _look_at_all(folder: Path) -> dict[str, Seen]:
    """Let one child, kept warm, look at one shape after the other."""
    seen: dict[str, Seen] = {}
    started = 0

    async def counting() -> asyncio.subprocess.Process:
        nonlocal started
        started += 1
        return await start_child()

    children = Children(counting, 1)
    try:
        for shape in SHAPES:
            path = folder / shape.filename
            content = shape.make()
            path.write_bytes(content)
            began = time.monotonic()
            answer = await children.ask(path, shape.filename)
            seconds = time.monotonic() - began
            looked = looked_at(Digest(hashlib.sha256(content).hexdigest()), shape.filename, answer)
            path.unlink()
            left_behind = tuple(str(one) for one in folder.rglob("*"))
            seen[shape.name] = Seen(looked, seconds, left_behind, started)
    finally:
        await children.close()
    return seen


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: str(shape.name))
def test_a_shape_is_judged_as_is_written_beside_it(shape: Shape, seen: Mapping[str, Seen]) -> None:
    of = seen[shape.name]

    codes = {finding.code for inspection in of.looked.inspections for finding in inspection.findings}
    upload = decide_upload(OPEN, shape.filename, of.looked, None, now=NOON)
    file = Distribution(shape.filename, of.looked.digest)
    imported = decide_import(OPEN, file, of.looked, None, now=NOON)

    assert (shape.code in codes) if shape.code is not None else not codes, codes
    assert upload.verdict is shape.upload, upload.reason
    assert imported.verdict is shape.imported, imported.reason
    assert of.left_behind == ()
    assert of.seconds < cpu_seconds(0)


def test_no_shape_ends_the_child_that_looks(seen: Mapping[str, Seen]) -> None:
    assert {one.children for one in seen.values()} == {1}


def test_the_corpus_has_a_shape_of_each_kind_and_each_once() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 80
    assert {shape.imported for shape in SHAPES} == {shape.upload for shape in SHAPES} | {Verdict.HOLD}


READ_ALIKE = (
    "plain",
    "stored",
    "zip64-extra",
    "unix-times",
    "utf8-name",
    "comment",
    "compression-hint-differs",
    "descriptor",
    "descriptor-zip64",
)
"""What the import profile lets in though it is not the plainest of zips."""

BY_NAME = {shape.name: shape for shape in SHAPES}


@pytest.mark.parametrize("name", READ_ALIKE)
def test_what_enters_is_read_alike_by_every_reader_that_takes_it(name: str, tmp_path: Path) -> None:
    shape = BY_NAME[name]
    path = tmp_path / shape.filename
    path.write_bytes(shape.make())

    views = [by_zipfile(path, tmp_path), by_unzip(path, tmp_path / "unzip"), by_uv(path, tmp_path / "uv")]

    assert shape.imported is Verdict.ADMIT
    assert views[0]
    assert all(view in (None, views[0]) for view in views)


DISAGREED = {
    "script-before": (by_zipfile, by_uv),
    "zip-before": (by_zipfile, by_uv),
    "byte-behind": (by_zipfile, by_uv),
    "two-disks": (by_zipfile, by_uv),
    "other-size-inside": (by_zipfile, by_uv),
    "other-method-inside": (by_zipfile, by_unzip),
    "other-crc-inside": (by_zipfile, by_unzip),
    "descriptor-missing": (by_zipfile, by_unzip),
    "second-name": (by_zipfile, by_uv),
    "zip64-contradicts": (by_zipfile, by_uv),
    "nested-member": (by_zipfile, by_uv),
}


@pytest.mark.parametrize("name", DISAGREED)
def test_where_two_readers_disagree_neither_way_lets_in(name: str, tmp_path: Path) -> None:
    shape = BY_NAME[name]
    path = tmp_path / shape.filename
    path.write_bytes(shape.make())
    one, other = DISAGREED[name]

    assert one(path, tmp_path / "one") != other(path, tmp_path / "other")
    assert (shape.upload, shape.imported) == (Verdict.REFUSE, Verdict.REFUSE)
