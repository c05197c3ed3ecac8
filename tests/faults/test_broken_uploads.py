"""Each way to break an upload: refused with an error of its own; nothing listed, stored or spent."""

import gzip
import io
import itertools
import json
import socket
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from feedgate.machine import addresses
from feedgate.model.names import FeedPath
from feedgate.records.entries import entries
from feedgate.records.feeds import find
from tests.builders.forms import BOUNDARY, CONTENT_TYPE, Fields, fields_of, form, form_of
from tests.builders.installation import FILE_LIMIT_BYTES, LOCAL_KEY
from tests.builders.metadata import write_metadata
from tests.builders.sdists import BrokenSdist, make_sdist
from tests.builders.served import Served, serve
from tests.builders.wheels import BrokenWheel, Record, make_wheel

WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served")) as served:
        yield served


@dataclass
class Stage:
    """One feed of the server, and what lies in the store that all feeds share."""

    served: Served
    feed: FeedPath
    _stored: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._stored = self.stored()

    def stored(self) -> set[Path]:
        """Return every file of the blob store, unfinished ones too."""
        return {path for path in (self.served.installation.root / "blobs").rglob("*") if path.is_file()}

    def send(self, body: bytes, content_type: str = CONTENT_TYPE) -> httpx.Response:
        """Post a form to the API, whose answer names the error's code."""
        path = addresses.fill(addresses.API_UPLOADS, organization=self.feed.organization, feed=self.feed.feed)
        return httpx.post(
            self.served.origin + path,
            content=body,
            headers={"Content-Type": content_type, "Authorization": f"Bearer {LOCAL_KEY.reveal()}"},
        )

    def page(self, name: str = "demo") -> httpx.Response:
        """Return the project's page as JSON."""
        organization, feed = self.feed.organization, self.feed.feed
        return httpx.get(
            f"{self.served.origin}/{organization}/_packaging/{feed}/pypi/simple/{name}/",
            headers={
                "Accept": "application/vnd.pypi.simple.v1+json",
                "Authorization": f"Bearer {LOCAL_KEY.reveal()}",
            },
        )

    def refuses(self, body: bytes, status: int, code: str, *said: str) -> dict[str, Any]:
        """Send what must be refused: with that code, in those words, and as if it had never come."""
        answer = self.send(body)
        assert answer.status_code == status, answer.text
        error: dict[str, Any] = answer.json()["error"]
        assert error["code"] == code, error
        for words in said:
            assert words in error["message"], error
        assert error["next"]
        assert self.page().status_code == 404
        assert self.stored() == self._stored
        by_policy = code in {"upload-refused", "upload-held"}
        assert self.served.installation.acts(self.feed) == (
            ["feed-created", "refused"] if by_policy else ["feed-created"]
        )
        return error

    def takes(self, file: Path) -> None:
        """Send what must be taken, under a name that nothing before may have spent."""
        answer = self.send(form_of(file))
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "published"


@pytest.fixture
def stage(served: Served) -> Stage:
    feed = FeedPath("acme", f"feed-{next(_numbers)}")
    served.installation.make_feed(feed)
    return Stage(served, feed)


@pytest.fixture
def wheel(make_wheel: Callable[..., Path]) -> Path:
    return make_wheel("demo", "1.0")


# --- 1. The name of the file


