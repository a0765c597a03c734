"""``cold-start``: fresh processes, from exec to the first printed result, all contestants in turn."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import OURS, REFERENCE, WITHOUT_PLAIN, Contestant
from benchmarks.first_result import PHASES
from benchmarks.goals import TINY, Goal, at_least, at_most, goals_table, is_base
from benchmarks.measuring import LoadClock, progress, rotated_names
from benchmarks.options import add_run_options, add_texts_option, make_settings
from benchmarks.processes import ProcessError, environment, log_tail, python_code
from benchmarks.results import new_result, write_result
from benchmarks.schemas import ENTITIES_4
from benchmarks.settings import Settings
from benchmarks.stats import summarize
from benchmarks.tables import model_lines, table
from benchmarks.texts import exact_text
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.load.loading import compile_bundle

TEXT_WORDS = 25
TIMEOUT_SECONDS = 600
PREPACKED = "-prepacked"
#: Goals: so many times faster than the reference; at most so many seconds, the embedded model's apart.
COLD_TIMES, COLD_SECONDS, COLD_TINY_SECONDS = 12.0, 0.6, 0.25


@dataclass(frozen=True)
class Start:
    """One way to start: ``options`` go to ``from_pretrained`` of our library."""

    name: str
    label: str
    kind: str
    path: str
    variant: str | None
    options: dict[str, Any] = field(default_factory=dict)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``cold-start`` command to ``commands``."""
    parser = commands.add_parser("cold-start", help="fresh processes: exec to the first printed result")
    add_run_options(parser, repetitions=7)
    add_texts_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Start every contestant some times and print the report."""
    result = measure(make_settings(options, among=WITHOUT_PLAIN))
    print(write_result(result, report(result), options.out), end="")


@contextmanager
def starts_of(roster: Sequence[Contestant], *, threads: int) -> Iterator[list[Start]]:
    """Every contestant, ours with and without a pre-packed file where the library knows them.

    Pre-packed files are written into a temporary folder, removed at the end.
    """
    with tempfile.TemporaryDirectory(prefix="gliner2-lite-") as cache:
        starts = []
        for one in roster:
            both = one.name in OURS
            options = {"threads": threads, "prepack": "never"} if both else {"threads": threads}
            starts.append(Start(one.name, one.label, one.kind, one.path, one.variant, options))
            if both:
                packed = {"threads": threads, "prepack": "require", "cache": cache}
                name, label = one.name + PREPACKED, f"{one.label}, pre-packed"
                starts.append(Start(name, label, one.kind, one.path, one.variant, packed))
        yield starts


def measure(settings: Settings) -> dict[str, Any]:
    """Start every contestant ``settings.repetitions`` times; the first, untimed, fills the page cache."""
    result = new_result(settings, "cold-start")
    text = exact_text(settings.sentences, TEXT_WORDS, settings.rng("cold-start"))
    result["settings"] |= {"words": TEXT_WORDS}
    clock = LoadClock()
    with starts_of(settings.roster, threads=settings.threads) as starts:
        samples: dict[str, list[dict[str, float]]] = {start.name: [] for start in starts}
        by_name = {start.name: start for start in starts}
        with progress((1 + settings.repetitions) * len(starts), "cold-start") as bar:
            for start in starts:
                _warm(start, text, settings)
                bar.update()
            for turn in range(settings.repetitions):
                for name in rotated_names(list(by_name), turn):
                    samples[name].append(measure_start(by_name[name], text, settings))
                    bar.update()
        for start in starts:
            result["contestants"][start.name] = {"label": start.label}
            result["rows"].append(_row(start.name, samples[start.name]))
    result["faster"] = _faster({row["name"]: row for row in result["rows"]})
    result["machine"]["others_percent"] = clock.others_percent()
    return result


def measure_start(start: Start, text: str, settings: Settings) -> dict[str, float]:
    """Run one process: seconds of every phase, and ``total`` from exec to the printed result.

    Raises:
        ProcessError: the process failed; the message has the end of its log.
    """
    job = {
        "kind": start.kind, "path": start.path, "variant": start.variant, "options": start.options,
        "cpus": list(settings.cpus), "text": text, "labels": ENTITIES_4,
    }  # fmt: skip
    code = "import time; started = time.monotonic(); " + python_code(
        "benchmarks.first_result", "main(started)"
    )
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(job)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env=environment(settings.threads),
        )
        with process:
            first = process.stdout.readline() if process.stdout is not None else ""
            total = time.monotonic() - begin
            second = process.stdout.readline() if process.stdout is not None else ""
            try:
                code_at_end = process.wait(TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise ProcessError(f"the process of {start.name!r} did not end") from None
        if code_at_end != 0 or not first or not second:
            raise ProcessError(
                f"the process of {start.name!r} ended with code {code_at_end}\n{log_tail(log)}"
            )
    phases = json.loads(second)
    return {"total": total, "interpreter": phases.pop("started") - begin, **phases}


def _warm(start: Start, text: str, settings: Settings) -> None:
    if start.options.get("prepack") == "require":
        # Made beforehand, as at the build of an image: the process that compiles is not timed.
        compile_bundle(read_bundle(Path(start.path)), start.variant, Path(start.options["cache"]))
    measure_start(start, text, settings)


def _row(name: str, samples: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {
        "name": name,
        **summarize([sample["total"] for sample in samples]),
        "phases_ms": {phase: 1000.0 * median(sample[phase] for sample in samples) for phase in PHASES},
    }


def _faster(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    if REFERENCE not in rows:
        return {}
    return {
        f"{name} / {REFERENCE}": rows[REFERENCE]["median_ms"] / row["median_ms"]
        for name, row in rows.items()
        if name != REFERENCE
    }


def report(result: dict[str, Any]) -> list[str]:
    """Totals with ratios, and where the time goes."""
    rows, repetitions = result["rows"], result["settings"]["repetitions"]
    pairs = result["faster"]
    totals = (
        [
            row["name"],
            result["contestants"][row["name"]]["label"],
            f"**{row['median_ms']:.0f}** ({row['p10_ms']:.0f}–{row['p90_ms']:.0f})",
            f"{times:.1f}×" if (times := pairs.get(f"{row['name']} / {REFERENCE}")) else "",
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
        *model_lines(result),
        *table(["contestant", "what it is", "ms", "faster than gliner2"], totals),
        "",
        "## Where it goes",
        "",
        "Medians of each part. A part that is loaded on first use counts as that part, not the first call. "
        "For gliner2, graph means modules and weights.",
        "",
        *table(["ms", *phases], parts),
        "",
        *goals_table(goals(result)),
    ]


def goals(result: dict[str, Any]) -> list[Goal]:
    """The goals for a start that ``result`` has figures for, which depend on the model."""
    items, model = [], result["model"]
    rows = {row["name"]: row for row in result["rows"]}
    theirs = rows[REFERENCE]["median_ms"] / 1000.0 if REFERENCE in rows else None
    for name, row in rows.items():
        seconds = row["median_ms"] / 1000.0
        if not name.startswith("int8"):
            continue
        what = f"{name}, process start to first result"
        if is_base(model):
            items.append(at_most(what, seconds, COLD_SECONDS, "s", theirs))
            times = result["faster"].get(f"{name} / {REFERENCE}")
            if times is not None:
                items.append(at_least(f"{name}, start faster than {REFERENCE}", times, COLD_TIMES))
        elif model.get("name") == TINY:
            items.append(at_most(f"{what}, embedded model", seconds, COLD_TINY_SECONDS, "s"))
    return items
