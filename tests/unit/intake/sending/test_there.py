"""What a destination has of a closure, by its pages."""

from dataclasses import replace

from feedgate.intake.sending.sent import End, SentFile
from feedgate.intake.sending.there import in_words, missing_of, with_addresses, with_our_bytes
from feedgate.model.index import ProjectPage
from tests.unit.intake.sending.test_ranks import row


def test_the_address_of_a_file_is_kept_without_what_could_be_a_credential() -> None:
    demo = row("demo")
    name = demo.file.filename
    address = f"https://someone:c4n4ry@files.example:8443/a/{name}?sig=c4n4ry#c4n4ry"
    page = ProjectPage(demo.project, (replace(demo.file, filename=name.capitalize(), source=address),), "")

    found = with_addresses({name: SentFile(End.SENT)}, [demo], {demo.project: page})

    assert found == {name: SentFile(End.SENT, address=f"https://files.example:8443/a/{name}")}


def test_what_no_page_lists_has_no_address_and_is_missing() -> None:
    demo, other = row("demo"), row("other")
    pages = {demo.project: None, other.project: ProjectPage(other.project, (other.file,), "")}
    files = {one.file.filename: SentFile(End.SENT) for one in (demo, other)}

    assert with_addresses(files, [demo, other], pages) == files
    assert missing_of([demo, other], pages) == [demo]


def test_a_file_in_whose_place_other_bytes_were_accepted_is_none_of_ours() -> None:
    rows = [row("demo"), row("other"), row("sent")]
    ends = (SentFile(End.PRESENT), SentFile(End.PRESENT, "other bytes stay"), SentFile(End.SENT))
    files = {one.file.filename: end for one, end in zip(rows, ends, strict=True)}

    assert with_our_bytes(rows, files) == [rows[0], rows[2]]


def test_only_the_first_ten_that_are_not_there_are_named_and_those_that_wait_are_counted() -> None:
    files = {f"f{number:02}": SentFile(End.REFUSED, "no") for number in range(12)}
    files |= {"kept": SentFile(End.KEPT_BACK, "depends on f00"), "there": SentFile(End.SENT)}

    said = in_words(files)

    assert said.startswith("f00: no; f01: no; ")
    assert said.endswith("f09: no; and 2 more; 1 files that depend on them were kept back")
