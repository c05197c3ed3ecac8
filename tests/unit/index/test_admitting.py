"""What is left out of a page before the resolver sees it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedgate.index.admitting import Admitting, admits_python
from feedgate.model.digest import parse_digest
from feedgate.model.names import parse_project_name
from tests.doubles.memory_index import Facts, MemoryIndex, Stocked, stocked_wheel

ACME = parse_project_name("acme")
NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ADDRESS = "https://files.example/acme.whl"
OTHER_DIGEST = parse_digest("0" * 64)


def is_shown_with(
    requires_python: str | None = None, *, uploaded_at: datetime | None = NOON, source: str | None = ADDRESS
) -> Stocked:
    return stocked_wheel(
        "acme", "1.0", Facts(requires_python=requires_python, uploaded_at=uploaded_at, source=source)
    )


async def is_shown(admitting: Admitting) -> bool:
    return bool((await admitting.page(ACME)).files)


@pytest.mark.parametrize(
    ("requires_python", "python", "expected"),
    [
        pytest.param(None, "3.11.7", True, id="nothing-stated"),
        pytest.param(">=3.8", "3.11.7", True, id="lower-bound-met"),
        pytest.param(">=3.12", "3.11.7", False, id="lower-bound-not-met"),
        pytest.param("<3.10", "3.11.7", False, id="upper-bound-that-uv-does-not-read"),
        pytest.param("!=3.11.*", "3.11.7", False, id="the-whole-minor-excluded"),
        pytest.param("!=3.11.7", "3.11.7", False, id="this-very-patch-excluded"),
        pytest.param("!=3.11.7", "3.11.8", True, id="the-patch-after-it"),
        pytest.param("<=3.11", "3.11.0", True, id="at-most-3.11-is-3.11.0"),
        pytest.param("<=3.11", "3.11.1", False, id="at-most-3.11-is-not-3.11.1"),
        pytest.param(">=3.11.3,<3.11.7", "3.11.6", True, id="inside-a-window-of-patches"),
        pytest.param(">=3.11.3,<3.11.7", "3.11.7", False, id="at-the-windows-end"),
        pytest.param(">=2.7,!=3.0.*,!=3.1.*", "3.11.99", True, id="old-exclusions"),
        pytest.param(">=3.6.*", "3.11.7", False, id="no-specifier-by-pep-440"),
    ],
)
async def test_only_files_that_admit_the_exact_python_are_shown(
    requires_python: str | None, python: str, expected: bool
) -> None:
    source = MemoryIndex.of([is_shown_with(requires_python)])

    assert await is_shown(Admitting(source, python)) is expected


async def test_a_requires_python_that_nobody_can_read_is_named() -> None:
    admitting = Admitting(MemoryIndex.of([is_shown_with(">=3.6.*")]), "3.11.7")

    await admitting.page(ACME)

    (left_out,) = admitting.left_out[ACME]
    assert left_out.filename == "acme-1.0-py3-none-any.whl"
    assert ">=3.6.*" in left_out.reason
    assert admits_python(">=3.6.*", "3.11.7") is None


@pytest.mark.parametrize(
    ("uploaded_at", "source", "expected"),
    [
        pytest.param(NOON - SECOND, ADDRESS, True, id="a-second-before"),
        pytest.param(NOON, ADDRESS, False, id="at-that-very-moment"),
        pytest.param(NOON + SECOND, ADDRESS, False, id="a-second-after"),
        pytest.param(None, ADDRESS, False, id="time-unknown"),
        pytest.param(NOON + SECOND, None, True, id="newer-but-in-the-feed"),
        pytest.param(None, None, True, id="time-unknown-but-in-the-feed"),
    ],
)
async def test_with_exclude_newer_only_older_upstream_files_are_shown(
    uploaded_at: datetime | None, source: str | None, expected: bool
) -> None:
    index = MemoryIndex.of([is_shown_with(uploaded_at=uploaded_at, source=source)])

    assert await is_shown(Admitting(index, "3.11.7", exclude_newer=NOON)) is expected


async def test_without_exclude_newer_an_unknown_upload_time_is_no_obstacle() -> None:
    assert await is_shown(Admitting(MemoryIndex.of([is_shown_with(uploaded_at=None)]), "3.11.7"))


async def test_a_file_of_unknown_age_is_named_and_one_that_is_too_new_is_not() -> None:
    stock = [
        is_shown_with(uploaded_at=None),
        stocked_wheel("acme", "2.0", Facts(uploaded_at=NOON, source=ADDRESS)),
    ]
    admitting = Admitting(MemoryIndex.of(stock), "3.11.7", exclude_newer=NOON)

    await admitting.page(ACME)

    assert [left_out.filename for left_out in admitting.left_out[ACME]] == ["acme-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("https://files.example/a.whl", True, id="https"),
        pytest.param("http://files.example/a.whl", True, id="http"),
        pytest.param("file:///etc/passwd", False, id="a-local-file"),
        pytest.param("ftp://files.example/a.whl", False, id="ftp"),
        pytest.param("", False, id="nothing"),
        pytest.param(None, True, id="our-own-store"),
    ],
)
async def test_links_that_are_not_http_are_left_out(source: str | None, expected: bool) -> None:
    assert await is_shown(Admitting(MemoryIndex.of([is_shown_with(source=source)]), "3.11.7")) is expected


@pytest.mark.parametrize(("length", "expected"), [(255, True), (256, False)])
async def test_names_that_are_too_long_are_left_out(length: int, expected: bool) -> None:
    stocked = is_shown_with()
    filename = f"acme-1.0-py3.{'x' * (length - 26)}-none-any.whl"
    file = replace(stocked.file, filename=filename)
    assert len(filename) == length

    assert await is_shown(Admitting(MemoryIndex.of([replace(stocked, file=file)]), "3.11.7")) is expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param(set(), True, id="none-stated"),
        pytest.param({f"sha256:{is_shown_with().file.digest}"}, True, id="its-own"),
        pytest.param(
            {f"sha256:{OTHER_DIGEST}", f"sha256:{is_shown_with().file.digest}"}, True, id="among-others"
        ),
        pytest.param({f"sha256:{OTHER_DIGEST}"}, False, id="only-others"),
        pytest.param({f"sha512:{'0' * 128}"}, True, id="a-hash-that-no-page-states"),
        pytest.param({f"sha256:{OTHER_DIGEST}", f"sha384:{'0' * 96}"}, True, id="one-of-them-no-page-states"),
    ],
)
async def test_for_a_name_with_stated_hashes_only_files_that_have_one_are_shown(
    stated: set[str], expected: bool
) -> None:
    admitting = Admitting(MemoryIndex.of([is_shown_with()]), "3.11.7", {ACME: frozenset(stated)})

    assert await is_shown(admitting) is expected


async def test_hashes_of_one_name_say_nothing_of_another() -> None:
    other = {parse_project_name("other"): frozenset({f"sha256:{OTHER_DIGEST}"})}

    assert await is_shown(Admitting(MemoryIndex.of([is_shown_with()]), "3.11.7", other))


async def test_a_file_whose_digest_is_unknown_waits_for_whoever_fetches_it() -> None:
    stocked = is_shown_with()
    unhashed = replace(stocked, file=replace(stocked.file, digest=None))
    admitting = Admitting(MemoryIndex.of([unhashed]), "3.11.7", {ACME: frozenset({f"sha256:{OTHER_DIGEST}"})})

    assert await is_shown(admitting)


async def test_the_validator_tells_one_call_from_another() -> None:
    source = MemoryIndex.of([is_shown_with(">=3.8")])
    calls = [
        Admitting(source, "3.11.7"),
        Admitting(source, "3.12.1"),
        Admitting(source, "3.11.7", exclude_newer=NOON + SECOND),
        Admitting(source, "3.11.7", {ACME: frozenset({f"sha256:{is_shown_with().file.digest}"})}),
        Admitting(source, "3.11.7"),
    ]

    validators = [(await call.page(ACME)).validator for call in calls]

    assert validators[0] == validators[-1]
    assert len(set(validators)) == 4
