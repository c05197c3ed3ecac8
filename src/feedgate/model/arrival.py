"""Whether a file came to a destination: what is left to say of it once the run that sent it is over."""

from enum import StrEnum


class Arrival(StrEnum):
    """By a run, before it already, or unknown: a run broke off, and no run has looked since."""

    SENT = "sent"
    PRESENT = "present"
    UNKNOWN = "unknown"
