"""Markdown of ``cold-start``, ``memory``, ``footprint``, ``small-device`` and ``resources``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import REFERENCE
from benchmarks.goals_resources import compare_resources
from benchmarks.tables import describe_model_line, table

MEMORY_COLUMNS = {
    "rss_mb": "resident", "anonymous_mb": "anonymous", "file_mb": "files", "pss_mb": "PSS", "own_mb": "own",
}  # fmt: skip


def cold_start(result: dict[str, Any]) -> list[str]:
    """Totals with ratios, and where the time goes."""
    rows, repetitions = result["rows"], result["settings"]["repetitions"]
    pairs = result["faster"]
    totals = (
        [
            row["name"],
            result["contestants"][row["name"]]["label"],
            f"**{row['median_ms']:.0f}** ({row['p10_ms']:.0f}–{row['p90_ms']:.0f})",
            f"{times:.1f}×" if (times := pairs.get(f"{row['name']} / gliner2")) else "",
        ]
        for row in rows
    )
    phases = list(rows[0]["phases_ms"])
    parts = ([row["name"], *(f"{row['phases_ms'][phase]:.0f}" for phase in phases)] for row in rows)
    return [
        "# Cold start",
        "",
        f"Milliseconds from exec to the first printed result of a fresh process, median (10th to 90th "
        f"percentile) of {repetitions} starts each, in turn, page cache warm; entities with 4 labels in a "
        f"text of {result['settings']['words']} words.",
        "",
        *describe_model_line(result),
        *table(["contestant", "what it is", "ms", "faster than gliner2"], totals),
        "",
        "## Where it goes",
        "",
        "Medians of each part. A part that is loaded on first use counts as that part, not the first call. "
        "For gliner2, graph means modules and weights.",
        "",
        *table(["ms", *phases], parts),
        "",
        *goals_table(compare_resources(result)),
    ]


def memory(result: dict[str, Any]) -> list[str]:
    """One process, several, growth."""
    settings = result["settings"]
    first, processes = settings["first_calls"], settings["processes"]
    shortest, longest = settings["first_words"]

    def cells(usage: dict[str, float]) -> list[str]:
        return [f"{usage[name]:.0f}" for name in MEMORY_COLUMNS]

    single = [
        [f"{row['name']}, {when}", *cells(row[key])]
        for row in result["rows"]
        for key, when in (("loaded", "loaded"), ("called", f"after {first} calls"))
    ]
    lines = [
        "# Memory",
        "",
        f"Megabytes (10⁶ bytes) from smaps_rollup, contestants one after another. Mixed calls: texts of "
        f"{shortest} to {longest} words, the schemas {', '.join(settings['schemas'])} in turn. Anonymous "
        "memory cannot be given back; pages of files are shared and can be dropped. PSS divides each page by "
        "the processes that have it, others included; own are pages that no other process has."
        + (f" Our variants run with the profile {profile}." if (profile := settings["profile"]) else ""),
        "",
        *describe_model_line(result),
        "## One process",
        "",
        *table(["MB", *MEMORY_COLUMNS.values()], single),
        "",
    ]
    if processes > 1:
        lines += [
            f"## {processes} processes", "",
            f"Each after {first} calls. A further one costs what it adds to the sum of PSS.", "",
            *table(
                ["MB", "sum of PSS", "sum of resident", "own, each", "a further one costs"],
                (
                    [
                        row["name"],
                        f"{sum(one['pss_mb'] for one in row['together']):.0f}",
                        f"{sum(one['rss_mb'] for one in row['together']):.0f}",
                        f"{sum(one['own_mb'] for one in row['together']) / processes:.0f}",
                        f"{row['each_further_mb']:.0f}",
                    ]
                    for row in result["rows"]
                ),
            ),
            "",
        ]  # fmt: skip
    grown = [row for row in result["rows"] if "growth" in row]
    if grown:
        shortest, longest = settings["words"]
        lines += [
            "## Growth", "",
            f"{settings['calls']} mixed calls, texts of {shortest} to {longest} words, after "
            f"{grown[0]['growth']['warm_calls']} for warming up, the longest of all texts among them; means "
            "of the first and last tenth of the readings.", "",
            *table(
                ["", "resident", "anonymous"],
                (
                    [row["name"], f"{row['growth']['rss_percent']:+.2f} %",
                     f"{row['growth']['anonymous_percent']:+.2f} %"]
                    for row in grown
                ),
            ),
            "",
        ]  # fmt: skip
    read = [row for row in result["rows"] if "document" in row]
    if read:
        lines += [
            "## A long document", "",
            f"{read[0]['document']['characters']} characters through `extract_long`, in a process that has "
            "answered nothing before; the peak is the largest resident size while it is read.", "",
            *table(
                ["MB", "resident, loaded", "peak", "above loaded", "resident, after", "anonymous, after"],
                (
                    [
                        row["name"],
                        *(f"{value:.0f}" for value in (
                            one["before"]["rss_mb"], one["peak_rss_mb"], one["above_mb"],
                            one["after"]["rss_mb"], one["after"]["anonymous_mb"],
                        )),
                    ]
                    for row in read
                    for one in (row["document"],)
                ),
            ),
            "",
        ]  # fmt: skip
    return lines + goals_table(compare_resources(result))


def footprint(result: dict[str, Any]) -> list[str]:
    """Environments, their largest packages, bundles by file."""
    lines = ["# Footprint", "", "Megabytes (10⁶ bytes) of files.", ""]
    names = {"slim": "slim environment", "reference": "the reference's environment"}
    lines += table(
        ["environment", "what is counted", "MB", "of it bytecode", "packages"],
        (
            [
                names[name],
                f"{one['requirement']} and its dependencies",
                f"**{_mb(one['bytes'])}**",
                _mb(one["bytecode_bytes"]),
                str(len(one["packages"])),
            ]
            for name, one in result["environments"].items()
        ),
    )
    slim = result["environments"]["slim"]
    lines += ["", f"The embedded model ({_mb(slim['embedded_bytes'])} MB) is not counted, nor is pip.", ""]
    for name, one in result["environments"].items():
        lines += [f"## {names[name]}, largest packages", ""]
        lines += table(
            ["package", "version", "MB", "of it bytecode"],
            (
                [item["name"], item["version"], _mb(item["bytes"]), _mb(item["bytecode"])]
                for item in one["packages"][:10]
            ),
        )
        lines.append("")
    for row in result["rows"]:
        lines += [f"## Bundle {row['name']}", ""]
        lines += table(["file", "MB"], ([name, _mb(size)] for name, size in row["files"].items()))
        lines.append("")
        lines += table(
            ["variant", "MB that it needs"], ([name, _mb(size)] for name, size in row["variants"].items())
        )
        lines.append("")
    return lines + goals_table(compare_resources(result))


def small_device(result: dict[str, Any]) -> list[str]:
    """What fits."""
    settings = result["settings"]
    shortest, longest = settings["words"]

    def number(row: dict[str, Any], name: str, digits: int = 0) -> str:
        return f"{row[name]:.{digits}f}" if row.get(name) is not None else ""

    def status(row: dict[str, Any]) -> str:
        if row["status"] == "fits":
            return "fits" if row["limit"] != "none" else "runs"
        return f'{row["status"]} after "{row["reached"]}": {row["detail"]}'

    lines = [
        "# Small device",
        "",
        f"1 thread on 1 processor, {settings['limit_mb']} MiB; {settings['texts']} texts of {shortest} to "
        f"{longest} words, entities with 4 labels, a fresh process each. A control group limits what is "
        "resident, as a container's limit does; the address-space limit (RLIMIT_AS) counts every mapped byte "
        "and is stricter than a device of that size.",
        "",
    ]
    if "no_group" in settings:
        lines += [f"No control group could be made here ({settings['no_group']}).", ""]
    lines += table(
        ["bundle", "variant", "limit", "result", "load, s", "median ms", "slowest ms", "peak resident, MB",
         "peak address space, MB", "anonymous, MB"],
        (
            [
                row["bundle"], row["variant"], row["limit"], status(row), number(row, "load_seconds", 2),
                number(row, "median_ms", 1), number(row, "slowest_ms", 1), number(row, "peak_rss_mb"),
                number(row, "peak_address_mb"), number(row, "anonymous_mb"),
            ]
            for row in result["rows"]
        ),
    )  # fmt: skip
    return [*lines, ""]


def resources(result: dict[str, Any]) -> list[str]:
    """Every goal with its figure, from the results of the other commands."""
    settings = result["settings"]
    busy = {row["part"]: row["others_percent"] for row in result["rows"] if row["others_percent"] is not None}
    told = ", ".join(f"{part} {percent:.0f} %" for part, percent in busy.items())
    return [
        "# What a model needs",
        "",
        "The commands cold-start, memory, footprint and throughput in turn: "
        f"{settings['repetitions']} starts, {settings['first_calls']} first calls in each of "
        f"{settings['processes']} processes, {settings['calls']} calls watched for growth, "
        f"{settings['texts']} texts per batch size. Their own reports lie beside this one.",
        "",
        *describe_model_line(result),
        *goals_table(result["rows"]),
        *([f"Others used of the machine, by part: {told}.", ""] if told else []),
    ]


def goals_table(goals: Sequence[dict[str, Any]]) -> list[str]:
    """A table of ``compare_resources``' items, with a column for gliner2 where it was measured."""
    if not goals:
        return []
    reference = any(goal["reference"] for goal in goals)
    rows = (
        [
            goal["what"], goal["goal"], goal["measured"], *([goal["reference"]] if reference else []),
            "yes" if goal["reached"] else "no",
        ]
        for goal in goals
    )  # fmt: skip
    header = ["what", "goal", "measured", *([REFERENCE] if reference else []), "reached"]
    return ["## Goals", "", *table(header, rows), ""]


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f}"
