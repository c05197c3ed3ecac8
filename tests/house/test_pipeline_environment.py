"""What the tests take for the work of Azure's tasks reads as those tasks write it."""

import stat
from pathlib import Path

import pytest

from tests.builders.pipeline_environment import FeedAccess, PipelineJob

UPLOAD = "https://feeds.example/acme/Platform/_packaging/pip-feed/pypi/upload"
SIMPLE = "https://feeds.example/acme/Platform/_packaging/pip-feed/pypi/simple/"


@pytest.fixture
def job(tmp_path: Path) -> PipelineJob:
    return PipelineJob(tmp_path)


def test_the_newer_task_writes_lines_without_a_newline_at_the_end(job: PipelineJob) -> None:
    first = FeedAccess("Platform/pip-feed", UPLOAD, "s3cret==")
    second = FeedAccess("theirs", "https://theirs.example/legacy/", "p%w;#", "somebody")

    path = job.twine_authenticate_1(first, second)

    assert job.variables["PYPIRC_PATH"] == str(path)
    assert path.name == ".pypirc"
    assert path.parents[1].name == "twineAuthenticate"
    assert path.read_text() == (
        "[distutils]\n"
        "index-servers=pip-feed theirs\n"
        "\n"
        "[pip-feed]\n"
        f"repository={UPLOAD}\n"
        "username=build\n"
        "password=s3cret==\n"
        "\n"
        "[theirs]\n"
        "repository=https://theirs.example/legacy/\n"
        "username=somebody\n"
        "password=p%w;#"
    )
    assert stat.S_ISREG(path.stat().st_mode)


def test_the_newer_task_begins_anew_where_it_wrote_before(job: PipelineJob) -> None:
    first = job.twine_authenticate_1(FeedAccess("one", UPLOAD, "secret"))

    second = job.twine_authenticate_1(FeedAccess("two", UPLOAD, "secret"))

    assert first == second
    assert "[one]" not in second.read_text()


def test_the_older_task_keeps_the_project_in_the_name_and_quotes_what_has_an_equals_sign(
    job: PipelineJob,
) -> None:
    path = job.twine_authenticate_0(
        FeedAccess("Platform/pip-feed", UPLOAD, "s3cret=="), FeedAccess("my.feed", UPLOAD, "a;b#c%d")
    )

    assert path.read_text() == (
        "[distutils]\n"
        "index-servers=Platform/pip-feed my.feed \n"
        "[Platform/pip-feed]\n"
        f"repository={UPLOAD}\n"
        "username=build\n"
        'password="s3cret=="\n'
        "\n"
        "[my\\.feed]\n"
        f"repository={UPLOAD}\n"
        "username=build\n"
        "password=a\\;b\\#c%d\n"
    )


def test_the_older_task_adds_to_a_file_that_is_there(job: PipelineJob) -> None:
    job.twine_authenticate_0(FeedAccess("one", UPLOAD, "secret"))

    path = job.twine_authenticate_0(FeedAccess("two", UPLOAD, "[secret"))

    assert path.read_text() == (
        "[distutils]\n"
        "index-servers=one two\n"
        "\n"
        "[one]\n"
        f"repository={UPLOAD}\n"
        "username=build\n"
        "password=secret\n"
        "\n"
        "[two]\n"
        f"repository={UPLOAD}\n"
        "username=build\n"
        'password="[secret"\n'
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("'quoted'", "\"'quoted'\""),
        ('"', '"'),
        (" spaces ", '" spaces "'),
        ('a="b"', '"a=\\"b\\""'),
        ("é=", '"é="'),
    ],
)
def test_the_older_task_quotes_as_its_library_does(job: PipelineJob, value: str, written: str) -> None:
    path = job.twine_authenticate_0(FeedAccess("one", UPLOAD, value))

    assert path.read_text().endswith(f"password={written}\n")


def test_pip_s_task_encodes_credentials_into_the_first_address_and_into_the_others(job: PipelineJob) -> None:
    job.pip_authenticate_1(
        FeedAccess("Platform/pip-feed", SIMPLE, "a/b+c=@%"),
        FeedAccess("second", "http://127.0.0.1:8080/simple/", "it's:(1)*~!", "me@acme.example"),
        FeedAccess("third", "https://third.example/simple/", "é"),
    )

    assert job.variables["PIP_INDEX_URL"] == SIMPLE.replace("https://", "https://build:a%2Fb%2Bc%3D%40%25@")
    assert job.variables["PIP_EXTRA_INDEX_URL"] == (
        "http://me%40acme.example:it's:(1)*~!@127.0.0.1:8080/simple/ "
        "https://build:%C3%A9@third.example/simple/"
    )


def test_pip_s_task_can_leave_the_first_index_alone(job: PipelineJob) -> None:
    job.pip_authenticate_1(FeedAccess("one", SIMPLE, "secret"), only_add_extra_index=True)

    assert "PIP_INDEX_URL" not in job.variables
    assert job.variables["PIP_EXTRA_INDEX_URL"] == SIMPLE.replace("https://", "https://build:secret@")


def test_a_job_has_the_agent_s_folders_and_no_token(job: PipelineJob) -> None:
    folders = [job.variables[name] for name in ("AGENT_TEMPDIRECTORY", "BUILD_ARTIFACTSTAGINGDIRECTORY")]

    assert all(Path(folder).is_dir() for folder in folders)
    assert job.variables["SYSTEM_COLLECTIONURI"] == "https://dev.azure.com/acme/"
    assert "SYSTEM_ACCESSTOKEN" not in job.variables
