"""The files of ``pipelines/`` as their build services run them: which step calls a script, and with what environment.

    job = Job.of("azure-pipelines.yml", tmp_path, filled={"FEEDGATE_WHEEL": …}, secrets={…})
    said = job.run("bring-in.sh", {"packages": "app | lib"})

What a service puts into a step is done here as the service does it, and no more: an expression that is
none of those that the files need fails. Nothing of this machine comes along but its interpreter's folder.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it has no types, and what is read is looked at

from tests.builders.command_line import Said
from tests.builders.pipeline_environment import FeedAccess, PipelineJob

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "pipelines"

AZURE = ("azure-pipelines.yml", "azure-pipelines-server.yml", "azure-pipelines-refresh.yml")
GITHUB, GITLAB = "github-actions.yml", "gitlab-ci.yml"
FILES = (*AZURE, GITHUB, GITLAB)

PARAMETERS = ("packages", "targets", "feed", "reason", "requirements", "plan")
"""What somebody is asked who starts one of them by hand."""

_PATIENCE_SECONDS = 200
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_REPLACE = re.compile(r"replace\((parameters\.\w+), '(.*)', '(.*)'\)")
_MACRO = re.compile(r"\$\(([\w.]+)\)")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


@dataclass(frozen=True, slots=True)
class Called:
    """A step that calls a script: its line for the shell, and what it adds to the environment."""

    line: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """One job in ``folder``, an empty home and the sources of a repository in it.

    ``filled`` is what the user wrote into the file's variables, ``secrets`` what the service keeps,
    ``path`` the PATH of its machine.
    """

    file: str
    folder: Path
    path: str
    filled: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: str, folder: Path, *, path: str, **given: Any) -> "Job":
        """Return the job of a file; its sources hold a copy of ``pipelines/`` and nothing else."""
        job = cls(file, folder, path, **given)
        shutil.copytree(FOLDER, job.sources / "pipelines")
        for place in (job.temporary, job.report, folder / "home"):
            place.mkdir(parents=True, exist_ok=True)
        return job

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def step_summary(self) -> Path:
        """The file that GitHub shows with a step."""
        return self.folder / "step-summary"

    @property
    def home(self) -> Path:
        """Where the file has Feedgate installed."""
        return Path(self.called("install-feedgate.sh", {}).environment["FEEDGATE_HOME"])

    @property
    def data(self) -> Path:
        """Where the file has the data directory."""
        return Path(self.called("bring-in.sh", {}).environment["FEEDGATE_DATA"])

    @property
    def report(self) -> Path:
        """Where the artifact is taken from, as the file says it."""
        document = self.document
        if self.file in AZURE:
            [raw] = [step["publish"] for step in steps_of(document) if "publish" in step]
            return Path(self._macros(raw))
        if self.file == GITHUB:
            [raw] = [step["with"]["path"] for step in steps_of(document) if "upload-artifact" in str(step)]
            return Path(self._github(raw, {}))
        [raw] = document["bring-in"]["artifacts"]["paths"]
        return self.sources / str(raw)

    @property
    def cached(self) -> list[Path]:
        """What the file has its service keep for later jobs."""
        document = self.document
        if self.file in AZURE:
            tasks = [step["inputs"]["path"] for step in steps_of(document) if step.get("task") == "Cache@2"]
            return [Path(self._macros(raw)) for raw in tasks]
        if self.file == GITHUB:
            [raw] = [
                step["with"]["path"]
                for step in steps_of(document)
                if "actions/cache@" in step.get("uses", "")
            ]
            return [Path(self._github(line, {})) for line in raw.splitlines()]
        return [self.sources / str(raw) for raw in document["bring-in"]["cache"]["paths"]]

    def authenticate(self, access: FeedAccess) -> None:
        """Do what ``TwineAuthenticate@1`` does; the steps after it know."""
        self._azure_job.twine_authenticate_1(access)

    def called(self, script: str, typed: Mapping[str, str]) -> Called:
        """Return the step that calls ``script``, with what somebody typed for the parameters; else their defaults."""
        if self.file in AZURE:
            return self._called_by_azure(script, typed)
        return (
            self._called_by_github(script, typed)
            if self.file == GITHUB
            else self._called_by_gitlab(script, typed)
        )

    def run(
        self, script: str, typed: Mapping[str, str] | None = None, machine: Mapping[str, str] | None = None
    ) -> Said:
        """Run a script as the file calls it, in its sources; ``machine`` is what its environment has beside that."""
        called = self.called(script, typed or {})
        step = self.folder / "step.sh"
        step.write_text(f"{called.line}\n")
        shell = {GITHUB: ["-e"], GITLAB: ["-eo", "pipefail"]}.get(self.file, ["--noprofile", "--norc"])
        done = subprocess.run(
            ["/bin/bash", *shell, step],
            env={**(machine or {}), **called.environment},
            cwd=self.sources,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    @cached_property
    def document(self) -> Any:
        return document_of(self.file)

    @cached_property
    def _azure_job(self) -> PipelineJob:
        return PipelineJob(self.folder)

    @property
    def _plain(self) -> dict[str, str]:
        return {"HOME": str(self.folder / "home"), "PATH": self.path, "LC_ALL": "C.UTF-8"}

    # ------------------------------------------------------------------------------------ Azure

    def _called_by_azure(self, script: str, typed: Mapping[str, str]) -> Called:
        document = self.document
        values = {one["name"]: one["default"] for one in document["parameters"]} | dict(typed)
        step = _step(steps_of(document), "bash", script)
        variables = {name: self._macros(raw) for name, raw in self._azure_variables.items()}
        own = {name: self._macros(_template(raw, values)) for name, raw in step.get("env", {}).items()}
        return Called(step["bash"], self._plain | self._azure_job.variables | variables | own)

    @property
    def _azure_variables(self) -> dict[str, str]:
        """Variables of the file, which the agent puts into each step's environment; secrets are not among them."""
        return {**self.document["variables"], **self.filled}

    def _macros(self, raw: str) -> str:
        """Put variables in the place of ``$(NAME)``, secret ones too; what is no variable stays as it is."""
        known = {**self._azure_job.variables, **self._azure_variables, **self.secrets}
        known |= {"BUILD_BUILDID": "17", "SYSTEM_JOBATTEMPT": "1"}

        def value(found: re.Match[str]) -> str:
            name = found[1].upper().replace(".", "_")
            return self._macros(known[name]) if name in known else found[0]

        return _MACRO.sub(value, raw)

    # ------------------------------------------------------------------------------------ GitHub

    def _called_by_github(self, script: str, typed: Mapping[str, str]) -> Called:
        document = self.document
        asked = document[True]["workflow_dispatch"]["inputs"]  # YAML 1.1 takes `on` for a boolean
        values = {name: str(one.get("default", one.get("options", [""])[0])) for name, one in asked.items()}
        values |= typed
        [job] = document["jobs"].values()
        step = _step(job["steps"], "run", script)
        written = {**document.get("env", {}), **self.filled, **job.get("env", {}), **step.get("env", {})}
        service = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.sources),
            "GITHUB_STEP_SUMMARY": str(self.step_summary),
            "RUNNER_TEMP": str(self.temporary),
            "RUNNER_OS": "Linux",
        }
        own = {name: self._github(raw, values) for name, raw in written.items()}
        return Called(step["run"], self._plain | service | own)

    def _github(self, raw: str, inputs: Mapping[str, str]) -> str:
        known = {f"inputs.{name}": value for name, value in inputs.items()}
        known |= {f"secrets.{name}": value for name, value in self.secrets.items()}
        known |= {"runner.temp": str(self.temporary), "runner.os": "Linux", "github.run_id": "17"}
        return _EXPRESSION.sub(lambda found: known[found[1]], raw)

    # ------------------------------------------------------------------------------------ GitLab

    def _called_by_gitlab(self, script: str, typed: Mapping[str, str]) -> Called:
        document = self.document
        job = document["bring-in"]
        asked = {name: one["value"] for name, one in document["variables"].items()}
        service = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(self.sources),
            "CI_PIPELINE_SOURCE": "web",
            "CI_JOB_TOKEN": "the-jobs-own-token",
        }
        told = {f"FEEDGATE_{name.upper()}": value for name, value in typed.items()}
        known = {**service, **self.secrets, **asked, **job["variables"], **self.filled, **told}
        own = {name: _gitlab(value, known) for name, value in known.items()}
        [line] = [line for line in job["script"] if script in line]
        return Called(line, self._plain | own)


