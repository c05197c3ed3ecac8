"""What Azure's own pipeline tasks leave in a job for the steps after them, byte for byte.

    job = PipelineJob(tmp_path)
    job.twine_authenticate_1(FeedAccess("Platform/pip-feed", upload_url, token))
    subprocess.run([...], env={**environment, **job.variables})

``TwineAuthenticate@0`` writes its file with npm's ``ini``, which quotes and escapes values, and adds to
a file that is there; ``@1`` joins lines, and begins anew. ``PipAuthenticate@1`` writes no file.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

_NODE_KEEPS = (
    "!'()*-.:_~"  # what Node's url.format leaves as it is in user and password, beside letters and digits
)


@dataclass(frozen=True, slots=True)
class FeedAccess:
    """A feed as a task's input names it (``feed`` or ``project/feed``), its address, and who may use it."""

    name: str
    url: str
    password: str
    username: str = "build"


@dataclass
class PipelineJob:
    """One job of an agent on Linux; ``variables`` are what its next step finds in its environment."""

    folder: Path
    collection_url: str = "https://dev.azure.com/acme/"
    variables: dict[str, str] = field(default_factory=dict)
    _in_file: list[FeedAccess] = field(default_factory=list)

    def __post_init__(self) -> None:
        places = {"AGENT_TEMPDIRECTORY": "temporary", "BUILD_SOURCESDIRECTORY": "sources"}
        places |= {"BUILD_ARTIFACTSTAGINGDIRECTORY": "staging", "PIPELINE_WORKSPACE": "workspace"}
        for name, place in places.items():
            (self.folder / place).mkdir(parents=True, exist_ok=True)
            self.variables[name] = str(self.folder / place)
        self.variables |= {
            "TF_BUILD": "True",
            "AGENT_OS": "Linux",
            "SYSTEM_COLLECTIONURI": self.collection_url,
            "SYSTEM_TEAMPROJECT": "Platform",
        }

    def twine_authenticate_0(self, *feeds: FeedAccess) -> Path:
        """Write or add to ``.pypirc``: sections by the names as they were given; return its path."""
        path = self._pypirc()
        if path.exists():
            self._in_file += feeds
            servers = " ".join(feed.name for feed in self._in_file)
            path.write_text(
                f"[distutils]\nindex-servers={_safe(servers)}\n\n{_encoded(self._in_file)}", encoding="utf-8"
            )
        else:
            self._in_file = [*feeds]
            servers = "".join(f"{feed.name} " for feed in feeds)
            path.write_text(
                f"[distutils]\nindex-servers={servers}\n{_encoded(self._in_file)}", encoding="utf-8"
            )
        return path

    def twine_authenticate_1(self, *feeds: FeedAccess) -> Path:
        """Write ``.pypirc`` anew: sections by the feeds' names alone, no newline at the end; return its path."""
        path = self._pypirc()
        self._in_file = [
            FeedAccess(feed.name.rpartition("/")[2], feed.url, feed.password, feed.username) for feed in feeds
        ]
        sections = [
            f"[{feed.name}]\nrepository={feed.url}\nusername={feed.username}\npassword={feed.password}"
            for feed in self._in_file
        ]
        servers = " ".join(feed.name for feed in self._in_file)
        path.write_text("\n\n".join([f"[distutils]\nindex-servers={servers}", *sections]), encoding="utf-8")
        return path

    def pip_authenticate_1(self, *feeds: FeedAccess, only_add_extra_index: bool = False) -> None:
        """Set ``PIP_INDEX_URL`` to the first and ``PIP_EXTRA_INDEX_URL`` to the others; they stay for all later steps."""
        urls = [_with_credentials(feed) for feed in feeds]
        if not only_add_extra_index and urls:
            self.variables["PIP_INDEX_URL"] = urls.pop(0)
        if urls:
            self.variables["PIP_EXTRA_INDEX_URL"] = " ".join(urls)

    def _pypirc(self) -> Path:
        """Return where the tasks write: where an earlier one wrote, else a folder of their own."""
        if "PYPIRC_PATH" not in self.variables:
            folder = Path(self.variables["AGENT_TEMPDIRECTORY"]) / "twineAuthenticate" / "a1B2c3"
            folder.mkdir(parents=True)
            self.variables["PYPIRC_PATH"] = str(folder / ".pypirc")
        return Path(self.variables["PYPIRC_PATH"])


def _with_credentials(feed: FeedAccess) -> str:
    parts = urlsplit(feed.url)
    return parts._replace(
        netloc=f"{quote(f'{feed.username}:{feed.password}', safe=_NODE_KEEPS)}@{parts.netloc}"
    ).geturl()


def _encoded(feeds: list[FeedAccess]) -> str:
    sections = []
    for feed in feeds:
        name = re.sub(r"(?<!\\)\.", r"\\.", feed.name)
        lines = {"repository": feed.url, "username": feed.username, "password": feed.password}
        body = "".join(f"{key}={_safe(value)}\n" for key, value in lines.items())
        sections.append(f"[{_safe(name)}]\n{body}")
    return "\n".join(sections)


def _safe(value: str) -> str:
    """Write a value as npm's ``ini`` does: in JSON's quotes where it would be misread, comment signs escaped."""
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    if re.search(r"[=\r\n]", value) or value.startswith("[") or is_quoted or value != value.strip():
        return json.dumps(value, ensure_ascii=False)
    return value.replace(";", "\\;").replace("#", "\\#")
