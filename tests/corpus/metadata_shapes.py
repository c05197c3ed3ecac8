"""METADATA that PyPI would not take: uploads are refused, and of imports it is a finding."""

from collections.abc import Callable, Iterator

from tests.corpus.shape import Shape, odd, refused, sound
from tests.corpus.zips import DIST_INFO, METADATA, Part, wheel


def saying(*lines: str, version: str = "2.1") -> Callable[[], bytes]:
    written = METADATA.replace(b"2.1", version.encode(), 1) + "".join(f"{line}\n" for line in lines).encode()
    return lambda: wheel(metadata=written)


def metadata_shapes() -> Iterator[Shape]:
    """Yield what is wrong with what a wheel says of itself."""
    yield sound("field-unknown", saying("Colour: green"), code="field-unknown")
    yield sound("licence-file-of-old", saying("License-File: LICENSE"), code="field-too-new")
    yield sound("home-page-unknown", saying("Home-page: UNKNOWN", "License: UNKNOWN"))
    yield sound(
        "licence-file",
        lambda: wheel(
            Part(f"{DIST_INFO}/licenses/LICENSE", b"free"),
            metadata=METADATA.replace(b"2.1", b"2.4") + b"License-File: LICENSE\n",
        ),
    )
    yield odd("licence-file-gone", "licence-file-missing", saying("License-File: LICENSE", version="2.4"))
    yield odd("licence-file-climbing", "field-invalid", saying("License-File: ../LICENSE", version="2.4"))
    yield odd("licence-no-spdx", "field-invalid", saying("License-Expression: free beer", version="2.4"))
    yield odd(
        "licence-twice", "licence-twice", saying("License: MIT", "License-Expression: MIT", version="2.4")
    )
    yield odd("summary-of-600", "field-invalid", saying("Summary: " + "x" * 600))
    yield odd("content-type-html", "field-invalid", saying("Description-Content-Type: text/html"))
    yield odd(
        "content-type-latin", "field-invalid", saying("Description-Content-Type: text/plain; charset=latin-1")
    )
    yield odd("home-page-script", "url-invalid", saying("Home-page: javascript:alert(1)"))
    yield odd("download-url-file", "url-invalid", saying("Download-URL: file:///etc/passwd"))
    yield odd("project-url-no-address", "url-invalid", saying("Project-URL: Docs, nowhere"))
    yield odd(
        "project-url-long-label", "url-invalid", saying(f"Project-URL: {'D' * 33}, https://docs.example")
    )
    yield odd("author-email-none", "field-invalid", saying("Author-email: nobody"))
    yield odd("extra-no-name", "field-invalid", saying("Provides-Extra: no name!"))
    yield odd("dynamic-name", "field-invalid", saying("Dynamic: Name", version="2.2"))
    yield odd(
        "direct-reference", "direct-reference", saying("Requires-Dist: part @ https://files.example/p.whl")
    )
    yield refused("not-utf8", "core-fields", lambda: wheel(metadata=METADATA + b"Author: \xff\n"))
    yield refused("name-twice", "core-fields", saying("Name: demo"))
    yield refused("version-9", "core-fields", saying(version="9.0"))
    yield refused(
        "version-missing", "core-fields", lambda: wheel(metadata=METADATA.replace(b"\nVersion: 1.0", b""))
    )
    yield refused("requirement-none", "core-fields", saying("Requires-Dist: (((("))
    yield refused("python-none", "core-fields", saying("Requires-Python: three"))
    yield refused(
        "ten-thousand-headers", "core-fields", saying(*(f"Classifier: {number}" for number in range(10_000)))
    )
    yield refused("deep-marker", "core-fields", saying("Requires-Dist: part ; " + "(" * 1900))
    yield refused("no-bytes", "core-fields", lambda: wheel(metadata=b""))
