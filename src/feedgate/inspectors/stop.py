"""The end of a walk before its time: what stands there is not to be read on."""

from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.model.inspection import Finding, Severity


class Stop(Exception):
    """Nothing more of this archive is read; the finding says why."""

    def __init__(self, code: ArchiveCode, sentence: str, member: str | None = None) -> None:
        super().__init__(sentence)
        self.finding = Finding(code.value, Severity.HIGH, sentence, member)
