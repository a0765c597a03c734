"""Results as files and as Markdown tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.goals import GOALS_FOR, PRODUCT_GOALS, compare_goals
from benchmarks.goals_resources import compare_resources
from benchmarks.report_accuracy import accuracy
from benchmarks.report_resources import cold_start, footprint, goals_table, memory, resources, small_device
from benchmarks.tables import describe_model_line, table

BUSY_PERCENT = 10.0  # of the machine taken by others: from here on the figures are doubtful


def write_result(result: dict[str, Any], out: Path, name: str | None = None) -> str:
    """Write ``<name>.json`` and ``<name>.md`` (None: the kind) into ``out``; returns the Markdown."""
    markdown = render(result)
    name = name or result["kind"]
    (out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / f"{name}.md").write_text(markdown, encoding="utf-8")
    return markdown


def render(result: dict[str, Any]) -> str:
    """The Markdown of a result of any kind."""
    return "\n".join([*RENDERERS[result["kind"]](result), *_machine(result["machine"])]) + "\n"


def _latency(result: dict[str, Any]) -> list[str]:
    names = list(result["contestants"])
    samples = result["settings"]["repetitions"] * result["settings"]["calls_per_turn"]
    lines = [
        "# Latency, one text at a time",
        "",
        f"Median milliseconds per call (10th to 90th percentile), {samples} calls on {samples} different "
        "texts, all contestants in turn.",
        "",
        *_contestants(result),
    ]
    grid = [row for row in result["rows"] if row["group"] == "grid"]
    for schema in dict.fromkeys(row["schema"] for row in grid):
        rows = [row for row in grid if row["schema"] == schema]
        lines += [
            f"## {rows[0]['title']}",
            "",
            *_timings("words", [(_words(row), row) for row in rows], names),
        ]
    labels = [row for row in result["rows"] if row["group"] == "labels"]
    if labels:
        named = [(row["schema"].removeprefix("labels-"), row) for row in labels]
        lines += [f"## Number of class labels, texts of {labels[0]['words']} words", ""]
        lines += _timings("labels", named, names)
    return lines + _outside(result) + _goals(result) + _same_answers(result)


def _throughput(result: dict[str, Any]) -> list[str]:
    settings, rate = result["settings"], "texts_per_second"
    shortest, longest = settings["words"]
    header = ["batch size", *result["contestants"], *result["rows"][0]["faster"]]
    rows = (
        [
            str(row["batch_size"]),
            *(f"{row['results'][name][rate]:.2f}" for name in result["contestants"]),
            *(f"{value:.2f}×" for value in row["faster"].values()),
        ]
        for row in result["rows"]
    )
    return [
        "# Throughput",
        "",
        f"Texts per second: {settings['texts']} texts of {shortest} to {longest} words, "
        f"{result['rows'][0]['title']}, median of {settings['repetitions']} passes.",
        "",
        *_contestants(result),
        *table(header, rows),
        "",
        *goals_table(compare_resources(result)),
    ]


def _profile(result: dict[str, Any]) -> list[str]:
    variant, runs = result["settings"]["variant"], result["settings"]["runs"]
    lines = [
        f"# Profile of the {variant} graph",
        "",
        f"Mean of the fastest quarter of {runs} runs with onnxruntime's profiler on, which slows graphs of "
        "many small nodes. Shares are of the session's time.",
        "",
    ]
    if variant == "int8":
        lines += [f"Goals for the first kind below, {GOALS_FOR}: {PRODUCT_GOALS}.", ""]
    kinds = list(result["rows"][0]["kinds"])
    lines += table(
        ["tokens", "session ms", *kinds],
        (
            [str(row["tokens"]), f"{row['session_ms']:.1f}", *(f"{row['kinds'][kind]:.1%}" for kind in kinds)]
            for row in result["rows"]
        ),
    )
    for row in result["rows"]:
        lines += ["", f"## {row['tokens']} tokens", ""]
        lines += table(
            ["operator", "kind", "nodes", "ms", "share"],
            (
                [
                    item["operator"],
                    item["kind"],
                    str(item["nodes"]),
                    f"{item['ms']:.2f}",
                    f"{item['share']:.1%}",
                ]
                for item in row["operators"]
                if item["share"] >= 0.002
            ),
        )
    return [*lines, ""]


def _words(row: dict[str, Any]) -> str:
    return str(row["words"]) + (f" ({row['tokens']} tokens)" if row["tokens"] else "")


def _timings(title: str, named: Sequence[tuple[str, dict[str, Any]]], names: Sequence[str]) -> list[str]:
    """Two tables: times, and how many times faster ours are (none when there is nobody to compare with)."""

    def cell(summary: dict[str, Any]) -> str:
        return f"**{summary['median_ms']:.1f}** ({summary['p10_ms']:.1f}–{summary['p90_ms']:.1f})"

    times = ([place, *(cell(row["results"][name]) for name in names)] for place, row in named)
    lines = [*table([title, *names], times), ""]
    pairs = list(named[0][1]["faster"])
    if pairs:
        ratios = ([place, *(f"{row['faster'][pair]:.2f}×" for pair in pairs)] for place, row in named)
        header = ["times faster", *(pair.replace(" / ", " than ") for pair in pairs)]
        lines += [*table(header, ratios), ""]
    return lines


def _outside(result: dict[str, Any]) -> list[str]:
    """What our variants spend outside the graph's session."""
    names = [name for name in ("int8", "fp32") if name in result["contestants"]]
    rows = [row for row in result["rows"] if row["group"] == "grid"]
    if not names or not rows:
        return []

    def cell(summary: dict[str, Any]) -> str:
        return f"{summary['outside_ms']:.2f} ms, {summary['outside_ms'] / summary['median_ms']:.1%}"

    body = (
        [row["title"], str(row["words"]), *(cell(row["results"][name]) for name in names)] for row in rows
    )
    lines = ["## Outside the session", "", "Prompt, tokenization, counts, spans, decoding, formatting.", ""]
    return [*lines, *table(["schema", "words", *names], body), ""]


