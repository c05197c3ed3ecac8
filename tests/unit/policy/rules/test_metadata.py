import pytest

from feedgate.inspectors.metadata import MetadataInspector
from feedgate.inspectors.metadata_code import MetadataCode, severity_of
from feedgate.model.decision import Verdict
from feedgate.model.inspection import Severity
from feedgate.policy.facts import Way
from feedgate.policy.rules.metadata import INSPECTOR, Metadata
from tests.unit.policy.facts import FILENAME, NOON, facts, found

RULE = Metadata()


def verdict_on(code: str, severity: Severity, way: Way) -> Verdict:
    return RULE.judge(facts(way=way, findings={"metadata": (found(code, severity),)}), now=NOON).verdict


@pytest.mark.parametrize("code", list(MetadataCode))
def test_an_upload_with_anything_but_a_note_is_refused(code: MetadataCode) -> None:
    is_note = severity_of(code) is Severity.NOTE

    assert verdict_on(code, severity_of(code), Way.UPLOAD) is (Verdict.ADMIT if is_note else Verdict.REFUSE)


@pytest.mark.parametrize("code", list(MetadataCode))
def test_what_old_imports_say_is_a_finding_and_no_more(code: MetadataCode) -> None:
    assert verdict_on(code, severity_of(code), Way.IMPORT) is Verdict.ADMIT


def test_what_could_not_be_looked_at_is_held_or_refused() -> None:
    assert verdict_on("inspection-limit", Severity.HIGH, Way.IMPORT) is Verdict.HOLD
    assert verdict_on("inspection-limit", Severity.HIGH, Way.UPLOAD) is Verdict.REFUSE


def test_the_reason_says_what_was_found_and_the_findings_which() -> None:
    findings = {"metadata": (found("field-unknown", Severity.NOTE), found("url-invalid", Severity.LOW))}

    opinion = RULE.judge(facts(way=Way.UPLOAD, findings=findings), now=NOON)

    assert opinion.reason == f"{FILENAME}: it is url-invalid"
    assert opinion.findings == ("url-invalid",)


def test_rule_and_inspector_go_by_one_name() -> None:
    assert MetadataInspector.name == INSPECTOR
    assert RULE.needs == {INSPECTOR}
