"""What a destination's answer to an upload means: a table of statuses and words.

No standard says how an index refuses a file, so each product has its own
manner. Pure; what a word seems to say is confirmed on the page by who asked.
"""

import html
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from feedgate.model.redaction import STARS, without_secrets

LONGEST_WORDS = 300
"""Characters of a stranger's words that go into a result."""

_MOST_READ = 4_000
_REFUSALS = frozenset({400, 403, 405, 409, 412, 422})
_ASK_AGAIN = frozenset({408, 425, 429})
_NO_SUCH_ADDRESS = frozenset({404, 405, 410, 501})
_DENIED = frozenset({401, 403, 407})
_HIDDEN = re.compile(r"<(script|style)\b[^<]*(?:<(?!/\1)[^<]*)*(?:</\1[^<>]*>|\Z)", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^<]*</title[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SPOKEN_KEYS = ("message", "detail", "error_description", "error", "description", "title", "errors")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}")
_SUPPORTED = re.compile(r"supported (?:metadata )?versions?\b(?P<rest>.{0,300})", re.IGNORECASE | re.DOTALL)
_KNOWN_VERSIONS = ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5")


class Meaning(StrEnum):
    """What an answer says of an upload."""

    TAKEN = "taken"
    EXISTS = "exists"
    DELETED = "deleted"
    METADATA_TOO_NEW = "metadata-too-new"
    TOO_LARGE = "too-large"
    DENIED = "denied"
    KEPT_FOR_UPSTREAM = "kept-for-upstream"
    NO_SUCH_ADDRESS = "no-such-address"
    ASK_AGAIN = "ask-again"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class _Manner:
    """Words that mean something with any status of a refusal; ``unless`` takes them back."""

    meaning: Meaning
    words: re.Pattern[str]
    unless: re.Pattern[str] | None = None

    def fits(self, words: str) -> bool:
        return self.words.search(words) is not None and (
            self.unless is None or self.unless.search(words) is None
        )


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_MANNERS = (
    # Azure says "… has been deleted, and cannot be republished"; PyPI speaks of a name "previously used"
    _Manner(
        Meaning.DELETED, _words(r"\bdeleted\b.{0,80}\b(?:re-?publish|re-?upload|re-?use)|previously used")
    ),
    # Azure, of another file of a release that its upstream source has
    _Manner(Meaning.KEPT_FOR_UPSTREAM, _words(r"\bexists in at least one of the feed's upstream sources")),
    # Azure and PyPI say "already contains" and "already exists", GitLab "already been taken"
    _Manner(
        Meaning.EXISTS,
        _words(
            r"\balready (?:exists?|contains?|present|published|uploaded|been (?:taken|used|uploaded|published))\b"
        ),
    ),
    # Nexus "does not allow updating assets", Artifactory has "Not enough permissions to delete/overwrite artifact"
    _Manner(
        Meaning.EXISTS, _words(r"\bnot allow (?:updating|re-?deploy)|\bupdating asset|\boverwrite artifact")
    ),
    # Azure says "Metadata version '2.3' is unsupported", PyPI "'2.5' is not a valid metadata version"
    _Manner(
        Meaning.METADATA_TOO_NEW,
        _words(
            r"\bmetadata[ _-]version\b.{0,80}\b(?:unsupported|not supported|unknown|invalid|use a known)"
            r"|\b(?:unsupported|unknown|invalid|not a valid)\b.{0,40}\bmetadata[ _-]version\b"
        ),
    ),
    _Manner(
        Meaning.TOO_LARGE,
        _words(
            r"\b(?:too (?:large|big)|larger than|exceed(?:s|ed|ing)?\b.{0,60}\b(?:size|limit|maximum|bytes|MB|GB)"
            r"|(?:size|file)\b.{0,60}\bexceed(?:s|ed)?|maximum\b.{0,30}\bsize|\bbytes\b.{0,40}\blimit)\b"
        ),
        unless=_words(r"\bquota|\bstorage|\brate limit|\brequests\b"),
    ),
)
"""The first that fits counts."""


def meaning_of(status: int, words: str) -> Meaning:
    """Return what the answer says; ``words`` as ``spoken`` returns them."""
    if status in _REFUSALS:
        for manner in _MANNERS:
            if manner.fits(words):
                return manner.meaning
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Meaning.TAKEN
    if status == HTTPStatus.CONFLICT:
        return Meaning.EXISTS
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Meaning.TOO_LARGE
    if status in _DENIED:
        return Meaning.DENIED
    if status in _NO_SUCH_ADDRESS:
        return Meaning.NO_SUCH_ADDRESS
    if status in _ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Meaning.ASK_AGAIN
    return Meaning.REFUSED


