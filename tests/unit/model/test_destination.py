"""What a destination takes at most: as it is said, and as it narrows."""

import pytest

from feedgate.model.destination import InvalidLimit, Limits, parse_limits


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param((), Limits(), id="nothing-said"),
        pytest.param(("metadata=2.1",), Limits(metadata_version="2.1"), id="metadata"),
        pytest.param(("size=500MB",), Limits(size_bytes=500_000_000), id="megabytes"),
        pytest.param(("size=1.5 GiB",), Limits(size_bytes=1_610_612_736), id="a-part-of-a-gibibyte"),
        pytest.param(("size=10",), Limits(size_bytes=10), id="plain-bytes"),
        pytest.param(
            ("metadata=2.4", "metadata=2.1"), Limits(metadata_version="2.1"), id="the-smaller-of-two"
        ),
        pytest.param(
            ("metadata=2.10", "metadata=2.9"), Limits(metadata_version="2.9"), id="numbers-not-text"
        ),
    ],
)
def test_limits_are_read_as_they_are_written(raw: tuple[str, ...], expected: Limits) -> None:
    assert parse_limits(raw) == expected


@pytest.mark.parametrize(
    "raw", ["", "2.1", "metadata", "metadata=", "metadata=two", "metadata=2", "size=-1", "size=1TB", "age=3"]
)
def test_what_is_no_limit_is_named(raw: str) -> None:
    with pytest.raises(InvalidLimit, match="no limit of a destination"):
        parse_limits((raw,))


@pytest.mark.parametrize(
    ("metadata_version", "exceeds"),
    [("1.0", False), ("2.1", False), ("2.2", True), ("2.10", True), (None, False)],
)
def test_a_metadata_version_exceeds_the_limit_by_its_number(
    metadata_version: str | None, *, exceeds: bool
) -> None:
    words = Limits(metadata_version="2.1").exceeded_by(metadata_version=metadata_version)

    assert (words is not None) is exceeds


def test_a_file_of_exactly_the_limit_fits_and_one_byte_more_does_not() -> None:
    limits = Limits(size_bytes=100)

    assert limits.exceeded_by(size_bytes=100) is None
    assert limits.exceeded_by(size_bytes=101) == "it has 101 bytes, the destination takes 100 at most"
