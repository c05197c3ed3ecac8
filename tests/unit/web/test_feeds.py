from feedgate.api.bodies import FeedBody
from feedgate.model.access import Role
from tests.builders.installation import TARGET, Installation


async def test_a_feed_is_shown_with_the_addresses_it_answers_at(installation: Installation) -> None:
    async with installation.local() as client:
        answer = await client.get("/api/v1/feeds/ACME/Pip-Feed")

    body = FeedBody.model_validate_json(answer.text)
    assert answer.status_code == 200
    assert (body.feed, body.role, body.serial) == ("acme/pip-feed", Role.OWNER, 1)
    assert body.targets == [str(TARGET)]
    assert body.simple_path == "/acme/_packaging/pip-feed/pypi/simple/"
    assert body.upload_path == "/acme/_packaging/pip-feed/pypi/upload"
    assert body.grants == {}