@pytest.mark.parametrize(
    ("filename", "code", "said"),
    [
        pytest.param(b"../" + WHEEL.encode(), "invalid-filename", "without slashes", id="climbing"),
        pytest.param(b"/etc/" + WHEEL.encode(), "invalid-filename", "without slashes", id="absolute"),
        pytest.param(b"a/" + WHEEL.encode(), "invalid-filename", "without slashes", id="slash"),
        pytest.param(b"..\\" + WHEEL.encode(), "invalid-form", "has a backslash", id="backslash"),
        pytest.param(b"..%2F" + WHEEL.encode(), "invalid-filename", "%2F", id="encoded-slash"),
        pytest.param(b"demo\x00-1.0-py3-none-any.whl", "invalid-filename", "printable", id="nul"),
        pytest.param(b"demo-1.0-py3-none-any.whl\x00", "invalid-filename", "printable", id="nul-at-its-end"),
        pytest.param(
            b"demo-1.0-py3-none-any.whl\r\nX-Evil: 1", "invalid-filename", "Invalid project name", id="cr-lf"
        ),
        pytest.param(b"demo-1.0-py3-none-any.whl\n", "invalid-filename", "printable", id="lf"),
        pytest.param(
            "demo\u202e-1.0-py3-none-any.whl".encode(), "invalid-filename", "printable ASCII", id="bidi"
        ),
        pytest.param(
            "dem\u03bf-1.0-py3-none-any.whl".encode(), "invalid-filename", "printable ASCII", id="greek-o"
        ),
        pytest.param(b"demo\xff-1.0-py3-none-any.whl", "invalid-form", "not UTF-8", id="not-utf-8"),
        pytest.param(
            b"demo-1.0-py3-none-" + b"a" * 275 + b".whl", "invalid-filename", "longer than 255", id="300"
        ),
        pytest.param(b"", "invalid-form", "empty", id="empty"),
        pytest.param(b"demo-1.0.exe", "invalid-filename", "no name of a distribution", id="exe"),
        pytest.param(b"demo.whl", "invalid-filename", "no name of a distribution", id="no-tags"),
        pytest.param(
            b"demo-one-py3-none-any.whl", "invalid-filename", "no name of a distribution", id="no-version"
        ),
        pytest.param(b"demo-1.0.tar.bz2", "invalid-filename", "no name of a distribution", id="bz2"),
        pytest.param(
            b"demo-1.0-py3-none-any.WHL", "invalid-filename", "no name of a distribution", id="case"
        ),
    ],
)
def test_a_file_name_that_is_none(stage: Stage, wheel: Path, filename: bytes, code: str, said: str) -> None:
    content = wheel.read_bytes()

    stage.refuses(form(filename, content, fields_of(content)), 400, code, said)

    stage.takes(wheel)


# --- 2. The bytes


@pytest.mark.parametrize("digest", ["sha256_digest", "md5_digest", "blake2_256_digest"])
def test_a_digest_that_the_bytes_have_not(stage: Stage, wheel: Path, digest: str) -> None:
    wrong = "0" * len(fields_of(b"")[digest])

    error = stage.refuses(form_of(wheel, {digest: wrong}), 400, "upload-digest-mismatch", digest, "0000000")

    assert error["facts"] == {"filename": WHEEL, "field": digest}
    stage.takes(wheel)


def test_an_empty_file(stage: Stage, wheel: Path) -> None:
    stage.refuses(form(WHEEL.encode(), b"", fields_of(b"")), 400, "empty-file", "empty")

    stage.takes(wheel)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_before_it_was_hashed(stage: Stage, wheel: Path, part: float) -> None:
    cut = wheel.read_bytes()[: int(wheel.stat().st_size * part)]

    stage.refuses(form(WHEEL.encode(), cut, fields_of(cut)), 403, "upload-refused", WHEEL)

    stage.takes(wheel)


def test_a_file_that_was_cut_on_its_way(stage: Stage, wheel: Path) -> None:
    content = wheel.read_bytes()

    stage.refuses(
        form(WHEEL.encode(), content[:-1], fields_of(content)), 400, "upload-digest-mismatch", "sha256"
    )

    stage.takes(wheel)


@pytest.mark.parametrize("missing_bytes", [3, 100, 10_000])
def test_a_form_that_ends_too_soon(stage: Stage, wheel: Path, missing_bytes: int) -> None:
    stage.refuses(form_of(wheel)[:-missing_bytes], 400, "invalid-form", "cut short")

    stage.takes(wheel)


