"""Zips of advisories: read whole within limits, or refused whole."""

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from feedgate.formats import advisory_zip
from feedgate.formats.advisory_zip import HostileAdvisoryZip, ReadZip, read_advisory_zip
from tests.builders.advisories import MODIFIED, make_database, make_record

RECORD = json.dumps(make_record())


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], ReadZip]:
    def read_bytes(content: bytes) -> ReadZip:
        path = tmp_path / "database.zip"
        path.write_bytes(content)
        return read_advisory_zip(path, "osv")

    return read_bytes


def zip_of(*members: tuple[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, body in members:
            archive.writestr(member, body)
    return content.getvalue()


def special(form: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("a.json")
    member.external_attr = (form | 0o644) << 16
    return member


def test_records_are_read_in_the_order_of_their_ids(read: Callable[[bytes], ReadZip]) -> None:
    found = read(make_database(make_record("PYSEC-2"), make_record("MAL-1"), make_record("PYSEC-1")))

    assert [one.id for one in found.advisories] == ["MAL-1", "PYSEC-1", "PYSEC-2"]
    assert found.findings == ()


def test_what_is_no_record_of_pypi_is_passed_over(read: Callable[[bytes], ReadZip]) -> None:
    other = json.dumps(make_record("GO-1", ecosystem="Go"))
    found = read(zip_of(("a.json", RECORD), ("go.json", other), ("README.md", "hello"), ("folder/", "")))

    assert [one.id for one in found.advisories] == ["PYSEC-2026-1"]
    assert found.findings == ()


def test_a_record_that_can_not_be_read_is_a_finding_and_the_rest_counts(
    read: Callable[[bytes], ReadZip],
) -> None:
    found = read(zip_of(("bad.json", "{"), ("a.json", RECORD)))

    assert len(found.advisories) == 1
    assert found.findings == ("'bad.json': the record is no advisory of the OSV schema: it is not JSON",)


def test_findings_name_their_record(read: Callable[[bytes], ReadZip]) -> None:
    found = read(make_database(make_record("PYSEC-9", events=None)))

    assert found.findings[0].startswith("PYSEC-9: demo: ")


@pytest.mark.parametrize("newer_first", [False, True])
def test_of_two_records_with_one_id_the_newer_counts(
    read: Callable[[bytes], ReadZip], newer_first: bool
) -> None:
    records = [make_record(), make_record(modified=MODIFIED + timedelta(hours=1), summary="newer")]

    found = read(make_database(*(reversed(records) if newer_first else records)))

    assert [one.summary for one in found.advisories] == ["newer"]
    assert found.findings == ("PYSEC-2026-1: it is there twice, and the newer record counts",)


def test_an_empty_zip_has_nothing(read: Callable[[bytes], ReadZip]) -> None:
    assert read(zip_of()) == ReadZip((), ())


@pytest.mark.parametrize(
    "name", ["../a.json", "a/../../b.json", "/a.json", "C:a.json", "a\\b.json", "a\x07.json", "a\u202e.json"]
)
def test_a_member_that_leads_elsewhere_refuses_the_zip(read: Callable[[bytes], ReadZip], name: str) -> None:
    with pytest.raises(HostileAdvisoryZip, match="leads elsewhere"):
        read(zip_of(("good.json", RECORD), (name, RECORD)))


@pytest.mark.parametrize("form", [stat.S_IFLNK, stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_a_link_or_a_device_refuses_the_zip(read: Callable[[bytes], ReadZip], form: int) -> None:
    with pytest.raises(HostileAdvisoryZip, match="a link or a device"):
        read(zip_of((special(form), RECORD)))


def test_a_regular_file_is_a_record(read: Callable[[bytes], ReadZip]) -> None:
    assert len(read(zip_of((special(stat.S_IFREG), RECORD))).advisories) == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_refuses_the_zip(read: Callable[[bytes], ReadZip]) -> None:
    with pytest.raises(HostileAdvisoryZip, match="in it twice"):
        read(zip_of(("a.json", RECORD), ("a.json", "{}")))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_odd_compression_refuses_the_zip(read: Callable[[bytes], ReadZip], method: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("a.json", RECORD)

    with pytest.raises(HostileAdvisoryZip, match="not deflated"):
        read(content.getvalue())


def test_an_encrypted_member_refuses_the_zip(read: Callable[[bytes], ReadZip]) -> None:
    content = bytearray(zip_of(("a.json", RECORD)))
    content[content.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(HostileAdvisoryZip, match="encrypted"):
        read(bytes(content))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _zip: b"", id="nothing"),
        pytest.param(lambda _zip: b"<html>not found</html>", id="a-page"),
        pytest.param(lambda zip_: zip_[:-30], id="cut-off"),
        pytest.param(lambda zip_: zip_[100:], id="without-its-beginning"),
        pytest.param(
            lambda zip_: zip_.replace(b"PK\x03\x04", b"PK\x03\x05"), id="no-member-where-one-is-said"
        ),
        pytest.param(lambda zip_: zip_[:40] + b"\xff" * 20 + zip_[60:], id="damaged"),
    ],
)
def test_what_is_no_whole_zip_is_refused(
    read: Callable[[bytes], ReadZip], spoil: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(HostileAdvisoryZip) as raised:
        read(spoil(zip_of(("a.json", RECORD))))

    assert raised.value.message.startswith("advisory source osv: the zip is not taken: ")


def test_a_longer_list_of_members_than_any_is_not_even_read(read: Callable[[bytes], ReadZip]) -> None:
    content = bytearray(zip_of(("a.json", RECORD)))
    struct.pack_into("<L", content, content.rindex(b"PK\x05\x06") + 12, advisory_zip.MOST_DIRECTORY_BYTES + 1)

    with pytest.raises(HostileAdvisoryZip, match="list of members has 67108865 bytes"):
        read(bytes(content))


def test_a_list_of_members_of_the_form_for_four_gigabytes_is_refused(
    read: Callable[[bytes], ReadZip],
) -> None:
    content = bytearray(zip_of(("a.json", RECORD)))
    struct.pack_into("<L", content, content.rindex(b"PK\x05\x06") + 12, 0xFFFF_FFFF)

    with pytest.raises(HostileAdvisoryZip, match="4 GiB"):
        read(bytes(content))


def test_a_bomb_is_refused_by_what_it_states(read: Callable[[bytes], ReadZip]) -> None:
    content = bytearray(zip_of(*((f"{number}.json", RECORD) for number in range(2))))
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<L", content, at + 24, advisory_zip.MOST_INFLATED_BYTES)

    with pytest.raises(HostileAdvisoryZip, match="the limit is 536870912"):
        read(bytes(content))


def test_a_record_larger_than_any_is_refused(read: Callable[[bytes], ReadZip]) -> None:
    large = b" " * (advisory_zip.LARGEST_RECORD_BYTES + 1)

    with pytest.raises(HostileAdvisoryZip, match=r"'a\.json' has 8388609 bytes or more inflated"):
        read(zip_of(("a.json", large)))


def test_a_record_may_be_as_large_as_the_limit(read: Callable[[bytes], ReadZip]) -> None:
    record = RECORD.encode()

    assert read(zip_of(("a.json", record.ljust(advisory_zip.LARGEST_RECORD_BYTES)))).advisories


def test_more_members_than_any_database_has_are_refused(
    read: Callable[[bytes], ReadZip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisory_zip, "MOST_MEMBERS", 2)
    members = [(f"{number}.json", json.dumps(make_record(f"A-{number}"))) for number in range(3)]

    assert len(read(zip_of(*members[:2])).advisories) == 2
    with pytest.raises(HostileAdvisoryZip, match="it has 3 members, the limit is 2"):
        read(zip_of(*members))
