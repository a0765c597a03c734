"""``latency``: one text at a time, all contestants in turn on the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.contestants import EXACT, PAIRS, REFERENCE
from benchmarks.pool import Worker
from benchmarks.schemas import GRID, LABEL_COUNTS, TITLES
from benchmarks.settings import Settings, measured_run, progress, take_turns
from benchmarks.stats import ratios, summarize
from benchmarks.texts import exact_texts

WORDS = (10, 25, 100, 300)
LABEL_WORDS = 25  # length of the texts of the table over numbers of class labels
CALLS_PER_TURN = 3
WARM_CALLS = 1  # untimed, at the begin of every turn: another contestant has just used the caches


@dataclass(frozen=True)
class Case:
    """One row: which schema on texts of how many words."""

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


def run_latency(settings: Settings, cases: Sequence[Case]) -> dict[str, Any]:
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
        own = texts[turn * CALLS_PER_TURN : (turn + 1) * CALLS_PER_TURN]
        for worker in take_turns(workers, turn):
            answer = worker.call("time", schema=case.schema, warm=[warm] * WARM_CALLS, texts=own)
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
