"""A string that must not be shown: it prints as stars wherever it turns up."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Holds a credential; only ``reveal()`` gives it back."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the credential itself, for the one place that must send it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"
