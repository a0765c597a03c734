"""``resources``: the other commands in turn, and one table of all goals with their figures."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.commands import cold_start, footprint, memory, throughput
from benchmarks.contestants import REFERENCE, describe_model, make_roster
from benchmarks.goals import TINY, goals_table
from benchmarks.measuring import LoadClock
from benchmarks.options import (
    add_calls_option,
    add_environment_options,
    add_run_options,
    add_texts_option,
    make_settings,
    positive,
)
from benchmarks.results import new_result, write_result
from benchmarks.settings import Settings
from benchmarks.tables import model_lines
from gliner2_lite.load.locate import EMBEDDED

THROUGHPUT_SCHEMA = "entities-4"
Result = dict[str, Any]


@dataclass(frozen=True)
class Amount:
    """How much each part measures."""

    first_calls: int  # before memory is read
    processes: int
    calls: int  # watched for growth
    texts: int  # of throughput
    batch_sizes: tuple[int, ...]
    document_kb: int


FULL = Amount(
    first_calls=100, processes=4, calls=5000, texts=1000, batch_sizes=throughput.BATCH_SIZES, document_kb=100
)
QUICK = Amount(
    first_calls=8, processes=2, calls=200, texts=16, batch_sizes=throughput.QUICK_SIZES, document_kb=20
)


@dataclass(frozen=True)
class Environments:
    """The environments that ``footprint`` measures; the fields are its options."""

    wheel: Path | None = None
    slim_python: Path | None = None
    reference_python: Path | None = None


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``resources`` command to ``commands``."""
    parser = commands.add_parser("resources", help="all goals for start, memory, size, throughput at once")
    add_run_options(parser, repetitions=7)
    add_texts_option(parser)
    add_environment_options(parser)
    add_calls_option(parser, default=None, shown="default: 5000; quick: 200")
    parser.add_argument(
        "--texts", type=positive, metavar="N", help="texts of throughput (default: 1000; quick: 16)"
    )
    parser.set_defaults(run=run, kept="the reports of finished parts are kept")


def run(options: argparse.Namespace) -> None:
    """Run the parts, keep the report of each, and print the table of all goals."""
    amount = QUICK if options.quick else FULL
    amount = replace(
        amount,
        calls=amount.calls if options.calls is None else options.calls,
        texts=options.texts or amount.texts,
    )
    if options.contestants is None:
        both = options.checkpoint is not None and find_spec(REFERENCE) is not None
        options.contestants = ["int8", *([REFERENCE] if both else [])]
    result = measure(
        make_settings(options),
        amount,
        Environments(options.wheel, options.slim_python, options.reference_python),
        keep=lambda part, lines, name: write_result(part, lines, options.out, name),
    )
    print(write_result(result, report(result), options.out), end="")


def measure(
    settings: Settings,
    amount: Amount,
    environments: Environments,
    keep: Callable[[Result, Sequence[str], str], object],
) -> dict[str, Any]:
    """Every goal with its figure. ``keep`` takes a part's result, report and name when it is done."""
    result = new_result(settings, "resources")
    result["settings"] |= asdict(amount)
    result["contestants"] = {one.name: {"label": one.label} for one in settings.roster}
    clock = LoadClock()
    for name, command, part in _parts(settings, amount, environments):
        keep(part, command.report(part), name)
        others = part["machine"].get("others_percent")
        result["rows"] += [{"part": name, "others_percent": others, **goal} for goal in command.goals(part)]
    result["machine"]["others_percent"] = clock.others_percent()
    return result


def _parts(
    settings: Settings, amount: Amount, environments: Environments
) -> Iterator[tuple[str, ModuleType, Result]]:
    """Name, module and result of each command that takes part, one after another."""
    yield "cold-start", cold_start, cold_start.measure(settings)
    if settings.model.get("name") != TINY:
        yield f"cold-start-{TINY}", cold_start, cold_start.measure(_embedded(settings))
    taken = memory.measure(
        settings,
        first_calls=amount.first_calls,
        processes=amount.processes,
        calls=amount.calls,
        document_kb=amount.document_kb,
    )
    yield "memory", memory, taken
    sizes = footprint.measure(
        bundles=[],
        wheel=environments.wheel,
        slim_python=environments.slim_python,
        reference_python=environments.reference_python,
    )
    yield "footprint", footprint, sizes
    rates = throughput.measure(
        replace(settings, repetitions=1),
        schema=THROUGHPUT_SCHEMA,
        texts=amount.texts,
        batch_sizes=amount.batch_sizes,
    )
    yield "throughput", throughput, rates


def _embedded(settings: Settings) -> Settings:
    """The same run for the model inside the package."""
    roster = make_roster(["int8"], checkpoint=None, bundle=EMBEDDED[TINY], cache=EMBEDDED[TINY])
    return replace(settings, roster=tuple(roster), model=describe_model(roster, None))


def report(result: dict[str, Any]) -> list[str]:
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
        *model_lines(result),
        *goals_table(result["rows"]),
        *([f"Others used of the machine, by part: {told}.", ""] if told else []),
    ]
