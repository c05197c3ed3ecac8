"""Rule: nobody is led into the past quietly, because policy hid what is newer.

Judged once a choice is made, for it needs to know what was hidden: a release from years ago, or one that was
never finished, may satisfy every requirement and be the worse choice by far.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from packaging.version import Version

from feedgate.model.decision import Opinion, Verdict
from feedgate.model.distribution import Distribution


@dataclass(frozen=True, slots=True)
class Downgrade:
    """Hold what is older by more than ``longest`` than the newest that was hidden, and pre-releases that nobody asked for."""

    code: ClassVar[str] = "downgrade"

    longest: timedelta = timedelta(days=365)

    @property
    def meaning(self) -> str:
        """Say in words what it lets pass."""
        return (
            f"what is at most {self.longest.days} d older than the newest version that was hidden, "
            "and no pre-release in a final version's place"
        )

    def judge(
        self,
        file: Distribution,
        hidden: Collection[Distribution],
        *,
        waiting: Collection[str] = (),
        is_bound: bool,
        asks_prereleases: bool,
    ) -> Opinion | None:
        """Weigh a chosen file by those of its project that were ``hidden`` and would have done; None = no objection.

        ``is_bound`` = the request's own words say which versions; ``asks_prereleases`` = they, or what needs it, name
        pre-releases. ``waiting`` are the names of hidden files that time alone lets in: a project that published after
        years would else be held for a week, though the choice is what everybody had the day before. An age that
        nobody can tell is held.
        """
        finals = [one for one in hidden if not one.stem.version.is_prerelease]
        if not finals:
            return None
        if _version(file).is_prerelease and not asks_prereleases:
            return self._held(file, max(finals, key=_version), "is a pre-release that nobody asked for")
        newer = [one for one in finals if _version(one) > _version(file) and one.filename not in waiting]
        if is_bound or not newer:
            return None
        newest = max(newer, key=_version)
        if file.uploaded_at is None or newest.uploaded_at is None:
            return self._held(file, newest, "may be very old: an upload time is not stated")
        between = newest.uploaded_at - file.uploaded_at
        if between <= self.longest:
            return None
        return self._held(file, newest, f"is {between.days} d older: {_day(file.uploaded_at)}")

    def _held(self, file: Distribution, newest: Distribution, fact: str) -> Opinion:
        of = "" if newest.uploaded_at is None else f" of {_day(newest.uploaded_at)}"
        reason = f"{file.filename}: {fact}; policy hid {newest.stem.project} {_version(newest)}{of}"
        return Opinion(self.code, Verdict.HOLD, reason, findings=(f"hidden:{_version(newest)}",))


def _version(file: Distribution) -> Version:
    return file.stem.version


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
