"""What a run that sends is posted with comes back from its row as it was."""

import pytest

from feedgate.model.destination import Addresses
from feedgate.model.ledger import Serial
from feedgate.model.send_request import SendRequest

OWN = SendRequest(
    Serial(7),
    upload_url="https://packages.example/upload",
    read_url="https://packages.example/simple/",
    accept_existing=("demo",),
    limits=("metadata=2.1",),
)


@pytest.mark.parametrize(
    "request_",
    [
        SendRequest(Serial(1), name="azure"),
        SendRequest(Serial(1), (), name="azure"),
        SendRequest(Serial(3), ("demo-1.0.tar.gz", "part-1.0.tar.gz"), name="azure"),
        OWN,
    ],
)
def test_what_is_written_is_read(request_: SendRequest) -> None:
    assert SendRequest.from_text(request_.to_text()) == request_


def test_a_destination_has_a_name_or_addresses() -> None:
    standing = SendRequest(Serial(1), name="azure")

    assert (standing.addresses, standing.in_words) == (None, "azure")
    assert OWN.addresses == Addresses("https://packages.example/upload", "https://packages.example/simple/")
    assert OWN.in_words == "https://packages.example/simple/"
