"""Links on a page, made absolute: thousands of them a page, so each folder is joined once."""

from typing import Final
from urllib.parse import urljoin

_SCHEMES: Final = ("https://", "http://")


class Links:
    """Joins the links of one page to its base, as RFC 3986 says."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._folders: dict[str, str] = {}

    def join(self, link: str) -> str:
        """Return ``link``, absolute; raises ValueError if it is not http or https."""
        if not link.isprintable():
            raise ValueError(f"{link!r} is no http or https link")
        if link.startswith(_SCHEMES):
            return link
        absolute = self._join_relative(link)
        if not absolute.startswith(_SCHEMES):
            raise ValueError(f"{link!r} is no http or https link")
        return absolute

    def _join_relative(self, link: str) -> str:
        climb, up, rest = link.rpartition("../")
        if not up and link.startswith("/"):
            up, rest = "/", link[1:]
        if not up or "/." in rest or rest.startswith(("/", ".")):
            return urljoin(self._base_url, link)
        folder = climb + up
        joined = self._folders.get(folder)
        if joined is None:
            joined = self._folders[folder] = urljoin(self._base_url, folder)
        return joined + rest
