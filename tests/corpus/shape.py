"""One archive of the corpus: how it is made, and what the gate is to make of it on either way in."""

from collections.abc import Callable
from dataclasses import dataclass

from feedgate.model.decision import Verdict

ADMIT, HOLD, REFUSE = Verdict.ADMIT, Verdict.HOLD, Verdict.REFUSE

WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"


@dataclass(frozen=True, slots=True)
class Shape:
    """``code`` is a finding that must be among those made; None where there is to be none."""

    name: str
    filename: str
    make: Callable[[], bytes]
    upload: Verdict
    imported: Verdict
    code: str | None


def refused(name: str, code: str, make: Callable[[], bytes], filename: str = WHEEL) -> Shape:
    """Return a shape that neither way lets in."""
    return Shape(name, filename, make, REFUSE, REFUSE, code)


def odd(name: str, code: str, make: Callable[[], bytes], filename: str = WHEEL) -> Shape:
    """Return a shape that is only odd: uploads can be built anew, what PyPI has is let in."""
    return Shape(name, filename, make, REFUSE, ADMIT, code)


def held(name: str, code: str, make: Callable[[], bytes], filename: str = WHEEL) -> Shape:
    """Return a shape that a person is to look at where PyPI has it."""
    return Shape(name, filename, make, REFUSE, HOLD, code)


def sound(name: str, make: Callable[[], bytes], filename: str = WHEEL, code: str | None = None) -> Shape:
    """Return a shape that both ways let in; ``code`` is a note."""
    return Shape(name, filename, make, ADMIT, ADMIT, code)
