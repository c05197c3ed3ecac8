"""The bodies of ``/api/v1`` about standing destinations, and about what is sent to a destination."""

from typing import Annotated

from pydantic import Field

from feedgate.api.bodies import Body
from feedgate.api.run_bodies import DestinationChoice, Texts


class DestinationSetting(Body):
    """A standing destination as its Owner writes it: ``to`` is either of its addresses.

    ``secret`` says where its secret is (``env:NAME``, ``file:PATH``, ``keyring``), never what it is. Left out =
    that of the destination in whose place it comes, with its user name; null = none.
    ``internal`` are patterns of names that are not asked upstream, ``limits`` words like ``metadata=2.1``.
    """

    to: str
    read_url: str | None = None
    username: str | None = None
    secret: str | None = None
    internal: Texts = Field([])
    upstream_allow: Texts = Field([])
    accept_existing: Texts = Field([])
    limits: Texts = Field([])


class DestinationBody(Body):
    """A feed's standing destination; ``secret`` says where its secret is, null = it is asked without credentials."""

    feed: str
    name: str
    upload_url: str
    read_url: str
    username: str | None
    secret: str | None
    internal: list[str]
    upstream_allow: list[str]
    accept_existing: list[str]
    limits: list[str]


class SendCreation(Body):
    """What a feed holds is to be sent: as it was at ``serial`` (null = as it is now), less what is yanked.

    Nothing is resolved, so what the choice says of names upstream plays no part.
    """

    destination: DestinationChoice
    serial: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None
