"""How a command's error is said."""

import pytest
from pydantic import ValidationError

from feedgate.api.bodies import RunCreation, TokenCreation, YankBody
from feedgate.cli.exit import Exit
from feedgate.cli.failure import say_failure


@pytest.mark.parametrize(
    ("body", "member", "value"),
    [
        (YankBody, "reason", "two\nlines"),
        (RunCreation, "reason", "a\x1b[2Jb"),
        (TokenCreation, "expires_in_seconds", 100 * 366 * 86400),
    ],
)
def test_an_option_that_no_request_can_carry_is_how_the_command_was_called(
    body: type[YankBody], member: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        body.model_validate({member: value})

    assert say_failure(caught.value, as_json=False) == Exit.USAGE
    said = capsys.readouterr().err
    assert said.startswith(f"feedgate: {member}: ")
    assert "\x1b" not in said
