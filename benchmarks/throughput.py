"""``throughput``: many texts of mixed lengths through ``batch_extract``, texts per second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import PAIRS
from benchmarks.schemas import TITLES
from benchmarks.settings import Settings, measured_run, progress, take_turns
from benchmarks.stats import ratios, summarize
from benchmarks.texts import MIXED_LENGTHS, mixed_texts

BATCH_SIZES = (1, 8, 16, 32)
WARM_TEXTS = 2


def run_throughput(
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