def document_of(file: str) -> Any:
    """Return what a file of ``pipelines/`` says."""
    return yaml.safe_load((FOLDER / file).read_text())


def steps_of(document: Any) -> list[Any]:
    """Return the steps of an Azure or GitHub file, of all its jobs."""
    jobs = document["jobs"]
    return [step for job in (jobs if isinstance(jobs, list) else jobs.values()) for step in job["steps"]]


def shell_of(node: Any) -> Iterator[str]:
    """Yield whatever a file hands to a shell, wherever it stands."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in {"bash", "script", "run", "pwsh", "powershell", "before_script", "after_script"}:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from shell_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from shell_of(value)


def _step(steps: list[Any], key: str, script: str) -> Any:
    [step] = [step for step in steps if script in step.get(key, "")]
    return step


def _template(raw: str, parameters: Mapping[str, str]) -> str:
    """Evaluate Azure's template expressions, which is done before the job is sent to an agent."""
    known = {f"parameters.{name}": value for name, value in parameters.items()}

    def value(found: re.Match[str]) -> str:
        replaced = _REPLACE.fullmatch(found[1])
        return known[found[1]] if replaced is None else known[replaced[1]].replace(replaced[2], replaced[3])

    return _EXPRESSION.sub(value, raw)


def _gitlab(raw: str, known: Mapping[str, str]) -> str:
    """Put variables in the place of ``$NAME``, in what somebody typed too, as GitLab does."""
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2], ""), raw)
