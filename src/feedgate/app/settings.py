"""The settings: one typed table, from a file and over it the environment.

Every key is known by its dotted name (``upstream.url``), stands in
``feedgate.toml`` as ``url`` in the table ``[upstream]``, and in the environment as
``FEEDGATE_UPSTREAM__URL``. The docs' page is made from this table.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FilePath, ValidationError

from feedgate.app.settings_errors import SettingsSyntax, UnknownSetting, UnreadableSettings, WrongSetting
from feedgate.app.stated import PREFIX, is_setting
from feedgate.model.advisory_source import InvalidAdvisorySourceName, parse_advisory_source_name
from feedgate.model.redaction import STARS, without_secrets
from feedgate.model.secret import Secret

_MEBIBYTE = 1024 * 1024

ENVIRONMENT = "the environment"


_ADDRESS = "expected an address with http:// or https://, a host and a path"
_NO_CREDENTIALS = "expected an address without credentials; they go into upstream.credentials"
_CREDENTIALS = "expected USER:PASSWORD"
_JSON_LIST = "expected a JSON list of objects with name, url and max_age"
_OWN_NAMES = "expected sources with names of their own"

OSV_URL = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
"""OSV's public zip of what it knows of PyPI: PyPI's own advisories, GitHub's, and malicious packages."""


def _is_address(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError as error:
        raise ValueError(_ADDRESS) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(_ADDRESS)
    if "@" in parts.netloc:
        raise ValueError(_NO_CREDENTIALS)
    return raw


def _is_credentials(raw: object) -> object:
    if isinstance(raw, str):
        if not raw.partition(":")[2]:
            raise ValueError(_CREDENTIALS)
        return Secret(raw)
    return raw


def _split_list(raw: object) -> object:
    """A list in the environment is one text with commas."""
    return [part.strip() for part in raw.split(",") if part.strip()] if isinstance(raw, str) else raw


def _read_json(raw: object) -> object:
    """A list of tables in the environment is one text of JSON."""
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        raise ValueError(_JSON_LIST) from error


def _is_source_name(raw: str) -> str:
    try:
        return parse_advisory_source_name(raw)
    except InvalidAdvisorySourceName as error:
        raise ValueError(f"{error.message}. {error.next_step}") from error


def _have_own_names(sources: tuple["AdvisorySourceSettings", ...]) -> tuple["AdvisorySourceSettings", ...]:
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise ValueError(_OWN_NAMES)
    return sources


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class UpstreamSettings(Section):
    """The index that releases come from."""

    url: Annotated[str, AfterValidator(_is_address)] | None = Field(
        None, description="Address of the upstream's simple index. Without it: PyPI."
    )
    credentials: Annotated[Secret, BeforeValidator(_is_credentials)] | None = Field(
        None, description="USER:PASSWORD for the upstream; sent to its own origin and nowhere else."
    )
    ca: FilePath | None = Field(
        None,
        description="File of certificate authorities (PEM) to trust beside the system's. "
        "A relative path starts at the file that states it.",
    )
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split_list)] = Field(
        (),
        description="Hosts that may be connected to although their address is not global, beside the upstream's own.",
    )

    @property
    def user_and_password(self) -> tuple[str, Secret] | None:
        """The credentials in two parts."""
        if self.credentials is None:
            return None
        user, _, password = self.credentials.reveal().partition(":")
        return user, Secret(password)


