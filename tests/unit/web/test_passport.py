"""Passports over the API: for the feed's readers; who asked, for those who may read its history."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedgate.api.passport_bodies import PassportBody
from feedgate.feed.yank import yank
from feedgate.gate.load_advisories import update_advisories
from feedgate.model.access import Role, Scope
from feedgate.model.decision import Opinion, Verdict
from feedgate.model.digest import Digest
from feedgate.model.distribution import Distribution
from feedgate.model.feed import FeedProject, Origin
from feedgate.model.inspection import Finding, Inspection, Severity
from feedgate.model.ledger import Act
from feedgate.model.names import FeedPath, ProjectName
from feedgate.model.run import RunId, RunKind
from feedgate.records import decisions, distributions, feeds, inspections, projects, runs
from feedgate.records.decisions import Judged
from feedgate.records.distributions import Published
from feedgate.records.runs import Posting
from tests.builders.advisories import make_database, make_record
from tests.builders.installation import FEED, LOCAL, Installation

DIGEST = Digest("ab" * 32)
UPLOADED_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
WHEEL = "demo-1.0-py3-none-any.whl"
PUBLIC = FeedPath("acme", "public")


def bodies(answer: httpx.Response) -> list[PassportBody]:
    assert answer.status_code == 200, answer.text
    return [PassportBody.model_validate_json(line) for line in answer.text.splitlines()]


async def ask(client: httpx.AsyncClient, subject: str, feed: str = "acme/pip-feed") -> httpx.Response:
    return await client.get(f"/api/v1/feeds/{feed}/passport/{subject}")


async def test_an_uploaded_file_says_who_brought_it_and_what_was_found(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    token = installation.token("ada", Role.CONTRIBUTOR)
    assert (await installation.upload(make_wheel("demo", "1.0"), token)).status_code == 200
    async with installation.local() as client:
        [body] = bodies(await ask(client, "demo==1.0"))

    assert (body.project, body.version, body.filename) == ("demo", "1.0", WHEEL)
    assert (body.origin.value, body.upstream, body.yanked) == ("internal", None, None)
    assert body.arrival is not None
    assert (body.arrival.act, body.arrival.actor, body.arrival.run) == ("uploaded", "ada", None)
    assert body.published_at == installation.clock()
    assert ("archive", []) in [(one.inspector, one.findings) for one in body.inspections]
    assert body.decision is not None
    assert (body.decision.policy, body.decision.verdict.value) == ("open", "admit")
    assert "archive" in [opinion.rule for opinion in body.decision.opinions]
    assert body.advisories is None


@pytest.mark.parametrize("spelling", ["demo==1.0", "Demo==1.0.0", WHEEL, "digest", "DIGEST"])
async def test_a_file_is_found_by_release_name_and_digest(
    installation: Installation, make_wheel: Callable[..., Path], spelling: str
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    await installation.publish(make_wheel("other", "1.0"))
    async with installation.local() as client:
        [whole] = bodies(await ask(client, WHEEL))
        subject = {"digest": whole.sha256, "DIGEST": whole.sha256.upper()}.get(spelling, spelling)
        assert bodies(await ask(client, subject)) == [whole]


async def test_a_release_of_several_files_has_a_passport_for_each(
    installation: Installation, make_wheel: Callable[..., Path]
) -> None:
    for tag in ("py3-none-any", "cp311-cp311-manylinux_2_17_x86_64"):
        await installation.publish(make_wheel("demo", "1.0", tag=tag))
    async with installation.local() as client:
        found = bodies(await ask(client, "demo==1.0"))

    assert [body.filename for body in found] == ["demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", WHEEL]
    assert [body.serial for body in found] == [3, 2]


@pytest.mark.parametrize(
    ("subject", "status", "code"),
    [
        pytest.param("demo", 400, "no-passport-subject", id="a-name-alone"),
        pytest.param("demo==x.y", 400, "invalid-version", id="no-version"),
        pytest.param("de~mo==1.0", 400, "invalid-name", id="no-name"),
        pytest.param("demo==2.0", 404, "no-such-distribution", id="another-version"),
        pytest.param("ab" * 32, 404, "no-such-distribution", id="another-digest"),
        pytest.param("demo-1.0-py2-none-any.whl", 404, "no-such-distribution", id="another-file"),
        pytest.param("ab" * 31 + "zz", 400, "no-passport-subject", id="no-digest"),
    ],
)
async def test_what_is_not_there_and_what_means_nothing_are_told_apart(
    installation: Installation, make_wheel: Callable[..., Path], subject: str, status: int, code: str
) -> None:
    await installation.publish(make_wheel("demo", "1.0"))
    async with installation.local() as client:
        answer = await ask(client, subject)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_file_of_a_run_says_who_asked_why_and_what_each_rule_said(installation: Installation) -> None:
    run = await bring(installation, source="https://user:secret@files.example/demo.whl?token=secret")
    async with installation.local() as client:
        answer = await ask(client, WHEEL)
    [body] = bodies(answer)

    assert body.arrival is not None
    assert (body.arrival.act, body.arrival.actor, body.arrival.run) == ("published", "ada", run)
    assert (body.arrival.requested, body.arrival.reason) == (["demo"], "billing needs it")
    assert (body.origin.value, body.upstream) == ("imported", "https://files.example/demo.whl")
    assert "secret" not in answer.text
    assert body.uploaded_at == UPLOADED_AT
    assert body.decision is not None
    assert (body.decision.policy, body.decision.verdict.value) == ("strict", "admit")
    [age, archive] = body.decision.opinions
    assert (age.rule, age.verdict.value, age.reason, age.counts) == ("age", "hold", "2 d old", False)
    assert (age.until, age.findings) == (installation.clock(), [])
    assert (archive.rule, archive.counts, archive.findings) == ("archive", True, ["odd"])


async def test_another_file_of_the_run_is_not_mistaken_for_it(installation: Installation) -> None:
    await bring(installation, judged_digest=Digest("cd" * 32))
    async with installation.local() as client:
        [body] = bodies(await ask(client, WHEEL))

    assert body.decision is None


async def test_looks_of_every_version_are_shown_and_those_at_another_kind_of_file_are_not(
    installation: Installation,
) -> None:
    await bring(installation)
    odd = Finding("odd", Severity.LOW, "a name twice", "demo/x.py")
    with installation.records.note() as note:
        for inspector, version, findings in (
            ("archive/wheel", 1, (odd,)),
            ("archive/wheel", 2, ()),
            ("archive/sdist", 2, (odd,)),
        ):
            found = Inspection(DIGEST, inspector, version, findings)
            inspections.put(note, [found], installation.clock())
    async with installation.local() as client:
        [body] = bodies(await ask(client, WHEEL))

    assert [(one.inspector, one.version, len(one.findings)) for one in body.inspections] == [
        ("archive", 1, 1),
        ("archive", 2, 0),
    ]
    [finding] = body.inspections[0].findings
    assert (finding.code, finding.severity.value, finding.where) == ("odd", "low", "demo/x.py")
    assert body.inspections[0].inspected_at == installation.clock()


async def test_what_the_advisories_say_is_asked_today(installation: Installation) -> None:
    await bring(installation)
    async with installation.local() as client:
        [before] = bodies(await ask(client, WHEEL))
        await load(installation, make_record("PYSEC-2026-1", "demo"))
        [after] = bodies(await ask(client, WHEEL))

    assert before.advisories is None
    assert after.advisories is not None
    assert [(one.id, one.fixed) for one in after.advisories] == [("PYSEC-2026-1", "2.0")]


async def test_a_yank_is_told_and_the_arrival_stays(installation: Installation) -> None:
    await bring(installation)
    yank(
        installation.records,
        LOCAL,
        FEED,
        ProjectName("demo"),
        "1.0",
        reason="broken",
        now=installation.clock(),
    )
    async with installation.local() as client:
        [body] = bodies(await ask(client, WHEEL))

    assert (body.yanked, body.serial) == ("broken", 2)
    assert body.arrival is not None
    assert body.arrival.actor == "ada"


async def test_who_asked_is_for_those_with_a_role_and_the_rest_for_readers(
    installation: Installation,
) -> None:
    installation.make_feed(PUBLIC, is_public=True)
    await bring(installation, feed=PUBLIC)
    await bring(installation)
    reader = installation.token("rita", Role.READER, scope=Scope.READ)
    async with (
        installation.client() as nobody,
        installation.client(reader) as rita,
        installation.client(installation.token("eve")) as eve,
    ):
        [open_to_all] = bodies(await ask(nobody, WHEEL, "acme/public"))
        [to_a_stranger] = bodies(await ask(eve, WHEEL, "acme/public"))
        [to_a_reader] = bodies(await ask(rita, WHEEL))
        refused = [(await ask(client, WHEEL)).status_code for client in (nobody, eve)]
        unreadable = [(await ask(client, "demo")).status_code for client in (nobody, eve)]

    assert (open_to_all.sha256, open_to_all.arrival, to_a_stranger.arrival) == (DIGEST, None, None)
    assert to_a_reader.arrival is not None
    assert refused == unreadable == [401, 404]


async def bring(
    installation: Installation,
    *,
    feed: FeedPath = FEED,
    source: str = "https://files.example/demo.whl",
    judged_digest: Digest = Digest("ab" * 32),  # noqa: B008  # a text
) -> RunId:
    """Publish demo 1.0 as ada's run would, and keep what the gate said of it."""
    run = RunId(f"run_{feed.feed}")
    file = Distribution(WHEEL, DIGEST, 1000, uploaded_at=UPLOADED_AT)
    row = Published(
        ProjectName("demo"), "1.0", file, DIGEST, 1000, Origin.IMPORTED, source, installation.clock()
    )
    opinions = (
        Opinion("age", Verdict.HOLD, "2 d old", until=installation.clock()),
        Opinion("archive", Verdict.ADMIT, "odd, and sound", findings=("odd",)),
    )
    judged = Judged(WHEEL, judged_digest, "admit", "", "strict", opinions, frozenset({"age"}))
    with installation.records.read() as view:
        located = feeds.find(view, feed)
    assert located is not None
    posting = Posting(run, RunKind.ADD, located.id, "ada", "key", "{}", ())
    with installation.records.note() as note:
        runs.post(note, posting, installation.clock())
        decisions.put(note, run, [judged])
    with installation.records.change(
        located.id, Act.PUBLISHED, "ada", installation.clock(), run=run
    ) as change:
        projects.put(change, located.id, FeedProject("demo", Origin.IMPORTED))
        distributions.publish(change, located.id, [row])
        change.record({"requested": ["demo"], "targets": [], "reason": "billing needs it", "files": []})
    return run


async def load(installation: Installation, record: dict[str, Any]) -> None:
    installation.published.content = make_database(record)
    loading = installation.parts.advisory_loading
    await update_advisories(loading, LOCAL, "osv", force=True, clock=installation.clock)
