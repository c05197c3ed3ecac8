"""What caches are told of a page and of a file (RFC 9111): ``Cache-Control`` and ``Vary``."""

from typing import Final

PAGE_CACHE: Final = "no-cache, private"
"""Each client asks again each time, so a publish is seen at once; a 304 costs next to nothing."""

FILE_CACHE: Final = "max-age=31536000, immutable, private"
"""Bytes under a digest never change. Private: a shared cache would go on serving what was withdrawn."""

VARY: Final = "Accept, Accept-Encoding, Authorization"
