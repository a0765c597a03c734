"""``memory``: what one and several processes take, whether it grows, and the peak of a long document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.contestants import OURS, Contestant
from benchmarks.pool import Worker
from benchmarks.schemas import GRID
from benchmarks.settings import LoadClock, Settings, new_result, progress
from benchmarks.texts import MIXED_LENGTHS, document, mixed_texts
from benchmarks.usage import read_usage
from gliner2_lite.errors import InputError

SHORT_LENGTHS = (5, 100)  # words of the calls before memory is read
FIRST_CALLS = 100
CHUNK = 100  # calls between two readings while growth is watched
LONGEST_SHARE = 100  # one text in so many is among the longest
DOCUMENT_SCHEMA = "entities-4"


def run_memory(
    settings: Settings,
    *,
    calls: int,
    first_calls: int = FIRST_CALLS,
    processes: int = 4,
    document_kb: int = 0,
    profile: str | None = None,
) -> dict[str, Any]:
    """Memory of every contestant, one after another so that none shares pages with the next.

    ``first_calls`` mixed calls are made before memory is read; then ``processes`` more are started beside
    the first; then, for our variants, ``calls`` mixed calls are watched for growth (0: not). Another process
    reads a document of ``document_kb`` kilobytes (0: none). ``profile`` is that of our variants.

    Raises:
        InputError: the system does not tell what a process takes.
    """
    if read_usage() is None:
        raise InputError("this system has no /proc/self/smaps_rollup (Linux 4.14 or later): nothing to read")
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
            row = _measure(contestant, settings, first, processes=processes, calls=calls if ours else 0)
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


def _measure(
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
            f"{name}_percent": growth([one[f"{name}_mb"] for one in readings])
            for name in ("rss", "anonymous")
        },
    }


def growth(readings: Sequence[float]) -> float:
    """Percent by which the mean of the last tenth of ``readings`` is above that of the first."""
    few = max(1, len(readings) // 10)
    before, after = sum(readings[:few]) / few, sum(readings[-few:]) / few
    return 100.0 * (after - before) / before


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
