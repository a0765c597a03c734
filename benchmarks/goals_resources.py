"""What gliner2_lite sets out to need at most, and what the results of the resource commands say about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.contestants import REFERENCE

BASE_HIDDEN, BASE_VOCABULARY = 768, 100_000  # from here on the shape is the base one with the real vocabulary
TINY = "tiny"
COLD_TIMES, COLD_SECONDS, COLD_TINY_SECONDS = 12.0, 0.6, 0.25
ANONYMOUS_MB, FURTHER_MB, GROWTH_PERCENT = 90.0, 100.0, 2.0
SLIM_MB, DOCUMENT_MB = 190.0, 150.0
THROUGHPUT_TIMES = 4.0

Item = dict[str, Any]


def compare_resources(result: dict[str, Any]) -> list[Item]:
    """Each goal that ``result`` has figures for.

    Items have ``what``, ``goal``, ``measured``, ``reference`` (texts; the last one is what gliner2 takes,
    empty where it was not asked) and ``reached``.
    """
    found: dict[str, Callable[[dict[str, Any]], list[Item]]] = {
        "cold-start": _cold_start, "memory": _memory, "footprint": _footprint, "throughput": _throughput,
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
    rows = {row["name"]: row for row in result["rows"]}
    theirs = rows[REFERENCE]["median_ms"] / 1000.0 if REFERENCE in rows else None
    for name, row in rows.items():
        seconds = row["median_ms"] / 1000.0
        if not name.startswith("int8"):
            continue
        what = f"{name}, process start to first result"
        if is_base(model):
            items.append(_at_most(what, seconds, COLD_SECONDS, "s", theirs))
            times = result["faster"].get(f"{name} / {REFERENCE}")
            if times is not None:
                items.append(_at_least(f"{name}, start faster than {REFERENCE}", times, COLD_TIMES))
        elif model.get("name") == TINY:
            items.append(_at_most(f"{what}, embedded model", seconds, COLD_TINY_SECONDS, "s"))
    return items


def _memory(result: dict[str, Any]) -> list[Item]:
    rows = {row["name"]: row for row in result["rows"]}
    row, theirs = rows.get("int8"), rows.get(REFERENCE, {})
    if row is None:
        return []
    items, base = [], is_base(result["model"])
    if base:
        what = "int8, anonymous after the first calls"
        other = _figure(theirs, "called", "anonymous_mb")
        items.append(_at_most(what, row["called"]["anonymous_mb"], ANONYMOUS_MB, "MB", other))
    if base and "each_further_mb" in row:
        other = theirs.get("each_further_mb")
        items.append(_at_most("int8, each further process", row["each_further_mb"], FURTHER_MB, "MB", other))
    if "growth" in row:
        growth = row["growth"]
        what = f"int8, growth over {growth['calls']} calls"
        item = _at_most(what, growth["anonymous_percent"], GROWTH_PERCENT, "%")
        items.append({**item, "goal": f"< {GROWTH_PERCENT:g} %"})
    if base and "document" in row:
        what = f"int8, peak above the loaded model, {row['document']['characters']} characters"
        other = _figure(theirs, "document", "above_mb")
        items.append(_at_most(what, row["document"]["above_mb"], DOCUMENT_MB, "MB", other))
    return items


def _footprint(result: dict[str, Any]) -> list[Item]:
    environments = result["environments"]
    theirs = environments["reference"]["bytes"] / 1e6 if "reference" in environments else None
    what = "slim environment, without the embedded model"
    return [_at_most(what, environments["slim"]["bytes"] / 1e6, SLIM_MB, "MB", theirs)]


def _throughput(result: dict[str, Any]) -> list[Item]:
    """Each contestant at the batch size that suits it best."""
    best = {
        name: max(row["results"][name]["texts_per_second"] for row in result["rows"])
        for name in result["contestants"]
    }
    if not is_base(result["model"]) or not {"int8", REFERENCE} <= set(best):
        return []
    what = f"int8, texts per second against {REFERENCE}'s best batch size"
    item = _at_least(what, best["int8"] / best[REFERENCE], THROUGHPUT_TIMES)
    measured = f"{item['measured']} ({best['int8']:.1f}/s)"
    return [{**item, "measured": measured, "reference": f"{best[REFERENCE]:.1f}/s"}]


def _figure(row: Mapping[str, Any], part: str, name: str) -> float | None:
    value = row.get(part, {}).get(name)
    return None if value is None else float(value)


def _at_most(what: str, measured: float, limit: float, unit: str, reference: float | None = None) -> Item:
    digits = 2 if unit == "s" else 1
    return {
        "what": what,
        "goal": f"≤ {limit:g} {unit}",
        "measured": f"{measured:.{digits}f} {unit}",
        "reference": "" if reference is None else f"{reference:.{digits}f} {unit}",
        "reached": measured <= limit,
    }


def _at_least(what: str, times: float, goal: float) -> Item:
    return {
        "what": what,
        "goal": f"≥ {goal:g}×",
        "measured": f"{times:.1f}×",
        "reference": "",
        "reached": times >= goal,
    }
