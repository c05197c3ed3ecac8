"""Who waits for a file to show on a page sees a page that was read after it asked, and shares the read."""

import asyncio

import pytest

from feedgate.model.index import NoSuchProject, ProjectPage, UpstreamUnavailable
from feedgate.model.names import ProjectName, parse_project_name
from feedgate.outside.page_looks import PageLooks

DEMO, OTHER = parse_project_name("demo"), parse_project_name("other")


class Index:
    """Gives the pages of ``answers`` one after the other, each when it is let go."""

    def __init__(self, *answers: ProjectPage | Exception) -> None:
        self.answers = list(answers)
        self.begun: list[ProjectName] = []
        self.may_go = asyncio.Semaphore(0)

    async def page(self, name: ProjectName) -> ProjectPage:
        self.begun.append(name)
        answer = self.answers.pop(0)
        await self.may_go.acquire()
        if isinstance(answer, Exception):
            raise answer
        return answer


def numbered(number: int, name: ProjectName = DEMO) -> ProjectPage:
    return ProjectPage(name, (), str(number))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_all_who_ask_while_a_page_is_read_share_the_next_read() -> None:
    index = Index(numbered(1), numbered(2))
    looks = PageLooks(index.page)
    first = asyncio.ensure_future(looks.page(DEMO))
    await settle()
    later = [asyncio.ensure_future(looks.page(DEMO)) for _ in range(20)]
    await settle()
    assert index.begun == [DEMO]

    for _ in range(2):
        index.may_go.release()

    assert await first == numbered(1)
    assert await asyncio.gather(*later) == [numbered(2)] * 20
    assert index.begun == [DEMO, DEMO]
    assert looks.last == {DEMO: numbered(2)}


async def test_projects_do_not_wait_for_each_other() -> None:
    index = Index(numbered(1), numbered(2, OTHER))
    looks = PageLooks(index.page)
    both = [asyncio.ensure_future(looks.page(name)) for name in (DEMO, OTHER)]
    await settle()

    assert index.begun == [DEMO, OTHER]
    for _ in both:
        index.may_go.release()
    await asyncio.gather(*both)


async def test_no_page_and_no_answer_are_told_apart_and_the_next_look_asks_anew() -> None:
    index = Index(
        NoSuchProject(DEMO, index="it"), UpstreamUnavailable("demo", reason="it was cut"), numbered(3)
    )
    looks = PageLooks(index.page)
    for _ in range(3):
        index.may_go.release()

    assert await looks.page(DEMO) is None
    assert looks.last == {DEMO: None}
    with pytest.raises(UpstreamUnavailable):
        await looks.page(DEMO)
    assert await looks.page(DEMO) == numbered(3)


async def test_one_who_gives_up_leaves_the_others_their_page() -> None:
    index = Index(numbered(1))
    looks = PageLooks(index.page)
    one, other = (asyncio.ensure_future(looks.page(DEMO)) for _ in range(2))
    await settle()
    one.cancel()
    index.may_go.release()

    assert await other == numbered(1)
