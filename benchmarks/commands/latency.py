"""``latency``: one text at a time, all contestants in turn on the same text."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.contestants import EXACT, OURS, PAIRS, REFERENCE
from benchmarks.goals import BASE_HIDDEN, BASE_LAYERS, GOALS_FOR, yes_or_no
from benchmarks.measuring import measured_run, progress, take_turns
from benchmarks.options import add_run_options, add_texts_option, make_settings, names, positives
from benchmarks.plot import Panel, write_plot
from benchmarks.pool import Worker
from benchmarks.results import write_result
from benchmarks.schemas import GRID, LABEL_COUNTS, TITLES
from benchmarks.settings import Settings
from benchmarks.stats import ratios, summarize
from benchmarks.tables import contestant_lines, table
from benchmarks.texts import exact_texts
from gliner2_lite.errors import InputError

GOAL_MODEL = {"layers": BASE_LAYERS, "hidden_size": BASE_HIDDEN}
GOAL_SCHEMA = "entities-4"
WORDS = (10, 25, 100, 300)
LABEL_WORDS = 25  # length of the texts of the table over numbers of class labels
CALLS_PER_TURN = 3
WARM_CALLS = 1  # untimed, at the begin of every turn: another contestant has just used the caches


@dataclass(frozen=True)
class Case:
    """One row of the report: a schema, and the number of words per text."""

    group: str  # "grid" or "labels"
    schema: str
    words: int


QUICK = (
    Case("grid", "entities-4", 25),
    Case("grid", "entities-4", 100),
    Case("grid", "figure-8", 25),
    Case("labels", "labels-5", LABEL_WORDS),
    Case("labels", "labels-50", LABEL_WORDS),
)


@dataclass(frozen=True)
class Times:
    """``fast`` should be at least ``times`` times as fast as ``slow`` on texts of ``words`` words."""

    fast: str
    slow: str
    words: int
    times: float


GOALS = (
    Times("int8", "gliner2", 25, 6.0),
    Times("int8", "gliner2", 100, 4.0),
    Times("int8", "gliner2", 300, 3.0),
    Times("int8", "optimum-fp32", 25, 3.0),
    Times("int8", "optimum-fp32", 100, 2.5),
    Times("int8", "optimum-fp32", 300, 2.0),
    Times("fp32", "gliner2", 25, 3.0),
    Times("fp32", "gliner2", 100, 2.0),
    Times("fp32", "gliner2", 300, 1.6),
)
OUTSIDE_WORDS, OUTSIDE_MS, OUTSIDE_SHARE = 25, 1.5, 0.08


def make_cases(
    *, quick: bool = False, schemas: Sequence[str] | None = None, words: Sequence[int] | None = None
) -> list[Case]:
    """The grid of schemas × lengths, and the numbers of class labels of the GLiNER2 paper's table 3.

    ``quick`` keeps the rows that say most; ``schemas`` and ``words`` choose schemas and the grid's lengths.
    """
    grid = [Case("grid", schema, length) for schema in GRID for length in words or WORDS]
    labels = [Case("labels", f"labels-{count}", LABEL_WORDS) for count in LABEL_COUNTS]
    if quick and words is None:
        grid = [case for case in grid if case in QUICK]
    if quick:
        labels = [case for case in labels if case in QUICK]
    return [case for case in grid + labels if schemas is None or case.schema in schemas]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``latency`` command to ``commands``."""
    parser = commands.add_parser("latency", help="one text at a time: lengths × schemas, class labels")
    add_run_options(parser, repetitions=5)
    parser.add_argument(
        "--schemas", type=names, metavar="LIST", help=f"some of {', '.join(TITLES)} (default: all)"
    )
    parser.add_argument("--words", type=positives, metavar="LIST", help="lengths (default: 10,25,100,300)")
    add_texts_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Time the chosen cases, print the report, and draw it."""
    unknown = set(options.schemas or ()) - set(TITLES)
    cases = make_cases(quick=options.quick, schemas=options.schemas, words=options.words)
    if unknown or not cases:
        raise InputError(
            f"--schemas {','.join(options.schemas)!r}: give some of {', '.join(TITLES)}, by commas"
        )
    result = measure(make_settings(options), cases)
    print(write_result(result, report(result), options.out), end="")
    write_plot(result, panels(result), options.out)


def measure(settings: Settings, cases: Sequence[Case]) -> dict[str, Any]:
    """Time all ``cases``; returns the result described in README.md ("Result files")."""
    with measured_run(settings, kind="latency") as (workers, result):
        result["settings"]["calls_per_turn"] = CALLS_PER_TURN
        with progress(len(cases) * settings.repetitions * len(workers), "latency") as bar:
            for case in cases:
                bar.set_postfix_str(f"{case.schema}, {case.words} words")
                result["rows"].append(_run_case(settings, case, workers, bar))
    return result


def _run_case(settings: Settings, case: Case, workers: dict[str, Worker], bar: Any) -> dict[str, Any]:
    needed = settings.repetitions * CALLS_PER_TURN
    warm, *texts = exact_texts(settings.sentences, case.words, 1 + needed, seed=settings.seed)
    answers = {
        name: worker.call("answer", schema=case.schema, text=warm)["answer"]
        for name, worker in workers.items()
    }
    timed: dict[str, dict[str, list[float]]] = {name: {} for name in workers}
    for turn in range(settings.repetitions):
        fresh = texts[turn * CALLS_PER_TURN : (turn + 1) * CALLS_PER_TURN]
        for worker in take_turns(workers, turn):
            answer = worker.call("time", schema=case.schema, warm=[warm] * WARM_CALLS, texts=fresh)
            for key, values in answer.items():
                timed[worker.name].setdefault(key, []).extend(values)
            bar.update()
    results = {name: _summary(values) for name, values in timed.items()}
    tokens = [value for values in timed.values() for value in values.get("tokens", [])]
    return {
        "group": case.group,
        "schema": case.schema,
        "title": TITLES[case.schema],
        "words": case.words,
        "tokens": round(median(tokens)) if tokens else None,
        "results": results,
        "faster": ratios(results, PAIRS),
        "same_answer": _same_answers(answers),
    }


def _summary(timed: dict[str, list[float]]) -> dict[str, Any]:
    summary = summarize(timed["seconds"])
    if "session_seconds" in timed:
        outside = [
            whole - part for whole, part in zip(timed["seconds"], timed["session_seconds"], strict=True)
        ]
        summary["session_ms"] = 1000.0 * median(timed["session_seconds"])
        summary["outside_ms"] = 1000.0 * median(outside)
    return summary


def _same_answers(answers: dict[str, Any]) -> dict[str, bool]:
    """Whether contestants with the reference's precision gave the reference's answer to the first text."""
    if REFERENCE not in answers:
        return {}
    return {
        name: answers[name] == answers[REFERENCE] for name in EXACT if name in answers and name != REFERENCE
    }


def report(result: dict[str, Any]) -> list[str]:
    """Times and ratios per schema, by class labels, outside the session, goals, answers."""
    names = list(result["contestants"])
    samples = result["settings"]["repetitions"] * result["settings"]["calls_per_turn"]
    lines = [
        "# Latency, one text at a time",
        "",
        f"Median milliseconds per call (10th to 90th percentile), {samples} calls on {samples} different "
        "texts, all contestants in turn.",
        "",
        *contestant_lines(result),
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
    return lines + _outside_lines(result) + _goal_lines(result) + _answer_lines(result)


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
        faster = ([place, *(f"{row['faster'][pair]:.2f}×" for pair in pairs)] for place, row in named)
        header = ["times faster", *(pair.replace(" / ", " than ") for pair in pairs)]
        lines += [*table(header, faster), ""]
    return lines


def _outside_lines(result: dict[str, Any]) -> list[str]:
    """What our variants spend outside the graph's session."""
    names = [name for name in OURS if name in result["contestants"]]
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


