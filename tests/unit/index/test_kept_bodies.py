"""Bodies that are kept: the latest used, and never more bytes than allowed."""

from feedgate.index.kept_bodies import KeptBodies


def test_what_was_kept_comes_back() -> None:
    kept = KeptBodies()
    kept.keep("a", b"body")

    assert kept.get("a") == b"body"
    assert kept.get("b") is None


def test_the_least_lately_used_is_forgotten_first() -> None:
    kept = KeptBodies(most_bytes=4)
    kept.keep("a", b"aa")
    kept.keep("b", b"bb")
    kept.get("a")
    kept.keep("c", b"c")

    assert [kept.get(etag) for etag in "abc"] == [b"aa", None, b"c"]


def test_what_is_larger_than_all_may_be_forgets_nothing() -> None:
    kept = KeptBodies(most_bytes=4)
    kept.keep("a", b"aaaa")
    kept.keep("b", b"bbbbb")

    assert (kept.get("a"), kept.get("b")) == (b"aaaa", None)


def test_the_same_body_twice_counts_once() -> None:
    kept = KeptBodies(most_bytes=4)
    for _ in range(3):
        kept.keep("a", b"aa")
    kept.keep("b", b"bb")

    assert (kept.get("a"), kept.get("b")) == (b"aa", b"bb")
