"""``PIP_INDEX_URL`` and ``PIP_EXTRA_INDEX_URL``: addresses with credentials in them, as pipelines set them for pip."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from feedgate.model.secret import Secret
from feedgate.outside.index_place import IndexPlace, place_of

VARIABLES: Final = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")


@dataclass(frozen=True, slots=True)
class IndexVariable:
    """One address of a variable, and the credentials that stood in it."""

    variable: str
    place: IndexPlace
    username: str = field(repr=False)
    password: Secret


def index_variables(environment: Mapping[str, str]) -> Iterator[IndexVariable]:
    """Yield the addresses that carry a password, in pip's order; what is no address is pip's affair.

    Both parts of the credentials are percent-decoded. A user alone is none: clients put tokens there
    too, but then nobody can tell a name from a token.
    """
    for variable in VARIABLES:
        for url in environment.get(variable, "").split():
            place = place_of(url)
            if place is None:
                continue
            username, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
            if password:
                yield IndexVariable(variable, place, unquote(username), Secret(unquote(password)))
