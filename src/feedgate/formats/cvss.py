"""CVSS vectors: the base score of version 3, worked out by the standard's own formulas.

Only its four classes matter here. A vector of version 4 is read as the one of version 3 that
comes closest to it (decision 0013): the tables of version 4 would buy a decimal that nobody reads.
"""

import math
from collections.abc import Mapping
from typing import Final

from feedgate.model.advisory import AdvisorySeverity

_ATTACK_VECTOR: Final = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY: Final = {"L": 0.77, "H": 0.44}
_PRIVILEGES: Final = {"N": 0.85, "L": 0.62, "H": 0.27}
_PRIVILEGES_CHANGED: Final = {"N": 0.85, "L": 0.68, "H": 0.5}
_INTERACTION: Final = {"N": 0.85, "R": 0.62}
_IMPACT: Final = {"N": 0.0, "L": 0.22, "H": 0.56}
_LONGEST_VECTOR: Final = 500


def base_score(vector: str) -> float | None:
    """Return the base score, 0.0 to 10.0, of a vector of version 3.0, 3.1 or 4.0; None if it is none.

    The formulas are those of CVSS 3.1, section 7.1; a vector of version 3.0 differs by rounding alone.
    """
    version, _, rest = vector[:_LONGEST_VECTOR].partition("/")
    metrics = dict(part.partition(":")[::2] for part in rest.split("/"))
    try:
        if version in {"CVSS:3.0", "CVSS:3.1"}:
            return _score(metrics)
        if version == "CVSS:4.0":
            return _score(_as_version_3(metrics))
    except KeyError:
        return None
    return None


def severity_of(score: float) -> AdvisorySeverity:
    """Return the class of a score (CVSS 3.1, section 5); a score of 0.0 is low."""
    if score >= 9.0:
        return AdvisorySeverity.CRITICAL
    if score >= 7.0:
        return AdvisorySeverity.HIGH
    return AdvisorySeverity.MEDIUM if score >= 4.0 else AdvisorySeverity.LOW


def _score(metrics: Mapping[str, str]) -> float:
    is_changed = {"U": False, "C": True}[metrics["S"]]
    left = math.prod(1 - _IMPACT[metrics[name]] for name in ("C", "I", "A"))
    base = 1 - left
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if is_changed else 6.42 * base
    exploitability = (
        8.22
        * _ATTACK_VECTOR[metrics["AV"]]
        * _COMPLEXITY[metrics["AC"]]
        * (_PRIVILEGES_CHANGED if is_changed else _PRIVILEGES)[metrics["PR"]]
        * _INTERACTION[metrics["UI"]]
    )
    if impact <= 0:
        return 0.0
    return _rounded_up(min((1.08 if is_changed else 1) * (impact + exploitability), 10))


def _rounded_up(score: float) -> float:
    """Return the next tenth, as appendix A does it: in whole numbers, lest 4.02 becomes 4.1 by chance."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10


def _as_version_3(metrics: Mapping[str, str]) -> dict[str, str]:
    """Return the metrics of version 3 that say what those of version 4 do.

    What lies behind the vulnerable system counts as the system's own, in a changed scope.
    """
    behind = {name: metrics[f"S{name}"] for name in ("C", "I", "A")}
    return {
        "AV": metrics["AV"],
        "AC": "H" if metrics["AC"] == "H" or metrics["AT"] == "P" else "L",
        "PR": metrics["PR"],
        "UI": {"N": "N", "P": "R", "A": "R"}[metrics["UI"]],
        "S": "U" if set(behind.values()) == {"N"} else "C",
        **{name: _graver(metrics[f"V{name}"], behind[name]) for name in behind},
    }


def _graver(one: str, other: str) -> str:
    return max(one, other, key=lambda value: _IMPACT[value])
