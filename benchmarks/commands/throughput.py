"""``throughput``: many texts of mixed lengths through ``batch_extract``, texts per second."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import PAIRS, REFERENCE
from benchmarks.goals import Goal, at_least, goals_table, is_base
from benchmarks.measuring import measured_run, progress, take_turns
from benchmarks.options import add_run_options, add_texts_option, make_settings, positive
from benchmarks.plot import Panel, write_plot
from benchmarks.results import write_result
from benchmarks.schemas import TITLES
from benchmarks.settings import Settings
from benchmarks.stats import ratios, summarize
from benchmarks.tables import contestant_lines, table
from benchmarks.texts import MIXED_LENGTHS, mixed_texts

BATCH_SIZES, QUICK_SIZES = (1, 8, 16, 32), (1, 8)
TEXTS, QUICK_TEXTS = 32, 8
WARM_TEXTS = 2
THROUGHPUT_TIMES = 4.0  # goal: so many times as fast as the reference


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``throughput`` command to ``commands``."""
    parser = commands.add_parser("throughput", help="texts of mixed lengths in batches")
    add_run_options(parser, repetitions=3)
    parser.add_argument(
        "--texts",
        type=positive,
        metavar="N",
        help=f"texts per pass (default: {TEXTS}; quick: {QUICK_TEXTS})",
    )
    parser.add_argument("--schema", choices=TITLES, default="entities-4", help="default: %(default)s")
    add_texts_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Time the passes, print the report, and draw it."""
    result = measure(
        make_settings(options),
        schema=options.schema,
        texts=options.texts or (QUICK_TEXTS if options.quick else TEXTS),
        batch_sizes=QUICK_SIZES if options.quick else BATCH_SIZES,
    )
    print(write_result(result, report(result), options.out), end="")
    write_plot(result, panels(result), options.out)


def measure(
    settings: Settings, *, schema: str, texts: int, batch_sizes: Sequence[int] = BATCH_SIZES
) -> dict[str, Any]:
    """Time ``batch_extract`` over the same ``texts`` texts for every batch size and contestant."""
    mixed = mixed_texts(settings.sentences, texts, seed=settings.seed)
    with measured_run(settings, kind="throughput") as (workers, result):
        result["settings"] |= {"texts": texts, "words": list(MIXED_LENGTHS), "schema": schema}
        with progress(len(batch_sizes) * settings.repetitions * len(workers), "throughput") as bar:
            for size in batch_sizes:
                bar.set_postfix_str(f"batches of {size}")
                seconds: dict[str, list[float]] = {name: [] for name in workers}
                for turn in range(settings.repetitions):
                    for worker in take_turns(workers, turn):
                        answer = worker.call(
                            "batch", schema=schema, warm=mixed[:WARM_TEXTS], texts=mixed, batch_size=size
                        )
                        seconds[worker.name] += answer["seconds"]
                        bar.update()
                result["rows"].append(_row(schema, size, texts, seconds))
    return result


def _row(schema: str, size: int, texts: int, seconds: dict[str, list[float]]) -> dict[str, Any]:
    results = {name: summarize(values) for name, values in seconds.items()}
    for summary in results.values():
        summary["texts_per_second"] = 1000.0 * texts / summary["median_ms"]
    return {
        "schema": schema,
        "title": TITLES[schema],
        "batch_size": size,
        "results": results,
        "faster": ratios(results, PAIRS),
    }


def report(result: dict[str, Any]) -> list[str]:
    """Texts per second by batch size, ratios, and the goal."""
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
        *contestant_lines(result),
        *table(header, rows),
        "",
        *goals_table(goals(result)),
    ]


def goals(result: dict[str, Any]) -> list[Goal]:
    """The goal, where ``result`` has its figures: each contestant at the batch size that suits it best."""
    best = {
        name: max(row["results"][name]["texts_per_second"] for row in result["rows"])
        for name in result["contestants"]
    }
    if not is_base(result["model"]) or not {"int8", REFERENCE} <= set(best):
        return []
    what = f"int8, texts per second against {REFERENCE}'s best batch size"
    item = at_least(what, best["int8"] / best[REFERENCE], THROUGHPUT_TIMES)
    measured = f"{item['measured']} ({best['int8']:.1f}/s)"
    return [{**item, "measured": measured, "reference": f"{best[REFERENCE]:.1f}/s"}]


def panels(result: dict[str, Any]) -> list[Panel]:
    """What is drawn: one panel over batch sizes."""
    rows = result["rows"]
    sizes = [str(row["batch_size"]) for row in rows]
    return [Panel(rows[0]["title"], "batch size", "texts per second", sizes, rows, "texts_per_second")]
