"""``memory``: what one and several processes take, whether it grows, and the peak of a long document."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.contestants import OURS, REFERENCE, WITHOUT_PLAIN, Contestant
from benchmarks.goals import Goal, at_most, goals_table, is_base
from benchmarks.measuring import LoadClock, progress, require_usage
from benchmarks.options import (
    add_calls_option,
    add_run_options,
    add_texts_option,
    count,
    make_settings,
    positive,
)
from benchmarks.pool import Worker
from benchmarks.results import new_result, write_result
from benchmarks.schemas import GRID
from benchmarks.settings import Settings
from benchmarks.stats import growth_percent
from benchmarks.tables import model_lines, table
from benchmarks.texts import MIXED_LENGTHS, document, mixed_texts
from gliner2_lite.graph.profiles import PROFILES

SHORT_LENGTHS = (5, 100)  # words of the calls before memory is read
FIRST_CALLS = 100
CHUNK = 100  # calls between two readings while growth is watched
LONGEST_SHARE = 100  # one text in so many is among the longest
DOCUMENT_SCHEMA = "entities-4"
#: Goals: at most.
ANONYMOUS_MB, FURTHER_MB, GROWTH_PERCENT, DOCUMENT_MB = 90.0, 100.0, 2.0, 150.0
MEMORY_COLUMNS = {
    "rss_mb": "resident", "anonymous_mb": "anonymous", "file_mb": "files", "pss_mb": "PSS", "own_mb": "own",
}  # fmt: skip


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``memory`` command to ``commands``."""
    parser = commands.add_parser("memory", help="resident, anonymous, shared; several processes; growth")
    add_run_options(parser, repetitions=None)
    add_texts_option(parser)
    add_calls_option(parser, default=5000, shown="default: 5000; 0: none")
    parser.add_argument(
        "--processes", type=positive, default=4, metavar="N", help="processes side by side (default: 4)"
    )
    parser.add_argument(
        "--first-calls", type=positive, default=FIRST_CALLS, metavar="N",
        help=f"mixed calls before memory is read (default: {FIRST_CALLS})",
    )  # fmt: skip
    parser.add_argument(
        "--document-kb", type=count, default=100, metavar="N",
        help="size of a document read with the long form (default: 100; 0: none)",
    )  # fmt: skip
    parser.add_argument("--profile", choices=tuple(PROFILES), help="of our variants (default: the library's)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read every contestant's memory and print the report."""
    result = measure(
        make_settings(options, among=WITHOUT_PLAIN),
        calls=options.calls,
        first_calls=options.first_calls,
        processes=options.processes,
        document_kb=options.document_kb,
        profile=options.profile,
    )
    print(write_result(result, report(result), options.out), end="")


def measure(
    settings: Settings,
    *,
    calls: int,
    first_calls: int = FIRST_CALLS,
    processes: int = 4,
    document_kb: int = 0,
    profile: str | None = None,
) -> dict[str, Any]:
    """Memory of every contestant, one after another so that none shares pages with the next.

    ``first_calls`` mixed calls are made before memory is read; then others are started beside the first,
    ``processes`` in all; then, for our variants, ``calls`` mixed calls are watched for growth (0: not).
    Another process reads a document of ``document_kb`` kilobytes (0: none). ``profile`` is that of our
    variants.

    Raises:
        InputError: the system does not tell what a process takes.
    """
    require_usage()
    result = new_result(settings, "memory")
    result["settings"] |= {
        "first_calls": first_calls, "first_words": list(SHORT_LENGTHS), "processes": processes,
        "calls": calls, "words": list(MIXED_LENGTHS), "schemas": list(GRID),
        "document_kb": document_kb, "profile": profile,
    }  # fmt: skip
    first = mixed_texts(settings.sentences, first_calls, seed=settings.seed, lengths=SHORT_LENGTHS)
    clock = LoadClock()
    with progress(len(settings.roster), "memory") as bar:
        for contestant in settings.roster:
            bar.set_postfix_str(contestant.name)
            ours = contestant.name in OURS
            contestant = replace(contestant, profile=profile) if ours else contestant
            row = _measure_contestant(
                contestant, settings, first, processes=processes, calls=calls if ours else 0
            )
            if document_kb:
                row["document"] = _read_document(contestant, settings, document_kb)
            result["contestants"][contestant.name] = {
                "label": contestant.label,
                "weights_mb": round(contestant.weight_bytes() / 1e6, 1),
            }
            result["rows"].append(row)
            bar.update()
    result["machine"]["others_percent"] = clock.others_percent()
    return result


def _measure_contestant(
    contestant: Contestant, settings: Settings, first: Sequence[str], *, processes: int, calls: int
) -> dict[str, Any]:
    workers: list[Worker] = []

    def start() -> None:
        workers.append(Worker(contestant, threads=settings.threads, cpus=settings.cpus))

    try:
        start()
        row = {"name": contestant.name, "loaded": _usage(workers[0])}
        _call(workers[0], first)
        row["called"] = _usage(workers[0])
        for _ in range(processes - 1):
            start()
            _call(workers[-1], first)
        together = [_usage(worker) for worker in workers]
        row["together"] = together
        if processes > 1:
            shared = sum(one["pss_mb"] for one in together)
            row["each_further_mb"] = (shared - row["called"]["pss_mb"]) / (processes - 1)
        while len(workers) > 1:
            workers.pop().close()
        if calls:
            row["growth"] = _watch(workers[0], settings, calls)
    finally:
        for worker in workers:
            worker.close()
    return row


def _watch(worker: Worker, settings: Settings, calls: int) -> dict[str, Any]:
    """Readings over ``calls`` calls after a tenth as many for warming up, and the growth between both ends.

    Each end is the mean of a tenth of the readings: single ones jump with the length of the last texts.
    An arena keeps what the largest call so far needed, so warming up ends with the longest texts of all,
    each with every schema: what grows after that, grows with the number of calls.
    """
    warm = max(1, calls // 10)
    texts = mixed_texts(settings.sentences, warm + calls, seed=settings.seed + 1)
    _call(worker, texts[:warm])
    longest = sorted(texts, key=len)[-max(1, len(texts) // LONGEST_SHARE) :]
    for name in GRID:
        _call(worker, longest, schemas=[name])
    readings = [_usage(worker)]
    for begin in range(warm, warm + calls, CHUNK):
        _call(worker, texts[begin : begin + CHUNK])
        readings.append(_usage(worker))
    return {
        "calls": calls,
        "warm_calls": warm + len(longest) * len(GRID),
        "readings": readings,
        **{
            f"{name}_percent": growth_percent([one[f"{name}_mb"] for one in readings])
            for name in ("rss", "anonymous")
        },
    }


def _read_document(contestant: Contestant, settings: Settings, kilobytes: int) -> dict[str, Any]:
    """Memory of a new process before, while (the peak) and after it reads one document in windows."""
    text = document(settings.sentences, 1000 * kilobytes, seed=settings.seed)
    worker = Worker(contestant, threads=settings.threads, cpus=settings.cpus)
    try:
        answer = worker.call("document", text=text, schema=DOCUMENT_SCHEMA)
    finally:
        worker.close()
    return {"characters": len(text), **answer, "above_mb": answer["peak_rss_mb"] - answer["before"]["rss_mb"]}


def _call(worker: Worker, texts: Sequence[str], schemas: Sequence[str] = GRID) -> None:
    for begin in range(0, len(texts), CHUNK):
        worker.call("mixed", texts=list(texts[begin : begin + CHUNK]), schemas=list(schemas))


def _usage(worker: Worker) -> dict[str, float]:
    return {name: round(value, 3) for name, value in worker.call("usage")["usage"].items()}


def report(result: dict[str, Any]) -> list[str]:
    """One process, several, growth, a long document, and the goals."""
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
        *model_lines(result),
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
    return lines + goals_table(goals(result))


def goals(result: dict[str, Any]) -> list[Goal]:
    """The goals for memory that ``result`` has figures for: those of int8."""
    rows = {row["name"]: row for row in result["rows"]}
    row, theirs = rows.get("int8"), rows.get(REFERENCE, {})
    if row is None:
        return []
    items, base = [], is_base(result["model"])
    if base:
        what = "int8, anonymous after the first calls"
        other = _figure(theirs, "called", "anonymous_mb")
        items.append(at_most(what, row["called"]["anonymous_mb"], ANONYMOUS_MB, "MB", other))
    if base and "each_further_mb" in row:
        other = theirs.get("each_further_mb")
        items.append(at_most("int8, each further process", row["each_further_mb"], FURTHER_MB, "MB", other))
    if "growth" in row:
        growth = row["growth"]
        what = f"int8, growth over {growth['calls']} calls"
        item = at_most(what, growth["anonymous_percent"], GROWTH_PERCENT, "%")
        items.append({**item, "goal": f"< {GROWTH_PERCENT:g} %"})
    if base and "document" in row:
        what = f"int8, peak above the loaded model, {row['document']['characters']} characters"
        other = _figure(theirs, "document", "above_mb")
        items.append(at_most(what, row["document"]["above_mb"], DOCUMENT_MB, "MB", other))
    return items


def _figure(row: Mapping[str, Any], part: str, name: str) -> float | None:
    value = row.get(part, {}).get(name)
    return None if value is None else float(value)
