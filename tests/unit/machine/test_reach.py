"""What is said of an index before it is written down."""

import pytest

from feedgate.machine.index_address import parse_index_url
from feedgate.machine.reach import FeedRefused, NoIndex, judge

OURS = "https://feeds.example/acme/pip-feed"
AZURE = "https://pkgs.dev.azure.com/acme/_packaging/pip-feed/pypi/simple/"
OLDER_AZURE = "https://acme.pkgs.visualstudio.com/_packaging/pip-feed/pypi/simple/"
FOREIGN = "https://index.example/simple/"


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "does not take this token"), (403, "may not read"), (404, "has no role on it")],
)
@pytest.mark.parametrize("url", [OURS, AZURE, OLDER_AZURE, FOREIGN])
def test_a_refusal_says_which_feed_and_why(url: str, status: int, words: str) -> None:
    index = parse_index_url(url)

    with pytest.raises(FeedRefused) as caught:
        judge(index, status, "text/html", with_token=True)

    assert words in caught.value.message
    assert index.simple_url in caught.value.message
    assert "nothing was changed" in caught.value.message


@pytest.mark.parametrize(
    ("url", "status", "advice"),
    [
        (OURS, 403, "feedgate grant ORG/FEED ACTOR reader"),
        (OURS, 404, "feedgate grant ORG/FEED ACTOR reader"),
        (AZURE, 401, "Packaging (Read)"),
        (AZURE, 403, "Feed Reader"),
        (AZURE, 404, "project-scoped"),
        (OLDER_AZURE, 401, "Packaging (Read)"),
        ("https://pkgs.dev.azure.com.evil.example/a/b/c/d/", 401, "--username"),
        (FOREIGN, 401, "--username"),
        (FOREIGN, 404, "--no-check"),
    ],
)
def test_the_advice_is_in_the_terms_of_whoever_answers(url: str, status: int, advice: str) -> None:
    assert advice in FeedRefused(parse_index_url(url), status).next_step


def test_who_gave_no_token_is_asked_for_one() -> None:
    with pytest.raises(FeedRefused, match=r"asks for a token \(401\)"):
        judge(parse_index_url(FOREIGN), 401, "", with_token=False)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "Text/HTML; charset=utf-8",
        " text/html ;charset=x ",
        "application/vnd.pypi.simple.v1+json",
        "application/vnd.pypi.simple.v1+html",
        "application/vnd.pypi.simple.latest+json; x=y",
    ],
)
def test_every_form_of_a_simple_page_is_one(content_type: str) -> None:
    assert judge(parse_index_url(FOREIGN), 200, content_type, with_token=True) is None


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "text/plain",
        "text/htmlx",
        "x/text/html",
        "application/vnd.pypi.simple.v2+json",
    ],
)
def test_what_is_no_simple_page_is_named(content_type: str) -> None:
    with pytest.raises(NoIndex, match=content_type.replace("+", r"\+") or "not said"):
        judge(parse_index_url(FOREIGN), 200, content_type, with_token=True)


def test_a_strangers_words_stay_on_one_line() -> None:
    with pytest.raises(NoIndex) as caught:
        judge(parse_index_url(FOREIGN), 200, "a/b\r\n\x1b[31mred" + "x" * 1000, with_token=True)

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("status", [203, 204, 302, 429, 500, 503])
def test_any_other_answer_is_a_note(status: int) -> None:
    note = judge(parse_index_url(FOREIGN), status, "text/html", with_token=True)

    assert note == f"{FOREIGN} answered {status}: not tried further"
