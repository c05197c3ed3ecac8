"""What the list of members says by itself: paths, links, doubles, folders."""

import posixpath
from collections.abc import Iterator
from typing import Final

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.inspectors.layout import dist_info_of, top_of
from feedgate.inspectors.paths import (
    LONGEST_PATH,
    folded,
    is_odd_on_windows,
    is_unprintable,
    leads_outside,
    plain,
    shown,
    target_outside,
)
from feedgate.inspectors.protocol import Member, MemberKind, Remark
from feedgate.model.distribution import Kind

MANY_MEMBERS: Final = 20_000
"""From here on their number is worth a note."""

SCHEMES: Final = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
"""The folders of ``*.data`` (PEP 427), after the paths of an installation scheme."""


class Members:
    """All members seen so far, of a wheel or an sdist."""

    def __init__(self, kind: Kind) -> None:
        self._kind: Final = kind
        self._count = 0
        self._paths: dict[str, Member] = {}
        self._folded: dict[str, str] = {}
        self._folders: set[str] = set()
        self._links: set[str] = set()
        self._targets: list[tuple[str, str]] = []
        self._tops: set[str] = set()
        self._schemes: set[str] = set()
        self._dist_infos: set[str] = set()

    @property
    def dist_info(self) -> str | None:
        """The wheel's ``*.dist-info`` folder; None where there is none or more than one."""
        return next(iter(self._dist_infos)) if len(self._dist_infos) == 1 else None

    def add(self, member: Member) -> Iterator[Remark]:
        """Take one more member, and say what is wrong with it by its name and kind."""
        self._count += 1
        if len(member.name) > LONGEST_PATH:
            name = shown(member.name)
            yield Remark(ArchiveCode.PATH_TOO_LONG, f"{name} has more than {LONGEST_PATH} characters", name)
            return
        name, path = shown(member.name), plain(member.name)
        if is_unprintable(member.name):
            yield Remark(ArchiveCode.PATH_UNPRINTABLE, f"{name} is no path that can be shown as it is", name)
        if leads_outside(member.name):
            yield Remark(ArchiveCode.PATH_OUTSIDE, f"{name} would be written outside its folder", name)
        if is_odd_on_windows(path):
            yield Remark(ArchiveCode.PATH_ODD, f"{name} has no such name on Windows", name)
        yield from self._of_kind(member, name, path)
        yield from self._meetings(member, name, path)
        if path != ".":
            top = top_of(member.name)
            self._tops.add(top or path)
            if top.endswith(".data") and member.kind is MemberKind.FILE:
                self._schemes.add(path.split("/")[1])
        dist_info = dist_info_of(member.name)
        if dist_info is not None:
            self._dist_infos.add(dist_info)

    def together(self) -> Iterator[Remark]:
        """Say what is wrong with all of them together, now that the last has come."""
        for path in sorted(self._folders & self._paths.keys()):
            name = shown(path)
            if self._paths[path].kind is MemberKind.FILE:
                yield Remark(ArchiveCode.DUPLICATE_MEMBER, f"{name} is both a file and a folder", name)
            elif self._paths[path].kind is MemberKind.LINK:
                yield Remark(ArchiveCode.LINK_OUTSIDE, f"{name} is both a link and a folder", name)
        for name, target in self._targets:
            if self._climbs_behind_a_link(target):
                yield Remark(
                    ArchiveCode.LINK_OUTSIDE, f"{name} climbs behind another link to {shown(target)}", name
                )
        if self._count > MANY_MEMBERS:
            yield Remark(ArchiveCode.MANY_MEMBERS, f"it has {self._count} members")
        if self._kind is Kind.SDIST:
            yield from self._second(self._tops, ArchiveCode.TOP_SECOND, "top folders")
        elif not self._dist_infos:
            yield Remark(ArchiveCode.DIST_INFO_MISSING, "it has no .dist-info folder (PEP 427)")
        else:
            yield from self._second(self._dist_infos, ArchiveCode.DIST_INFO_SECOND, ".dist-info folders")
            yield from self._foreign_schemes()

    def _of_kind(self, member: Member, name: str, path: str) -> Iterator[Remark]:
        if member.kind is MemberKind.SPECIAL:
            yield Remark(ArchiveCode.SPECIAL_MEMBER, f"{name} is neither file, folder nor link", name)
        elif member.kind is MemberKind.LINK and member.target is None:
            yield Remark(ArchiveCode.SPECIAL_MEMBER, f"{name} is a link, which zips have no place for", name)
        elif member.kind is MemberKind.LINK and member.target is not None:
            self._links.add(path)
            if target_outside(member.target):
                yield Remark(
                    ArchiveCode.LINK_OUTSIDE,
                    f"{name} is a link that leads out to {shown(member.target)}",
                    name,
                )
            else:
                self._targets.append((name, member.target))
                yield Remark(ArchiveCode.LINK, f"{name} is a link to {shown(member.target)}", name)

    def _climbs_behind_a_link(self, target: str) -> bool:
        """Whether ``target`` has a ".." behind a link, which leads up from where that link points."""
        parts = target.split("/")
        behind = False
        for count, part in enumerate(parts, start=1):
            if behind and part == "..":
                return True
            behind = behind or plain("/".join(parts[:count])) in self._links
        return False

    def _meetings(self, member: Member, name: str, path: str) -> Iterator[Remark]:
        above = posixpath.dirname(path)
        while above and above != "/" and above not in self._folders:
            self._folders.add(above)
            above = posixpath.dirname(above)
        if self._links and any(folder in self._links for folder in _parents(path)):
            yield Remark(ArchiveCode.LINK_OUTSIDE, f"{name} would be written through a link", name)
        known = self._paths.setdefault(path, member)
        if known is not member:
            if {known.kind, member.kind} != {MemberKind.DIRECTORY}:
                yield Remark(ArchiveCode.DUPLICATE_MEMBER, f"{name} is there twice", name)
        elif member.kind is not MemberKind.DIRECTORY:
            other = self._folded.setdefault(folded(path), path)
            if other != path:
                yield Remark(
                    ArchiveCode.CASE_COLLISION,
                    f"{name} and {shown(other)} are one file where case does not count",
                    name,
                )

    def _foreign_schemes(self) -> Iterator[Remark]:
        """Say which ``*.data`` folders are another release's or unknown: installers put them in different places."""
        if self.dist_info is None:
            return
        own = f"{self.dist_info[: -len('.dist-info')]}.data"
        for top in sorted(top for top in self._tops if top.endswith(".data") and top != own):
            yield Remark(ArchiveCode.DATA_FOREIGN, f"{shown(top)} is not {shown(own)}", shown(top))
        for scheme in sorted(self._schemes - SCHEMES):
            yield Remark(
                ArchiveCode.DATA_FOREIGN, f"no installer knows where {shown(scheme)} goes", shown(own)
            )

    @staticmethod
    def _second(found: set[str], code: ArchiveCode, what: str) -> Iterator[Remark]:
        if len(found) > 1:
            listed = ", ".join(shown(folder) for folder in sorted(found)[:3])
            yield Remark(code, f"it has {len(found)} {what} instead of one ({listed})")


def _parents(path: str) -> Iterator[str]:
    above = posixpath.dirname(path)
    while above and above != "/":
        yield above
        above = posixpath.dirname(above)
