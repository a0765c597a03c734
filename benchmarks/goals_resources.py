"""What gliner2_lite sets out to need at most, and what the results of the resource commands say about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BASE_HIDDEN, BASE_VOCABULARY = 768, 100_000  # from here on the shape is the base one with the real vocabulary
TINY = "tiny"
COLD_TIMES, COLD_SECONDS, COLD_TINY_SECONDS = 12.0, 0.6, 0.25
ANONYMOUS_MB, FURTHER_MB, GROWTH_PERCENT = 90.0, 100.0, 2.0
SLIM_MB, DOCUMENT_MB = 190.0, 150.0

Item = dict[str, Any]


def compare_resources(result: dict[str, Any]) -> list[Item]:
    """Each goal that ``result`` has figures for: ``what``, ``goal``, ``measured`` (texts) and ``reached``."""
    found: dict[str, Callable[[dict[str, Any]], list[Item]]] = {
        "cold-start": _cold_start, "memory": _memory, "footprint": _footprint,
    }  # fmt: skip
    return found[result["kind"]](result)


def is_base(model: dict[str, Any]) -> bool:
    """Whether the goals for the base shape apply."""
    return (
        model.get("hidden_size") == BASE_HIDDEN
        and model.get("layers") in (None, 12)
        and (model.get("vocabulary") or 0) >= BASE_VOCABULARY
    )


def _cold_start(result: dict[str, Any]) -> list[Item]:
    items, model = [], result["model"]
    for row in result["rows"]:
        name, seconds = row["name"], row["median_ms"] / 1000.0
        if not name.startswith("int8"):
            continue
        what = f"{name}, process start to first result"
        if is_base(model):
            items.append(_at_most(what, seconds, COLD_SECONDS, "s"))
            times = result["faster"].get(f"{name} / gliner2")
            if times is not None:
                items.append(
                    {
                        "what": f"{name} faster than gliner2",
                        "goal": f"≥ {COLD_TIMES:g}×",
                        "measured": f"{times:.1f}×",
                        "reached": times >= COLD_TIMES,
                    }
                )
        elif model.get("name") == TINY:
            items.append(_at_most(what, seconds, COLD_TINY_SECONDS, "s"))
    return items


def _memory(result: dict[str, Any]) -> list[Item]:
    items = []
    for row in result["rows"]:
        if row["name"] != "int8":
            continue
        if is_base(result["model"]):
            items.append(
                _at_most(
                    "int8, anonymous after the first calls", row["called"]["anonymous_mb"], ANONYMOUS_MB, "MB"
                )
            )
            if "each_further_mb" in row:
                items.append(_at_most("int8, each further process", row["each_further_mb"], FURTHER_MB, "MB"))
        if "growth" in row:
            growth = row["growth"]
            item = _at_most(
                f"int8, growth over {growth['calls']} calls", growth["anonymous_percent"], GROWTH_PERCENT, "%"
            )
            items.append({**item, "goal": f"< {GROWTH_PERCENT:g} %"})
        if "document" in row and is_base(result["model"]):
            size = row["document"]["characters"]
            items.append(
                _at_most(
                    f"int8, peak above the loaded model, {size} characters",
                    row["document"]["above_mb"],
                    DOCUMENT_MB,
                    "MB",
                )
            )
    return items


def _footprint(result: dict[str, Any]) -> list[Item]:
    slim = result["environments"]["slim"]["bytes"] / 1e6
    return [_at_most("slim environment, without the embedded model", slim, SLIM_MB, "MB")]


def _at_most(what: str, measured: float, limit: float, unit: str) -> Item:
    digits = 2 if unit == "s" else 1
    return {
        "what": what,
        "goal": f"≤ {limit:g} {unit}",
        "measured": f"{measured:.{digits}f} {unit}",
        "reached": measured <= limit,
    }
