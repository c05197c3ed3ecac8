"""METADATA that keep a resolver from what a destination would not take."""

from dataclasses import replace

from feedgate.formats.core_metadata import parse_core_metadata
from feedgate.index.fitting import LARGEST_BYTES, Fitting
from feedgate.model.destination import Limits
from feedgate.model.distribution import Distribution
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, Stocked, stocked_wheel

DEMO = parse_project_name("demo")
OLD, NEW = stocked_wheel("demo", "1.0"), stocked_wheel("demo", "2.0", Facts(offers_metadata=False))


def metadata(version: str) -> bytes:
    return f"Metadata-Version: {version}\nName: demo\nVersion: 1.0\nRequires-Dist: part>=1\n".encode()


def fitting(said: str, too_new: dict[str, str], *, taken: bool = False) -> Fitting:
    async def metadata_of(_file: Distribution) -> bytes:
        return metadata(said)

    return Fitting(
        MemoryIndex.of([OLD, NEW]),
        Limits(metadata_version="2.1"),
        metadata_of,
        lambda _file: taken,
        too_new.__setitem__,
    )


async def served(index: Fitting, stocked: Stocked) -> list[str]:
    raw = await (await index.open_metadata(stocked.file)).read()
    found = parse_core_metadata(raw, filename=stocked.file.filename)
    return [str(requirement) for requirement in found.requires_dist]


async def test_metadata_that_fit_are_served_as_they_are() -> None:
    too_new: dict[str, str] = {}

    assert await served(fitting("2.1", too_new), OLD) == ["part>=1"]
    assert too_new == {}


async def test_a_release_that_is_too_new_requires_what_it_can_not_meet_and_is_named() -> None:
    too_new: dict[str, str] = {}

    assert await served(fitting("2.4", too_new), OLD) == ["demo<0"]
    assert too_new == {OLD.file.filename: "its metadata version is 2.4, the destination takes 2.1 at most"}


async def test_what_the_destination_has_fits_whatever_it_says() -> None:
    too_new: dict[str, str] = {}

    assert await served(fitting("2.4", too_new, taken=True), OLD) == ["part>=1"]
    assert too_new == {}


async def test_metadata_is_offered_beside_wheels_that_have_none_unless_they_are_large() -> None:
    large = replace(
        NEW, file=replace(NEW.file, filename="demo-3.0-py3-none-any.whl", size_bytes=LARGEST_BYTES)
    )
    unknown = replace(NEW, file=replace(NEW.file, filename="demo-4.0-py3-none-any.whl", size_bytes=None))

    async def never(file: Distribution) -> bytes:
        raise AssertionError(file)

    index = Fitting(
        MemoryIndex.of([OLD, NEW, large, unknown]),
        Limits(),
        never,
        lambda _file: False,
        lambda _name, _why: None,
    )

    offered = [file.metadata_digest for file in (await index.page(DEMO)).files]
    assert offered == ["", "", None, None], "by no digest, since what is served may be another one"