class ServerSettings(Section):
    """Where `feedgate serve` listens."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; `--host` comes first.")
    port: int = Field(
        8080, ge=0, le=65535, description="Port; 0 takes any that is free. `--port` comes first."
    )


class LimitSettings(Section):
    """What one caller may send."""

    upload_bytes: int = Field(8 * 1024 * _MEBIBYTE, ge=1, description="Size of an uploaded file.")
    form_fields: int = Field(4096, ge=1, description="Parts of an upload's form.")
    form_field_bytes: int = Field(4 * _MEBIBYTE, ge=1, description="Size of one field of an upload's form.")
    form_total_bytes: int = Field(
        8 * _MEBIBYTE, ge=1, description="Size of all fields of an upload's form, the file not counted."
    )


class FetchSettings(Section):
    """How the upstream is asked."""

    concurrency: int = Field(16, ge=1, le=256, description="Files fetched at once.")
    attempts: int = Field(
        4, ge=1, le=20, description="How often a question is put before the upstream counts as away."
    )
    connect_seconds: float = Field(10.0, gt=0, description="Longest wait for a connection.")
    silence_seconds: float = Field(30.0, gt=0, description="Longest pause between two pieces of an answer.")
    slowest_bytes_per_second: int = Field(
        50_000, ge=1, description="A file gets 60 s and its size divided by this."
    )


class DestinationSettings(Section):
    """The foreign indexes that closures are sent to."""

    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split_list)] = Field(
        (),
        description="Hosts that feeds may have as standing destinations or be copied from (import-feed), and that may be "
        "connected to although their address is not global.",
    )
    attempts: int = Field(
        5, ge=1, le=20, description="How often a request is made before the destination counts as away."
    )


class RunSettings(Section):
    """How runs are worked on."""

    concurrency: int = Field(4, ge=1, le=64, description="Runs worked on at once.")
    resolvers: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Resolvers at work at once, over all runs. Without it: one a core, and two at least.",
    )


class HoldSettings(Section):
    """How what policy holds is answered."""

    second_person: bool = Field(
        True,
        description="A release by who asked for the file counts only when another Owner has confirmed it. "
        "Off where one person does both.",
    )


class AccessSettings(Section):
    """How wrong credentials are answered."""

    failed_attempts: int = Field(
        5, ge=0, description="Wrong credentials in a row from one address that are answered at once."
    )
    longest_delay_seconds: float = Field(
        5.0, ge=0, le=60, description="Longest delay of an answer to wrong credentials."
    )


class AdvisorySourceSettings(Section):
    """One place that publishes advisories."""

    name: Annotated[str, AfterValidator(_is_source_name)]
    url: Annotated[str, AfterValidator(_is_address)]
    max_age: float = Field(7, gt=0, le=36500)


class AdvisorySettings(Section):
    """Where advisories come from."""

    sources: Annotated[
        tuple[AdvisorySourceSettings, ...], BeforeValidator(_read_json), AfterValidator(_have_own_names)
    ] = Field(
        (AdvisorySourceSettings(name="osv", url=OSV_URL, max_age=7),),
        description="Zips of OSV records, in the file each a table `[[advisories.sources]]` of `name`, `url` and `max_age` "
        "(days; 7 without it), in the environment a JSON list of such objects. They may be connected to although their address "
        "is not global. The first is what `feedgate advisories update` means.",
    )


class Settings(Section):
    """All settings; made by ``load_settings``."""

    upstream: UpstreamSettings = UpstreamSettings()
    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    fetch: FetchSettings = FetchSettings()
    destinations: DestinationSettings = DestinationSettings()
    runs: RunSettings = RunSettings()
    access: AccessSettings = AccessSettings()
    advisories: AdvisorySettings = AdvisorySettings()
    holds: HoldSettings = HoldSettings()


@dataclass(frozen=True, slots=True)
class Described:
    """One key for the docs."""

    key: str
    variable: str
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class _Given:
    """One raw value and where it stands: the file's path, or the variable's name."""

    value: Any
    origin: str


def described() -> tuple[Described, ...]:
    """Return all keys in the order of the table."""
    return tuple(
        Described(
            f"{name}.{key}",
            variable_of(f"{name}.{key}"),
            _shown_default(field.default),
            field.description or "",
        )
        for name, section in _sections().items()
        for key, field in section.model_fields.items()
    )


def variable_of(key: str) -> str:
    """Return the environment variable of a dotted key."""
    return PREFIX + key.replace(".", "__").upper()


def load_settings(file: Path, environment: Mapping[str, str], *, is_named: bool = False) -> Settings:
    """Return the settings of ``file`` (with ``is_named`` it must be there) and, over it, of ``environment``.

    Raises UnreadableSettings, SettingsSyntax, UnknownSetting, WrongSetting.
    """
    given = _from_file(file, is_named=is_named) | _from_environment(environment)
    nested: dict[str, Any] = {}
    for key, one in given.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = one.value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"][:2])
        raise WrongSetting(
            key, given[key].origin, _shown(key, given[key].value), str(first["msg"])
        ) from error


def _from_file(file: Path, *, is_named: bool) -> dict[str, _Given]:
    known = _keys()
    given: dict[str, _Given] = {}
    for section, table in _tables(file, is_named=is_named).items():
        if section not in _sections():
            inside = next(iter(table), None) if isinstance(table, dict) else None
            raise UnknownSetting(section if inside is None else f"{section}.{inside}", str(file), known)
        if not isinstance(table, dict):
            raise WrongSetting(section, str(file), _shown(section, table), f"expected a table, [{section}]")
        for name, value in table.items():
            key = f"{section}.{name}"
            if key not in known:
                raise UnknownSetting(key, str(file), known)
            given[key] = _Given(_from_folder(key, value, file.parent), str(file))
    return given


def _tables(file: Path, *, is_named: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if is_named:
            raise UnreadableSettings(file, "there is no such file") from error
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsSyntax(file, str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSettings(file, str(getattr(error, "strerror", None) or error)) from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Given]:
    variables = {variable_of(key): key for key in _keys()}
    sections = tuple(f"{PREFIX}{section}_".upper() for section in _sections())
    given: dict[str, _Given] = {}
    for name, value in sorted(environment.items()):
        if name in variables:
            if value:  # an empty one is as good as none
                given[variables[name]] = _Given(value, name)
        elif is_setting(name) or name.startswith(sections):
            raise UnknownSetting(name, ENVIRONMENT, tuple(variables))
    return given


def _from_folder(key: str, value: object, folder: Path) -> object:
    """A relative path in a file starts at the file."""
    return folder / value if key == "upstream.ca" and isinstance(value, str) else value


def _sections() -> dict[str, type[Section]]:
    return {name: type(field.default) for name, field in Settings.model_fields.items()}


def _keys() -> tuple[str, ...]:
    return tuple(f"{name}.{key}" for name, section in _sections().items() for key in section.model_fields)


def _shown(key: str, value: object) -> str:
    return STARS if key == "upstream.credentials" else without_secrets(repr(value))[:80]


def _shown_default(value: object) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, tuple):  # of tables: as the environment takes them
        return json.dumps([table.model_dump(mode="json") for table in value])
    return str(value)