def test_a_client_that_goes_away_in_the_middle(stage: Stage, wheel: Path) -> None:
    body = form_of(wheel)
    parts = urlsplit(stage.served.origin)
    head = (
        f"POST /api/v1/feeds/{stage.feed}/uploads HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {LOCAL_KEY.reveal()}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    for sent in (0, len(body) // 2, len(body) - 1):
        with socket.create_connection((str(parts.hostname), parts.port), timeout=10) as connection:
            connection.sendall(head.encode() + body[:sent])

    stage.takes(wheel)
    assert not [path for path in stage.stored() if "incoming" in path.parts]


def test_a_file_that_is_too_large(stage: Stage) -> None:
    content = b"x" * (FILE_LIMIT_BYTES + 1)

    stage.refuses(
        form(WHEEL.encode(), content, fields_of(content)), 413, "upload-too-large", str(FILE_LIMIT_BYTES)
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(f"--{BOUNDARY}--\r\n".encode(), "no field content", id="no-part"),
        pytest.param(b"nothing of a form", "malformed", id="no-form"),
        pytest.param(
            form(WHEEL.encode(), b"x", {"content": "text"}), "its field content is no file", id="two-contents"
        ),
        pytest.param(
            form(WHEEL.encode(), b"x", {}).replace(f"--{BOUNDARY}--".encode(), form(b"b.whl", b"y", {})),
            "two fields content",
            id="two-files",
        ),
        pytest.param(
            form(WHEEL.encode(), b"x", {}).replace(b"form-data", b"attachment"), "which field", id="no-field"
        ),
    ],
)
def test_a_form_that_is_none(stage: Stage, wheel: Path, body: bytes, said: str) -> None:
    stage.refuses(body, 400, "invalid-form", said)

    stage.takes(wheel)


def test_a_form_that_asks_for_something_else(stage: Stage, wheel: Path) -> None:
    stage.refuses(form_of(wheel, {":action": "submit"}), 400, "form-action-unknown", "submit")

    stage.takes(wheel)


# --- 3. What the form says of the file


@pytest.mark.parametrize(
    ("fields", "field_name", "form_says", "file_says"),
    [
        ({"name": "other"}, "name", "other", "demo"),
        ({"version": "1.1"}, "version", "1.1", "1.0"),
        ({"filetype": "sdist"}, "filetype", "sdist", "bdist_wheel"),
        ({"metadata_version": "1.0"}, "metadata_version", "1.0", "2.1"),
        ({"requires_python": ">=3.12"}, "requires_python", ">=3.12", ">=3.8"),
        (
            {"requires_dist": ["a>=1", "b[x]<2 ; python_version < '4'", "evil"]},
            "requires_dist",
            "evil",
            "no such requirement",
        ),
        ({"requires_dist": ["a>=1"]}, "requires_dist", "no such requirement", "b[x]<2"),
        (
            {"requires_dist": ["a>=1", "b[x]<3 ; python_version < '4'"]},
            "requires_dist",
            "no such requirement",
            "b[x]<2",
        ),
    ],
)
def test_a_form_that_contradicts_the_file(
    stage: Stage,
    make_wheel: Callable[..., Path],
    fields: Fields,
    field_name: str,
    form_says: str,
    file_says: str,
) -> None:
    wheel = make_wheel(
        "demo", "1.0", requires=["a>=1", "b[x]<2 ; python_version < '4'"], requires_python=">=3.8"
    )

    error = stage.refuses(form_of(wheel, fields), 400, "form-contradicts-file", form_says, file_says)

    assert error["facts"] == {"filename": WHEEL, "field": field_name}
    stage.takes(wheel)


def test_a_form_that_says_the_same_in_other_words_and_the_files_own_values_count(
    stage: Stage, make_wheel: Callable[..., Path]
) -> None:
    wheel = make_wheel("Demo.Part", "1.0", requires=["A_b>=1,<2"], requires_python=">=3.8")
    fields: Fields = {
        "name": "DEMO_PART",
        "version": "1.0.0",
        "filetype": "bdist_wheel",
        "requires_python": ">= 3.8",
        "requires_dist": ["a-B <2, >=1"],
        "summary": "says what it likes",
    }

    answer = stage.send(form_of(wheel, fields))

    assert answer.status_code == 200, answer.text
    assert (answer.json()["project"], answer.json()["version"]) == ("demo-part", "1.0")
    listed = stage.page("demo-part").json()["files"][0]
    assert listed["requires-python"] == ">=3.8"


