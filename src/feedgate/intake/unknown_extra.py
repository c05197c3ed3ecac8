"""An extra that a request names and a release does not have: the resolver only warns, we say so."""

from collections.abc import Mapping

from packaging.utils import canonicalize_name

from feedgate.formats.core_metadata import CoreMetadata
from feedgate.intake.asked import Words
from feedgate.model.environment import marker_environment
from feedgate.model.names import ProjectName
from feedgate.model.run import Failed
from feedgate.model.target import Target


def unknown_extra(
    asked_words: Words, members: Mapping[ProjectName, CoreMetadata], target: Target
) -> Failed | None:
    """Return a failure if an extra was asked for that the chosen release does not have."""
    environment = marker_environment(target, target.python)
    for line in asked_words.requirements:
        requirement = line.requirement
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        member = members.get(canonicalize_name(requirement.name))
        if member is None:
            continue
        for extra in sorted(requirement.extras):
            if canonicalize_name(extra) not in member.provides_extra:
                has = ", ".join(sorted(member.provides_extra)) or "none"
                return Failed(
                    "unknown-extra",
                    f"{line.origin}: {requirement.name} {member.version} has no extra {extra!r}; it has: {has}",
                )
    return None