def newest_metadata_taken(words: str, sent: str) -> str | None:
    """Return the newest metadata version that is taken, None where ``words`` do not tell of one below ``sent``.

    Where they state no list it is the version before ``sent``.
    """
    stated = _SUPPORTED.search(words)
    if stated is not None and (versions := _VERSION.findall(stated["rest"])):
        newest = max(versions, key=_ordered)
        return newest if _ordered(newest) < _ordered(sent) else None
    older = [version for version in _KNOWN_VERSIONS if _ordered(version) < _ordered(sent)]
    return older[-1] if older else None


def advice_on(status: int, meaning: Meaning) -> str:
    """Say what to do about a file that is not taken."""
    if meaning is Meaning.TAKEN:
        return (
            "It was answered as taken, and the page does not list it. Check that --read-url shows the index that "
            "uploads go to, and whether files wait there for someone's approval; then give the same command again."
        )
    if meaning is Meaning.KEPT_FOR_UPSTREAM:
        return (
            "The feed's upstream source has this release with other files. Have an Owner turn that source off, or take "
            "the release from it alone."
        )
    if meaning is Meaning.METADATA_TOO_NEW:
        return "Say what it takes with --limit metadata=VERSION, or leave the closure in Feedgate's own feed."
    if status in {HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.INSUFFICIENT_STORAGE, HTTPStatus.FORBIDDEN}:
        return "Look at the rights and the quota there, then give the same command again: what is there is not sent twice."
    return (
        "Look at its words; where they name the file's contents take another release of it (add a specifier), "
        "else ask who runs the destination. What does not depend on it was sent all the same."
    )


def spoken(reason: str | None, content_type: str, body: bytes) -> str:
    """Return all that an answer says in words, on one line, without control characters, at most 4,000 of them.

    The reason phrase where it is more than the status' own name, then what JSON, text
    or HTML in the body says.
    """
    said = [one for one in (_phrase(reason), _body_text(content_type, body)) if one]
    if len(said) == 2 and (said[1] in said[0] or said[0] in said[1]):
        said = [max(said, key=len)]
    return one_line(" / ".join(said))[:_MOST_READ]


def shown(words: str, secrets: tuple[str, ...] = ()) -> str:
    """Return words as they go into a result: one line, at most 300 characters, no secret of ours in them."""
    for secret in secrets:
        if secret:
            words = words.replace(secret, STARS)
    words = without_secrets(one_line(words))
    return words if len(words) <= LONGEST_WORDS else f"{words[: LONGEST_WORDS - 1]}…"


def one_line(text: str) -> str:
    """Return ``text`` with runs of white space as one space and without anything that can not be printed."""
    spaced = " ".join(text.split())
    return "".join(character for character in spaced if character.isprintable())


def _phrase(reason: str | None) -> str:
    phrase = one_line(reason or "")
    plain = {status.phrase.lower() for status in HTTPStatus}
    return "" if phrase.lower() in plain else phrase


def _body_text(content_type: str, body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json") or text.lstrip()[:1] in {"{", "["}:
        try:
            return one_line(" ".join(_said_in(json.loads(text), depth=0)))
        except (ValueError, RecursionError):
            pass
    if "html" in kind or text.lstrip()[:1] == "<":
        # A title is said again in the page, if it is not all that the page says.
        return _visible(_TITLE.sub(" ", text)) or _visible(text)
    return one_line(text)


def _visible(page: str) -> str:
    return one_line(html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", page))))


def _said_in(value: Any, *, depth: int) -> list[str]:
    """Return the sentences of an error in JSON, whatever product made it."""
    if isinstance(value, str):
        return [value]
    if depth > 4:
        return []
    if isinstance(value, list):
        return [text for one in value[:20] for text in _said_in(one, depth=depth + 1)]
    if isinstance(value, dict):
        spoken_keys = [key for key in _SPOKEN_KEYS if key in value]
        keys = spoken_keys or (list(value)[:20] if depth else [])
        texts = (_said_in(value[key], depth=depth + 1) for key in keys)
        return list(dict.fromkeys(text for found in texts for text in found))
    return []


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