# --- 4. The same name again


def test_other_bytes_under_a_used_name_and_the_same_bytes_again(
    stage: Stage, wheel: Path, tmp_path: Path
) -> None:
    first = wheel.read_bytes()
    stage.takes(wheel)
    acts = stage.served.installation.acts(stage.feed)
    other = make_wheel(tmp_path / "other", "demo", "1.0", files={"demo/other.py": "x = 1\n"})

    refused = stage.send(form_of(other))

    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "name-spent"
    assert refused.json()["error"]["message"].startswith("File already exists: ")
    again = stage.send(form_of(wheel))
    assert (again.status_code, again.json()["state"]) == (200, "already-present")
    assert stage.served.installation.acts(stage.feed) == acts
    [listed] = stage.page().json()["files"]
    assert listed["size"] == len(first)
    kept = httpx.get(
        str(httpx.URL(str(stage.page().url)).join(listed["url"])),
        headers={"Authorization": f"Bearer {LOCAL_KEY.reveal()}"},
    )
    assert kept.content == first


# --- 9 to 14. What is in the file


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("absolute-member", "/etc/climbed.py"),
        ("climbing-member", "../climbed.py"),
        ("symlink-member", "link is a link"),
        ("bomb", "50 times its own size"),
        ("cut-off", "not be read as a zip file"),
        ("not-a-zip", "does not begin as a zip file"),
        ("doubled-header", "Version is there twice"),
        ("duplicate-member", "twice"),
        ("encrypted-member", "encrypted"),
        ("glued", "its list of members is not where"),
        ("prefix", "does not begin as a zip file"),
        ("trailing-bytes", "behind the end"),
        ("metadata-not-utf8", "not UTF-8"),
        ("no-metadata", "it has no METADATA"),
        ("no-wheel-file", "/WHEEL"),
        ("other-name", "another-name"),
        ("other-version", "99.9"),
        ("second-dist-info", "dist-info"),
        ("unknown-metadata-version", "9.0"),
    ],
)
def test_a_wheel_that_is_not_sound(
    stage: Stage, wheel: Path, tmp_path: Path, broken: BrokenWheel, said: str
) -> None:
    unsound = make_wheel(tmp_path / "unsound", "demo", "1.0", broken=broken)

    stage.refuses(form_of(unsound), 403, "upload-refused", WHEEL, said)

    stage.takes(wheel)


@pytest.mark.parametrize(
    ("record", "said"),
    [("missing", "no RECORD"), ("incomplete", "does not list"), ("wrong", "another hash")],
)
def test_a_record_that_does_not_fit(
    stage: Stage, wheel: Path, tmp_path: Path, record: Record, said: str
) -> None:
    unsound = make_wheel(tmp_path / "unsound", "demo", "1.0", record=record)

    stage.refuses(form_of(unsound), 403, "upload-refused", said)

    stage.takes(wheel)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("climbing-member", "../climbed.py"),
        ("cut-off", "it is cut off"),
        ("device", "odd is neither file"),
        ("link-out", "a link that leads out"),
        ("no-pkg-info", "no PKG-INFO"),
        ("not-a-tar", "not be read as a gzipped tar"),
        ("other-name", "another-name"),
        ("other-version", "99.9"),
        ("two-tops", "another-top"),
    ],
)
def test_an_sdist_that_is_not_sound(stage: Stage, tmp_path: Path, broken: BrokenSdist, said: str) -> None:
    unsound = make_sdist(tmp_path / "unsound", "demo", "1.0", broken=broken)

    stage.refuses(form_of(unsound), 403, "upload-refused", SDIST, said)

    stage.takes(make_sdist(tmp_path / "sound", "demo", "1.0"))


