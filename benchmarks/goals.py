"""What gliner2_lite sets out to reach, and what a latency result says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GOALS_FOR = "the deberta-v3-base shape and 2 cores"
GOAL_MODEL = {"layers": 12, "hidden_size": 768}
GOAL_SCHEMA = "entities-4"


@dataclass(frozen=True)
class Goal:
    """``fast`` should be at least ``times`` faster than ``slow`` on texts of ``words`` words."""

    fast: str
    slow: str
    words: int
    times: float


GOALS = (
    Goal("int8", "gliner2", 25, 6.0),
    Goal("int8", "gliner2", 100, 4.0),
    Goal("int8", "gliner2", 300, 3.0),
    Goal("int8", "optimum-fp32", 25, 3.0),
    Goal("int8", "optimum-fp32", 100, 2.5),
    Goal("int8", "optimum-fp32", 300, 2.0),
    Goal("fp32", "gliner2", 25, 3.0),
    Goal("fp32", "gliner2", 100, 2.0),
    Goal("fp32", "gliner2", 300, 1.6),
)
PRODUCT_GOALS = "at least 70 % at 64 tokens, 60 % at 256"
OUTSIDE_WORDS, OUTSIDE_MS, OUTSIDE_SHARE = 25, 1.5, 0.08


def compare_goals(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Each goal that the latency ``result`` has figures for, with what was measured.

    Items have ``what``, ``words``, ``goal`` and ``measured`` (texts) and ``reached``.
    """
    if {key: result["model"].get(key) for key in GOAL_MODEL} != GOAL_MODEL:
        return []
    rows = {row["words"]: row for row in result["rows"] if row["schema"] == GOAL_SCHEMA}
    items = []
    for goal in GOALS:
        measured = rows.get(goal.words, {}).get("faster", {}).get(f"{goal.fast} / {goal.slow}")
        if measured is not None:
            items.append(
                {
                    "what": f"{goal.fast} faster than {goal.slow}",
                    "words": goal.words,
                    "goal": f"≥ {goal.times:g}×",
                    "measured": f"{measured:.2f}×",
                    "reached": measured >= goal.times,
                }
            )
    ours = rows.get(OUTSIDE_WORDS, {}).get("results", {}).get("int8")
    if ours is not None and "outside_ms" in ours:
        share = ours["outside_ms"] / ours["median_ms"]
        items.append(
            {
                "what": "int8, time outside the session",
                "words": OUTSIDE_WORDS,
                "goal": f"≤ {OUTSIDE_MS:g} ms and ≤ {OUTSIDE_SHARE:.0%}",
                "measured": f"{ours['outside_ms']:.2f} ms, {share:.1%}",
                "reached": ours["outside_ms"] <= OUTSIDE_MS and share <= OUTSIDE_SHARE,
            }
        )
    return items
