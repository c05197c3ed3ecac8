"""A passport in words: what is not known is said to be so, and strangers' words command no terminal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from feedgate.api.passport_bodies import PassportBody
from feedgate.cli.passport import show

AT = datetime(2026, 3, 8, 12, 30, tzinfo=UTC)
UPLOADED: dict[str, Any] = {
    "project": "demo",
    "version": "1.0",
    "filename": "demo-1.0-py3-none-any.whl",
    "sha256": "ab" * 32,
    "size_bytes": 2048,
    "metadata_sha256": None,
    "requires_python": None,
    "origin": "internal",
    "upstream": None,
    "uploaded_at": AT,
    "published_at": AT,
    "serial": 7,
    "arrival": {"act": "uploaded", "actor": "ada", "run": None, "requested": [], "reason": None},
    "inspections": [],
    "decision": None,
    "advisories": None,
    "yanked": None,
}
REQUESTED: dict[str, Any] = UPLOADED | {
    "origin": "imported",
    "upstream": "https://files.example/demo.whl",
    "arrival": {
        "act": "published",
        "actor": "ada",
        "run": "run_1",
        "requested": ["demo", "part"],
        "reason": "billing",
    },
    "inspections": [
        {
            "inspector": "archive",
            "version": 3,
            "inspected_at": AT,
            "findings": [{"code": "odd", "severity": "low", "message": "a name twice", "where": "demo/x.py"}],
        }
    ],
    "decision": {
        "policy": "strict",
        "verdict": "admit",
        "reason": "",
        "opinions": [
            {
                "rule": "age",
                "verdict": "hold",
                "reason": "2 d old",
                "until": AT,
                "findings": [],
                "counts": False,
            }
        ],
    },
    "advisories": [
        {
            "id": "PYSEC-2026-1",
            "aliases": ["CVE-2026-1"],
            "severity": "high",
            "fixed": "2.0",
            "malware": False,
        },
        {"id": "MAL-2026-2", "aliases": [], "severity": "critical", "fixed": None, "malware": True},
    ],
    "yanked": "broken",
}


def said(capsys: pytest.CaptureFixture[str], *bodies: dict[str, Any]) -> str:
    show([PassportBody.model_validate(body) for body in bodies])
    return capsys.readouterr().out


def test_an_upload_says_who_and_that_nothing_else_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, UPLOADED)

    assert "uploaded    by ada" in text
    assert "serial 7" in text
    assert "inspected   no result is kept" in text
    assert "decision    none is kept" in text
    assert "advisories  no database is loaded" in text


def test_a_request_says_who_why_what_was_found_decided_and_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said(capsys, REQUESTED)

    for words in (
        "imported, from https://files.example/demo.whl",
        "requested   by ada, run_1",
        "asked for   demo, part",
        "because     billing",
        "archive 3, 2026-03-08: 1 finding\n",
        "low: a name twice (demo/x.py)",
        "admit, policy strict",
        "age: hold (reported only): 2 d old",
        "PYSEC-2026-1, CVE-2026-1, high, fixed in 2.0",
        "malware: MAL-2026-2, critical, no fix known",
        "yanked      broken",
    ):
        assert words in text


def test_who_may_not_know_who_asked_is_shown_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, REQUESTED | {"arrival": None})

    assert "ada" not in text
    assert "billing" not in text


def test_a_database_that_knows_nothing_of_it_is_told_from_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "advisories  none today" in said(capsys, UPLOADED | {"advisories": []})


def test_several_files_are_parted_by_an_empty_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, UPLOADED, REQUESTED).count("\n\ndemo-1.0") == 1


def test_words_of_strangers_command_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, REQUESTED | {"yanked": "\x1b[2J##vso[task.complete]\n::error::x"})

    assert "\x1b" not in text
    assert "##vso" not in text
    assert "\n::error" not in text
