"""Core metadata as text, right or broken on purpose."""

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement


def write_metadata(
    name: str,
    version: str,
    *,
    metadata_version: str = "2.1",
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Iterable[str]] | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> str:
    """Return METADATA or PKG-INFO; ``extras`` maps an extra to what it requires.

    ``requires`` is written as given, so that a test may write what no parser
    takes; ``headers`` are further lines, in order.
    """
    lines = [("Metadata-Version", metadata_version), ("Name", name), ("Version", version)]
    lines.append(("Summary", f"{name}, made for a test"))
    if requires_python is not None:
        lines.append(("Requires-Python", requires_python))
    lines.extend(("Requires-Dist", requirement) for requirement in requires)
    for extra, requirements in (extras or {}).items():
        lines.append(("Provides-Extra", extra))
        lines.extend(("Requires-Dist", _under(requirement, extra)) for requirement in requirements)
    lines.extend(headers)
    return "".join(f"{header}: {value}\n" for header, value in lines)


def _under(raw: str, extra: str) -> str:
    requirement = Requirement(raw)
    condition = f'extra == "{extra}"'
    marker = f"({requirement.marker}) and {condition}" if requirement.marker else condition
    requirement.marker = None
    return f"{requirement} ; {marker}"
