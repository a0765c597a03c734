"""What gliner2_lite sets out to reach: which goals apply to a model, and their rows in a report.

The goals of a command stand in the command's module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import REFERENCE
from benchmarks.tables import table

GOALS_FOR = "the deberta-v3-base shape and 2 cores"
BASE_LAYERS, BASE_HIDDEN = 12, 768
BASE_VOCABULARY = 100_000  # from here on it is the real vocabulary
TINY = "tiny"

#: One goal with its figure: ``what``, ``goal``, ``measured``, ``reference`` (texts; the last one is what
#: gliner2 takes, empty where it was not asked) and ``reached``.
Goal = dict[str, Any]


def is_base(model: dict[str, Any]) -> bool:
    """Whether the goals for the base shape apply."""
    return (
        model.get("hidden_size") == BASE_HIDDEN
        and model.get("layers") in (None, BASE_LAYERS)
        and (model.get("vocabulary") or 0) >= BASE_VOCABULARY
    )


def at_most(what: str, measured: float, limit: float, unit: str, reference: float | None = None) -> Goal:
    """The goal that a figure is no larger than ``limit``."""
    digits = 2 if unit == "s" else 1
    return {
        "what": what,
        "goal": f"≤ {limit:g} {unit}",
        "measured": f"{measured:.{digits}f} {unit}",
        "reference": "" if reference is None else f"{reference:.{digits}f} {unit}",
        "reached": measured <= limit,
    }


def at_least(what: str, times: float, goal: float) -> Goal:
    """The goal that something is at least ``goal`` times as fast."""
    return {
        "what": what,
        "goal": f"≥ {goal:g}×",
        "measured": f"{times:.1f}×",
        "reference": "",
        "reached": times >= goal,
    }


def goals_table(goals: Sequence[Goal]) -> list[str]:
    """Lines of a table of goals, with a column for gliner2 where it was measured; none for no goal."""
    if not goals:
        return []
    reference = any(goal["reference"] for goal in goals)
    rows = (
        [
            goal["what"], goal["goal"], goal["measured"], *([goal["reference"]] if reference else []),
            yes_or_no(goal["reached"]),
        ]
        for goal in goals
    )  # fmt: skip
    header = ["what", "goal", "measured", *([REFERENCE] if reference else []), "reached"]
    return ["## Goals", "", *table(header, rows), ""]


def yes_or_no(reached: bool) -> str:
    """Whether a goal was reached, in the words of the tables."""
    return "yes" if reached else "no"
