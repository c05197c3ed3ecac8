import pytest

from feedgate.inspectors.archive import ArchiveInspector, severity_of
from feedgate.inspectors.archive_code import ArchiveCode
from feedgate.model.decision import Verdict
from feedgate.model.inspection import Severity
from feedgate.policy.facts import Way
from feedgate.policy.rules.archive import IMPORTED, INSPECTOR, Archive
from tests.unit.policy.facts import FILENAME, NOON, facts, found

RULE = Archive()

ADMITTED_IMPORTS = {
    "record-missing",
    "record-incomplete",
    "record-absent",
    "record-size",
    "direct-reference",
    "script-outside",
    "data-descriptor",
    "header-odd",
    "zip-comment",
}
HELD_IMPORTS = {
    "record-mismatch",
    "record-unreadable",
    "case-collision",
    "inspection-limit",
    "data-foreign",
    "name-encoding",
}
NOTES = {"link", "many-members", "path-odd"}


def verdict_on(code: str, way: Way) -> Verdict:
    finding = found(code, severity_of(ArchiveCode(code)))
    return RULE.judge(facts(way=way, findings={"archive": (finding,)}), now=NOON).verdict


@pytest.mark.parametrize("way", list(Way))
def test_a_sound_archive_is_admitted(way: Way) -> None:
    opinion = RULE.judge(facts(way=way), now=NOON)

    assert opinion.verdict is Verdict.ADMIT
    assert opinion.reason == f"{FILENAME}: archive is sound"


@pytest.mark.parametrize("code", [code.value for code in ArchiveCode])
def test_an_upload_with_anything_but_a_note_is_refused(code: str) -> None:
    assert verdict_on(code, Way.UPLOAD) is (Verdict.ADMIT if code in NOTES else Verdict.REFUSE)


@pytest.mark.parametrize("code", [code.value for code in ArchiveCode])
def test_an_import_is_judged_by_what_it_could_do(code: str) -> None:
    expected = Verdict.REFUSE
    if code in NOTES | ADMITTED_IMPORTS:
        expected = Verdict.ADMIT
    elif code in HELD_IMPORTS:
        expected = Verdict.HOLD

    assert verdict_on(code, Way.IMPORT) is expected


def test_a_finding_that_the_rule_does_not_know_is_refused() -> None:
    for way in Way:
        judged = RULE.judge(facts(way=way, findings={"archive": (found("new"),)}), now=NOON)

        assert judged.verdict is Verdict.REFUSE


def test_the_gravest_findings_are_the_reason() -> None:
    findings = (
        found("record-missing", Severity.LOW),
        found("path-outside"),
        found("record-mismatch"),
        found("unreadable"),
    )

    opinion = RULE.judge(facts(findings={"archive": findings}), now=NOON)

    assert opinion.verdict is Verdict.REFUSE
    assert opinion.reason == f"{FILENAME}: it is path-outside; it is unreadable"


def test_rule_and_inspector_speak_of_the_same_codes() -> None:
    assert ArchiveInspector.name == INSPECTOR
    assert RULE.needs == {ArchiveInspector.name}
    assert set(IMPORTED) <= {code.value for code in ArchiveCode}
