"""The body of a run's report: what its locks are made of.

Next to ``RunBody``, which says what became of a run, this says what is
installed where, so that a command can write lock files for pipelines.
"""

from datetime import datetime

from feedgate.api.bodies import Body


class LockedFileBody(Body):
    """One file of a target's closure.

    ``path`` is where this server has it; ``address`` where the run's destination lists it, null
    where there is none. ``marker`` null = always installed (PEP 508).
    """

    project: str
    version: str
    filename: str
    sha256: str | None
    size_bytes: int | None = None
    uploaded_at: datetime | None = None
    marker: str | None = None
    path: str
    address: str | None = None


class TargetLockBody(Body):
    """What one target installs.

    ``file_form`` is the target as it stands in file names; ``requires_python`` and
    ``environment`` say for which machines it is, as PEP 751 does.
    """

    target: str
    file_form: str
    requires_python: str
    environment: str
    files: list[LockedFileBody]


class RunReportBody(Body):
    """A run's closure, target by target; ``installable`` = every file is where it is said to be."""

    run: str
    installable: bool
    targets: list[TargetLockBody]