@pytest.mark.parametrize(
    ("requires", "headers", "said"),
    [
        (["not a requirement!"], [], "not a requirement!"),
        ([], [("Requires-Python", "somewhere")], "somewhere"),
        ([], [("Name", "demo")], "Name is there twice"),
    ],
    ids=["requirement", "requires-python", "second-name"],
)
def test_metadata_that_can_not_be_used(
    stage: Stage,
    wheel: Path,
    tmp_path: Path,
    requires: list[str],
    headers: list[tuple[str, str]],
    said: str,
) -> None:
    unsound = make_wheel(tmp_path / "unsound", "demo", "1.0", requires=requires, headers=headers)

    stage.refuses(form_of(unsound), 403, "upload-refused", said)

    stage.takes(wheel)


@pytest.mark.parametrize("name", ["../x", "../../../etc/cron.d/x", "/usr/bin/x", "bin/x", "..\\\\x"])
def test_a_script_whose_name_climbs(stage: Stage, wheel: Path, tmp_path: Path, name: str) -> None:
    scripts = f"[console_scripts]\ndemo = demo:main\n{name} = demo:main\n"
    unsound = make_wheel(
        tmp_path / "unsound", "demo", "1.0", files={"demo-1.0.dist-info/entry_points.txt": scripts}
    )

    stage.refuses(form_of(unsound), 403, "upload-refused", f"its script '{name}' has a name that leads out")

    stage.takes(wheel)


@pytest.mark.parametrize(
    "requirement",
    [
        "part @ https://files.example/part-1.0-py3-none-any.whl",
        "part @ git+https://git.example/part ; extra == 'more'",
        "part @ file:///etc/part.whl",
    ],
)
@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_a_requirement_that_names_an_address(
    stage: Stage, tmp_path: Path, make: Callable[..., Path], requirement: str
) -> None:
    unsound = make(tmp_path / "unsound", "demo", "1.0", requires=[requirement])

    address = requirement.split()[2]
    stage.refuses(form_of(unsound), 403, "upload-refused", "it requires part from an address", address)

    stage.takes(make(tmp_path / "sound", "demo", "1.0", requires=["part"]))


def test_a_file_that_is_a_zip_and_a_tar(stage: Stage, wheel: Path, tmp_path: Path) -> None:
    both = tmp_path / SDIST
    both.write_bytes(make_sdist(tmp_path / "sdist", "demo", "1.0").read_bytes() + wheel.read_bytes())

    stage.refuses(form_of(both), 403, "upload-refused", SDIST)


def test_a_wheel_under_an_sdists_name_and_the_other_way_round(
    stage: Stage, wheel: Path, tmp_path: Path
) -> None:
    sdist = make_sdist(tmp_path / "sdist", "demo", "1.0")
    content = wheel.read_bytes()
    stage.refuses(form(SDIST.encode(), content, fields_of(content)), 403, "upload-refused", SDIST)

    content = sdist.read_bytes()
    answer = stage.send(form(WHEEL.encode(), content, fields_of(content)))

    assert answer.json()["error"]["code"] == "upload-refused"
    stage.takes(wheel)
    stage.takes(sdist)


def test_an_sdist_that_inflates_without_end(stage: Stage, tmp_path: Path) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, body in (
            ("demo-1.0/PKG-INFO", write_metadata("demo", "1.0").encode()),
            ("demo-1.0/zeros", bytes(80 << 20)),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    bomb = tmp_path / SDIST
    bomb.write_bytes(gzip.compress(plain.getvalue()))

    stage.refuses(form_of(bomb), 403, "upload-refused", "50 times its own size")


def test_every_refusal_by_policy_is_in_the_ledger_and_malformed_input_is_not(
    stage: Stage, wheel: Path, tmp_path: Path
) -> None:
    unsound = make_wheel(tmp_path / "unsound", "demo", "1.0", record="missing")
    stage.refuses(form_of(unsound), 403, "upload-refused", "no RECORD")

    installation = stage.served.installation
    with installation.records.read() as view:
        located = find(view, stage.feed)
        assert located is not None
    with installation.records.read() as view:
        facts = [json.loads(entry.facts) for entry in entries(view, located.id) if entry.act == "refused"]
    assert facts[0]["files"][0]["filename"] == WHEEL
    assert "no RECORD" in facts[0]["files"][0]["reason"]
