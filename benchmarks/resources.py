"""``resources``: what a model needs, goal by goal: the other commands in turn, and one table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.cold_start import run_cold_start
from benchmarks.contestants import describe_model, make_roster
from benchmarks.footprint import run_footprint
from benchmarks.goals_resources import TINY, compare_resources
from benchmarks.memory import run_memory
from benchmarks.settings import LoadClock, Settings, new_result
from benchmarks.throughput import BATCH_SIZES, run_throughput
from gliner2_lite.load.locate import EMBEDDED

THROUGHPUT_SCHEMA = "entities-4"
Part = dict[str, Any]


@dataclass(frozen=True)
class Amount:
    """How much is run of each part."""

    first_calls: int  # before memory is read
    processes: int
    calls: int  # watched for growth
    texts: int  # of throughput
    batch_sizes: tuple[int, ...]
    document_kb: int


FULL = Amount(first_calls=100, processes=4, calls=5000, texts=1000, batch_sizes=BATCH_SIZES, document_kb=100)
QUICK = Amount(first_calls=8, processes=2, calls=200, texts=16, batch_sizes=(1, 8), document_kb=20)


@dataclass(frozen=True)
class Environments:
    """What ``footprint`` measures: as its options."""

    wheel: Path | None = None
    slim_python: Path | None = None
    reference_python: Path | None = None


def run_resources(
    settings: Settings, amount: Amount, environments: Environments, keep: Callable[[str, Part], None]
) -> dict[str, Any]:
    """Every goal with its figure. ``keep`` takes each part's name and result as soon as it is there."""
    result = new_result(settings, "resources")
    result["settings"] |= asdict(amount)
    result["contestants"] = {one.name: {"label": one.label} for one in settings.roster}
    clock = LoadClock()
    for name, part in _parts(settings, amount, environments):
        keep(name, part)
        others = part["machine"].get("others_percent")
        result["rows"] += [
            {"part": name, "others_percent": others, **item} for item in compare_resources(part)
        ]
    result["machine"]["others_percent"] = clock.others_percent()
    return result


def _parts(settings: Settings, amount: Amount, environments: Environments) -> Iterator[tuple[str, Part]]:
    yield "cold-start", run_cold_start(settings)
    if settings.model.get("name") != TINY:
        yield f"cold-start-{TINY}", run_cold_start(_embedded(settings))
    yield (
        "memory",
        run_memory(
            settings,
            first_calls=amount.first_calls,
            processes=amount.processes,
            calls=amount.calls,
            document_kb=amount.document_kb,
        ),
    )
    yield (
        "footprint",
        run_footprint(
            bundles=[],
            wheel=environments.wheel,
            slim_python=environments.slim_python,
            reference_python=environments.reference_python,
        ),
    )
    once = replace(settings, repetitions=1)
    yield (
        "throughput",
        run_throughput(once, schema=THROUGHPUT_SCHEMA, texts=amount.texts, batch_sizes=amount.batch_sizes),
    )


def _embedded(settings: Settings) -> Settings:
    """The same run for the model inside the package."""
    roster = make_roster(["int8"], checkpoint=None, bundle=EMBEDDED[TINY], cache=EMBEDDED[TINY])
    return replace(settings, roster=tuple(roster), model=describe_model(roster, None))
