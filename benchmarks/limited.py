"""A process of ``small-device``: take the limit, load one variant, answer texts, tell what it took."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from benchmarks.usage import read_peaks, read_usage


def main() -> None:
    """``JOB_JSON`` in the arguments: one line of JSON per stage; the last one tells where it ended."""
    job = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if job["join"] is not None:
        with open(job["join"], "w", encoding="ascii") as group:
            group.write(str(os.getpid()))
    if job["address_space"] is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (job["address_space"], job["address_space"]))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    send(answers, stage="started")
    try:
        run(job, answers)
    except MemoryError as error:
        send(answers, stage="out of memory", message=str(error))
        sys.exit(1)


def run(job: dict[str, Any], answers: Any) -> None:
    """Load the model and answer the texts, and tell of both."""
    begin = time.perf_counter()
    from gliner2_lite import GLiNER2

    model = GLiNER2.from_pretrained(job["path"], variant=job["variant"], **job["options"])
    send(answers, stage="loaded", load_seconds=time.perf_counter() - begin, usage=read_usage())
    seconds = []
    for text in job["texts"]:
        begin = time.perf_counter()
        model.extract_entities(text, job["labels"])
        seconds.append(time.perf_counter() - begin)
    send(answers, stage="answered", seconds=seconds, usage=read_usage(), **read_peaks())


def send(answers: Any, **item: Any) -> None:
    """Tell the parent of a stage at once: the next one may end this process."""
    print(json.dumps(item), file=answers, flush=True)
