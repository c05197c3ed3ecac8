"""Settings: where they come from, which comes first, and what is said where they are wrong."""

from pathlib import Path

import pytest

from feedgate.app.settings import described, load_settings, variable_of
from feedgate.app.settings_errors import SettingsSyntax, UnknownSetting, UnreadableSettings, WrongSetting
from feedgate.errors import Invalid
from feedgate.model.secret import Secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feedgate.toml"


def test_without_file_and_environment_all_is_at_its_default(file: Path) -> None:
    settings = load_settings(file, {})

    assert settings.server.host == "127.0.0.1"
    assert settings.server.port == 8080
    assert settings.upstream.url is None
    assert settings.upstream.user_and_password is None


def test_the_environment_comes_over_the_file_key_by_key(file: Path) -> None:
    file.write_text('[upstream]\nurl = "https://a.example/simple/"\nallowed_hosts = ["b.example"]\n')
    settings = load_settings(file, {"FEEDGATE_UPSTREAM__URL": "https://c.example/simple/"})

    assert settings.upstream.url == "https://c.example/simple/"
    assert settings.upstream.allowed_hosts == ("b.example",)


def test_an_empty_variable_states_nothing(file: Path) -> None:
    file.write_text("[server]\nport = 9000\n")

    assert load_settings(file, {"FEEDGATE_SERVER__PORT": ""}).server.port == 9000


def test_a_list_in_the_environment_has_commas(file: Path) -> None:
    settings = load_settings(file, {"FEEDGATE_UPSTREAM__ALLOWED_HOSTS": "a.example, b.example,"})

    assert settings.upstream.allowed_hosts == ("a.example", "b.example")


def test_credentials_are_split_at_the_first_colon_and_never_printed(file: Path) -> None:
    settings = load_settings(file, {"FEEDGATE_UPSTREAM__CREDENTIALS": "build:pass:word"})

    assert settings.upstream.user_and_password == ("build", Secret("pass:word"))
    assert "word" not in repr(settings)


def test_a_relative_path_in_a_file_starts_at_the_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    file.write_text('[upstream]\nca = "ca.pem"\n')

    assert load_settings(file, {}).upstream.ca == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    "variable",
    ["FEEDGATE_URL", "FEEDGATE_TOKEN", "FEEDGATE_DATA", "FEEDGATE_READ_TOKEN", "FEEDGATE_ANYTHING", "PATH"],
)
def test_variables_that_are_no_settings_are_let_be(file: Path, variable: str) -> None:
    assert load_settings(file, {variable: "x"}) == load_settings(file, {})


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        pytest.param("FEEDGATE_UPSTREAM__ULR", "FEEDGATE_UPSTREAM__URL", id="misspelled-key"),
        pytest.param("FEEDGATE_UPSTREEM__URL", "FEEDGATE_UPSTREAM__URL", id="misspelled-section"),
        pytest.param("FEEDGATE_UPSTREAM_URL", "FEEDGATE_UPSTREAM__URL", id="one-underscore"),
        pytest.param("FEEDGATE_upstream__url", None, id="lower-case"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_right_one(
    file: Path, variable: str, nearest: str | None
) -> None:
    with pytest.raises(UnknownSetting) as caught:
        load_settings(file, {variable: "https://a.example/"})

    assert variable in caught.value.message
    if nearest is not None:
        assert nearest in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        pytest.param('[upstream]\nulr = "x"\n', "upstream.ulr", "upstream.url", id="misspelled-key"),
        pytest.param('[upstraem]\nurl = "x"\n', "upstraem.url", "upstream.url", id="misspelled-section"),
        pytest.param('url = "x"\n', "url", None, id="key-without-a-section"),
        pytest.param("[upstraem]\n", "upstraem", None, id="empty-unknown-section"),
    ],
)
def test_an_unknown_key_is_named_with_the_file_and_the_nearest_right_one(
    file: Path, text: str, key: str, nearest: str | None
) -> None:
    file.write_text(text)
    with pytest.raises(UnknownSetting) as caught:
        load_settings(file, {})

    assert key in caught.value.message
    assert str(file) in caught.value.message
    if nearest is not None:
        assert nearest in caught.value.next_step


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        pytest.param("server.port", "65536", "65535", id="one-port-too-many"),
        pytest.param("server.port", "-1", "0", id="below-zero"),
        pytest.param("server.port", "http", "integer", id="no-number"),
        pytest.param("fetch.concurrency", "0", "1", id="nothing-at-once"),
        pytest.param("destinations.attempts", "0", "1", id="never-asked"),
        pytest.param("destinations.attempts", "21", "20", id="asked-once-too-often"),
        pytest.param("upstream.url", "ftp://a.example/", "https://", id="another-scheme"),
        pytest.param("upstream.url", "https://", "a host", id="no-host"),
        pytest.param("upstream.url", "https://a.example:port/", "https://", id="no-port"),
        pytest.param("upstream.credentials", "build", "USER:PASSWORD", id="no-password"),
        pytest.param("upstream.ca", "/no/such/file.pem", "file", id="no-file"),
    ],
)
def test_a_wrong_value_is_named_with_key_variable_and_what_is_expected(
    file: Path, key: str, value: str, expected: str
) -> None:
    with pytest.raises(WrongSetting) as caught:
        load_settings(file, {variable_of(key): value})

    assert key in caught.value.message
    assert variable_of(key) in caught.value.message
    assert expected in caught.value.message