def _goal_lines(result: dict[str, Any]) -> list[str]:
    items = goals(result)
    if not items:
        return []
    rows = (
        [item["what"], str(item["words"]), item["goal"], item["measured"], yes_or_no(item["reached"])]
        for item in items
    )
    header = ["entities, 4 labels", "words", "goal", "measured", "reached"]
    note = f"Set for {GOALS_FOR}; this run used {result['machine']['threads']} thread(s)."
    return ["## Goals", "", note, "", *table(header, rows), ""]


def _answer_lines(result: dict[str, Any]) -> list[str]:
    lines = []
    for name in dict.fromkeys(name for row in result["rows"] for name in row["same_answer"]):
        rows = [row for row in result["rows"] if name in row["same_answer"]]
        same = sum(row["same_answer"][name] for row in rows)
        lines.append(f"- {name} gave the answers of gliner2 on {same} of {len(rows)} texts compared.")
    return [*lines, ""] if lines else []


def goals(result: dict[str, Any]) -> list[dict[str, Any]]:
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


def panels(result: dict[str, Any]) -> list[Panel]:
    """What is drawn: a panel per schema over lengths, and one over numbers of class labels."""
    drawn: list[Panel] = []
    for schema in dict.fromkeys(row["schema"] for row in result["rows"] if row["group"] == "grid"):
        rows = [row for row in result["rows"] if row["schema"] == schema]
        title = rows[0]["title"].replace(" + a structure", "\n+ a structure")
        drawn.append(
            Panel(title, "words", "milliseconds", [str(row["words"]) for row in rows], rows, "median_ms")
        )
    rows = [row for row in result["rows"] if row["group"] == "labels"]
    if rows:
        title = f"classification, {rows[0]['words']} words"
        labels = [row["schema"].removeprefix("labels-") for row in rows]
        drawn.append(Panel(title, "labels", "milliseconds", labels, rows, "median_ms"))
    return drawn