def _goals(result: dict[str, Any]) -> list[str]:
    goals = compare_goals(result)
    if not goals:
        return []
    rows = (
        [goal["what"], str(goal["words"]), goal["goal"], goal["measured"], "yes" if goal["reached"] else "no"]
        for goal in goals
    )
    header = ["entities, 4 labels", "words", "goal", "measured", "reached"]
    note = f"Set for {GOALS_FOR}; this run used {result['machine']['threads']} thread(s)."
    return ["## Goals", "", note, "", *table(header, rows), ""]


def _same_answers(result: dict[str, Any]) -> list[str]:
    lines = []
    for name in dict.fromkeys(name for row in result["rows"] for name in row["same_answer"]):
        rows = [row for row in result["rows"] if name in row["same_answer"]]
        same = sum(row["same_answer"][name] for row in rows)
        lines.append(f"- {name} gave the answers of gliner2 on {same} of {len(rows)} texts compared.")
    return [*lines, ""] if lines else []


def _contestants(result: dict[str, Any]) -> list[str]:
    rows = (
        [
            name,
            entry["label"],
            f"{entry['load_seconds']:.2f}",
            f"{entry['peak_mb']:.0f}",
            f"{entry['weights_mb']:.0f}",
        ]
        for name, entry in result["contestants"].items()
    )
    header = ["contestant", "what it is", "load, s", "peak memory, MB", "weights, MB"]
    return [*describe_model_line(result), *table(header, rows), ""]


def _machine(machine: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    flags = ", ".join(machine["flags"]) or "none of those looked for"
    lines = [
        f"{machine['date']}; {machine['cpu']} ({machine['architecture']}; {flags}), "
        f"{machine['cores']} cores, {machine['threads']} thread(s) pinned to processors "
        f"{machine['cpus_used']}, {machine['memory_gb']} GB; "
        f"{machine['system']}; Python {machine['python']}; {versions}.",
    ]
    others = machine.get("others_percent")
    if others is not None:
        doubt = (
            " **The machine was busy: take these figures with caution.**" if others >= BUSY_PERCENT else ""
        )
        lines += ["", f"Other processes used {others:.0f} % of the machine meanwhile.{doubt}"]
    return lines


RENDERERS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "latency": _latency,
    "throughput": _throughput,
    "profile": _profile,
    "cold-start": cold_start,
    "memory": memory,
    "footprint": footprint,
    "small-device": small_device,
    "resources": resources,
    "accuracy": accuracy,
}