def test_edges_are_taken(file: Path) -> None:
    assert load_settings(file, {"FEEDGATE_SERVER__PORT": "0"}).server.port == 0
    assert load_settings(file, {"FEEDGATE_SERVER__PORT": "65535"}).server.port == 65535


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("upstream.credentials", "hunter2"),
        ("upstream.url", "https://build:hunter2@a.example/simple/"),
        ("upstream.url", "https://build:hunter2" + "x" * 100 + "@a.example/simple/"),
    ],
)
def test_no_error_shows_a_credential(file: Path, key: str, value: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        load_settings(file, {variable_of(key): value})

    assert "hunter2" not in str(caught.value) + caught.value.next_step


@pytest.mark.parametrize("text", ["[upstream\n", "upstream = \n", "a = 1\na = 2\n"])
def test_what_is_not_toml_is_said_with_its_line(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsSyntax, match="line"):
        load_settings(file, {})


def test_a_section_that_is_no_table_is_named(file: Path) -> None:
    file.write_text('upstream = "https://a.example/"\n')
    with pytest.raises(WrongSetting, match=r"\[upstream\]"):
        load_settings(file, {})


def test_a_file_that_was_named_must_be_there(file: Path) -> None:
    with pytest.raises(UnreadableSettings, match="no such file"):
        load_settings(file, {}, is_named=True)


@pytest.mark.parametrize("content", [b"\xff\xfe[upstream]"])
def test_a_file_that_is_no_text_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(UnreadableSettings):
        load_settings(file, {})


def test_a_folder_in_the_files_place_is_named(file: Path) -> None:
    file.mkdir()
    with pytest.raises(UnreadableSettings):
        load_settings(file, {})


def test_whatever_is_wrong_is_a_usage_error() -> None:
    assert all(
        issubclass(kind, Invalid)
        for kind in (UnknownSetting, WrongSetting, SettingsSyntax, UnreadableSettings)
    )


def test_each_key_is_described_and_has_its_variable() -> None:
    keys = described()

    assert len({one.key for one in keys}) == len(keys)
    assert {"upstream.url", "upstream.credentials", "upstream.ca", "upstream.allowed_hosts"} <= {
        one.key for one in keys
    }
    for one in keys:
        assert one.description.endswith(".")
        assert one.variable == variable_of(one.key)


def test_each_described_variable_is_known(file: Path) -> None:
    for one in described():
        try:
            load_settings(file, {one.variable: one.default or "x"})
        except WrongSetting as error:
            assert one.default == "", error  # noqa: PT017  # only what has no default may not take "x"


def test_the_source_of_advisories_is_osv_unless_others_are_named(file: Path) -> None:
    [source] = load_settings(file, {}).advisories.sources

    assert (source.name, source.max_age) == ("osv", 7)
    assert source.url.startswith("https://osv-vulnerabilities.")


def test_sources_of_advisories_are_tables_of_the_file(file: Path) -> None:
    file.write_text(
        '[[advisories.sources]]\nname = "osv"\nurl = "https://mirror.example/all.zip"\n'
        '[[advisories.sources]]\nname = "acme"\nurl = "https://acme.example/own.zip"\nmax_age = 0.5\n'
    )
    sources = load_settings(file, {}).advisories.sources

    assert [(one.name, one.url, one.max_age) for one in sources] == [
        ("osv", "https://mirror.example/all.zip", 7),
        ("acme", "https://acme.example/own.zip", 0.5),
    ]


def test_sources_of_advisories_are_json_in_the_environment(file: Path) -> None:
    stated = '[{"name": "osv", "url": "http://127.0.0.1:8000/all.zip", "max_age": 30}]'
    [source] = load_settings(file, {"FEEDGATE_ADVISORIES__SOURCES": stated}).advisories.sources

    assert (source.name, source.url, source.max_age) == ("osv", "http://127.0.0.1:8000/all.zip", 30)
    assert load_settings(file, {"FEEDGATE_ADVISORIES__SOURCES": "[]"}).advisories.sources == ()


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("https://a.example/all.zip", "expected a JSON list"),
        ('{"name": "osv"}', "expected a valid tuple"),
        ('[{"name": "osv"}]', "field required"),
        ('[{"name": "OSV!", "url": "https://a.example/"}]', "is no name of an advisory source"),
        ('[{"name": "osv", "url": "a.example"}]', "expected an address"),
        ('[{"name": "osv", "url": "https://a:b@a.example/"}]', "without credentials"),
        ('[{"name": "osv", "url": "https://a.example/", "max_age": 0}]', "greater than 0"),
        ('[{"name": "osv", "url": "https://a.example/", "age": 1}]', "not permitted"),
        (
            '[{"name": "a", "url": "https://a.example/"}, {"name": "a", "url": "https://b.example/"}]',
            "names of their own",
        ),
    ],
)
def test_a_wrong_source_of_advisories_is_named(file: Path, stated: str, said: str) -> None:
    with pytest.raises(WrongSetting) as raised:
        load_settings(file, {"FEEDGATE_ADVISORIES__SOURCES": stated})

    assert said in raised.value.message
    assert raised.value.facts["key"] == "advisories.sources"


def test_the_table_shows_what_a_source_is_without_a_file() -> None:
    [shown] = [one for one in described() if one.key == "advisories.sources"]

    assert shown.default.startswith('[{"name": "osv", "url": "https://osv-vulnerabilities.')
    assert load_settings(Path("none"), {shown.variable: shown.default}) == load_settings(Path("none"), {})
