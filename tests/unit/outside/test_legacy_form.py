"""The legacy upload form as it is written: what our own reader of such forms makes of it, and to the byte."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from feedgate.formats.upload_form import FileChunk, FormLimits, UploadForm, UploadFormParser
from feedgate.model.digest import Digest
from feedgate.model.names import parse_project_name
from feedgate.outside.delivery import Outgoing
from feedgate.outside.legacy_form import LegacyForm, OtherBytes, form_fields

BODY = bytes(range(256)) * 1000


def outgoing(metadata: bytes, *, filename: str = "demo-1.0-py3-none-any.whl", body: bytes = BODY) -> Outgoing:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    digest = Digest(hashlib.sha256(body).hexdigest())
    return Outgoing(parse_project_name("demo"), "1.0", filename, digest, len(body), metadata, chunks)


async def written(form: LegacyForm) -> bytes:
    return b"".join([chunk async for chunk in form.body()])


async def read_back(form: LegacyForm) -> tuple[UploadForm, bytes]:
    parser = UploadFormParser(form.headers["Content-Type"], limits=FormLimits())
    content = b""
    async for chunk in form.body():
        content += b"".join(event.content for event in parser.feed(chunk) if isinstance(event, FileChunk))
    return parser.close(), content


async def test_what_is_written_is_read_back_and_has_the_length_that_was_stated() -> None:
    form = LegacyForm.of(outgoing(b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nSummary: caf\xc3\xa9\n"))

    read, content = await read_back(form)

    assert content == BODY
    assert read.filename == "demo-1.0-py3-none-any.whl"
    assert read.fields["summary"] == ("café",)
    assert len(await written(form)) == int(form.headers["Content-Length"])


@pytest.mark.parametrize("size", [0, 1, 4096, 4097])
async def test_a_file_of_any_size_is_stated_right(size: int) -> None:
    form = LegacyForm.of(outgoing(b"", body=b"x" * size))

    assert len(await written(form)) == int(form.headers["Content-Length"])


async def test_a_form_may_be_written_twice() -> None:
    form = LegacyForm.of(outgoing(b""))

    assert await written(form) == await written(form)


def test_two_forms_have_nothing_between_their_parts_in_common() -> None:
    assert LegacyForm.of(outgoing(b"")).boundary != LegacyForm.of(outgoing(b"")).boundary


@pytest.mark.parametrize("difference", [-1, 1, 5000, -5000])
async def test_other_bytes_than_stated_are_told(difference: int) -> None:
    stated = replace(outgoing(b""), size_bytes=len(BODY) + difference)

    with pytest.raises(OtherBytes, match=r"demo-1\.0-py3-none-any\.whl"):
        await written(LegacyForm.of(stated))


@pytest.mark.parametrize(
    ("filename", "filetype", "pyversion"),
    [
        ("demo-1.0-py3-none-any.whl", "bdist_wheel", "py3"),
        ("demo-1.0-py2.py3-none-any.whl", "bdist_wheel", "py2.py3"),
        ("demo-1.0-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "bdist_wheel", "cp311"),
        ("demo-1.0.tar.gz", "sdist", "source"),
        ("demo-1.0.zip", "sdist", "source"),
    ],
)
def test_the_kind_of_file_is_told_as_twine_tells_it(filename: str, filetype: str, pyversion: str) -> None:
    fields = dict(form_fields(outgoing(b"", filename=filename)))

    assert (fields["filetype"], fields["pyversion"]) == (filetype, pyversion)


def test_every_field_of_metadata_has_its_name_in_the_form_and_keeps_its_values_in_order() -> None:
    metadata = b"""Metadata-Version: 2.5
Name: Demo.Part
Version: 1.00
Dynamic: summary
Dynamic: author
Platform: linux
Platform: win32
Supported-Platform: x86
Summary: short
Keywords: a,b c
Home-page: https://home.example/
Download-URL: https://get.example/
Author: A
Author-email: a@author.example
Maintainer: M
Maintainer-email: m@author.example
License: BSD
  in two lines
License-Expression: MIT
License-File: LICENSE
License-File: NOTICE
Classifier: One
Classifier: Two
Requires-Dist: x>=1
Requires-Dist: y ; extra == "z"
Requires-Python: >=3.9
Requires-External: C
Project-URL: Docs, https://docs.example/
Project-URL: Home, https://home.example/
Provides-Extra: z
Provides-Dist: p
Obsoletes-Dist: o
Import-Name: demo
Import-Namespace: ns
Description-Content-Type: text/plain
X-Unheard-Of: never

Words.
"""
    fields: dict[str, list[str]] = {}
    for name, value in form_fields(outgoing(metadata)):
        fields.setdefault(name, []).append(value)

    assert list(fields)[:8] == [
        ":action",
        "protocol_version",
        "name",
        "version",
        "filetype",
        "pyversion",
        "metadata_version",
        "sha256_digest",
    ]
    assert (fields["name"], fields["version"], fields["metadata_version"]) == (
        ["Demo.Part"],
        ["1.00"],
        ["2.5"],
    )
    assert {name: values for name, values in fields.items() if len(values) > 1} == {
        "dynamic": ["summary", "author"],
        "platform": ["linux", "win32"],
        "license_file": ["LICENSE", "NOTICE"],
        "classifiers": ["One", "Two"],
        "requires_dist": ["x>=1", 'y ; extra == "z"'],
        "project_urls": ["Docs, https://docs.example/", "Home, https://home.example/"],
    }
    assert {
        name: values[0] for name, values in fields.items() if name.startswith(("import", "supp", "key"))
    } == {
        "import_name": "demo",
        "import_namespace": "ns",
        "supported_platform": "x86",
        "keywords": "a,b c",
    }
    assert fields["description"] == ["Words.\n"]
    assert set(fields) >= {
        "summary",
        "home_page",
        "download_url",
        "author",
        "author_email",
        "maintainer",
        "maintainer_email",
        "license",
        "license_expression",
        "requires_python",
        "requires_external",
        "provides_extra",
        "provides_dist",
        "obsoletes_dist",
        "description_content_type",
    }
    assert not any("unheard" in name for name in fields)


@pytest.mark.parametrize("metadata", [b"", b"\xff\xfe\x00", b"no headers here", b"Name:\nVersion:\n"])
def test_of_metadata_that_tells_nothing_name_and_version_are_still_told(metadata: bytes) -> None:
    fields = dict(form_fields(outgoing(metadata)))

    assert (fields["name"], fields["version"], fields["metadata_version"]) == ("demo", "1.0", "1.0")


async def test_words_that_are_no_text_do_not_stop_the_rest() -> None:
    form = LegacyForm.of(
        outgoing(b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nSummary: \xff\n\n\xff\xfe")
    )

    read, _ = await read_back(form)

    assert read.fields["name"] == ("demo",)
