"""PyPI itself, asked a few times: its pages, a download, what it does not have."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from feedgate.blobs.files import Files
from feedgate.model.index import NoSuchProject, Span
from feedgate.model.names import parse_project_name
from feedgate.outside.fetcher import Fetcher, FetcherSettings
from feedgate.outside.patience import Patience
from feedgate.outside.upstream import Upstream

SIX = parse_project_name("six")
SIX_WHEEL = "six-1.16.0-py2.py3-none-any.whl"
SIX_DIGEST = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher.opened(
        FetcherSettings(upstream_url=PYPI_SIMPLE_ENDPOINT, patience=Patience(attempts=4))
    ) as fetcher:
        yield fetcher


@pytest.fixture
def pypi(fetcher: Fetcher, tmp_path: Path) -> Upstream:
    return Upstream(fetcher, PYPI_SIMPLE_ENDPOINT, tmp_path / "pages")


async def test_a_known_release_is_listed_downloaded_and_read_in_part(
    pypi: Upstream, fetcher: Fetcher, tmp_path: Path
) -> None:
    page = await pypi.page(SIX)
    file = next(file for file in page.files if file.filename == SIX_WHEEL)

    assert file.digest == SIX_DIGEST
    assert file.size_bytes == 11053
    assert file.uploaded_at is not None
    assert file.uploaded_at.year == 2021

    blobs = Files(tmp_path / "blobs")
    stored = await fetcher.download(file, blobs, progress=lambda _: None)
    body = blobs.path(stored.digest).read_bytes()
    assert hashlib.sha256(body).hexdigest() == SIX_DIGEST
    assert await (await pypi.open(file, Span(100, 200))).read() == body[100:200]
    assert await pypi.page(SIX) == page


async def test_a_project_that_nobody_has_is_no_such_project(pypi: Upstream) -> None:
    with pytest.raises(NoSuchProject):
        await pypi.page(parse_project_name("feedgate-has-no-such-project"))
