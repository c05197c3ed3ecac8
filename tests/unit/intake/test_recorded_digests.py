"""Addresses are remembered without what could be a credential: links of some feeds carry a signature, or a password."""

from datetime import timedelta
from pathlib import Path

import pytest

from feedgate.intake.recorded_digests import RecordedDigests
from feedgate.model.digest import Digest
from feedgate.outside.known_digests import KnownFile
from feedgate.outside.seen import Seen
from tests.builders.databases import NOON, empty_database

KNOWN = KnownFile(
    Digest("a" * 64), Seen(7, '"1"', "Tue, 24 Nov 2026 12:00:00 GMT"), NOON + timedelta(seconds=1)
)
PLAIN = "https://files.example:8443/demo-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    "address",
    [
        PLAIN,
        "https://someone:c4n4ry@files.example:8443/demo-1.0-py3-none-any.whl",
        f"{PLAIN}?sig=c4n4ry&se=2026-11-24",
        f"{PLAIN}#sha256=c4n4ry",
    ],
)
async def test_no_credential_of_an_address_is_kept_and_another_one_finds_the_same(
    tmp_path: Path, address: str
) -> None:
    records = empty_database(tmp_path / "records.sqlite")
    memory = RecordedDigests(records)

    await memory.remember(address, KNOWN)

    assert await memory.find(f"{PLAIN}?sig=another") == KNOWN
    assert await memory.find(PLAIN.replace("8443", "8444")) is None
    records.close()
    for file in tmp_path.iterdir():
        assert b"c4n4ry" not in file.read_bytes()
