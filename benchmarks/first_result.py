"""A process of ``cold-start``: interpreter's first line to one printed result, by parts.

It must add nothing to what it measures: it imports what the contestant needs and the standard library.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

#: In the order of the tables. What is loaded on first use counts where it belongs, not as the call.
PHASES = ("interpreter", "imports", "tokenizer", "graph", "other loading", "first call")


def main(started: float) -> None:
    """``JOB_JSON`` in the arguments: print the result as one line, then the phases as another."""
    job = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    spent = {"tokenizer": 0.0, "graph": 0.0}
    with ExitStack() as until_end:
        if job["kind"] == "gliner2":
            load = _import_reference(job, spent)
        else:
            load = _import_ours(job, spent, until_end)
        imported = time.monotonic()
        model = load()
        loaded, load_parts = time.monotonic(), dict(spent)
        result = model.extract_entities(job["text"], job["labels"])
        print(json.dumps(result), file=answers, flush=True)
        done = time.monotonic()
    phases = {
        "started": started,  # on the clock that the parent reads as well
        "imports": imported - started,
        "tokenizer": spent["tokenizer"],
        "graph": spent["graph"],
        "other loading": loaded - imported - sum(load_parts.values()),
        "first call": done - loaded - (sum(spent.values()) - sum(load_parts.values())),
    }
    print(json.dumps(phases), file=answers, flush=True)


def _import_ours(job: dict[str, Any], spent: dict[str, float], until_end: ExitStack) -> Callable[[], Any]:
    from gliner2_lite import GLiNER2
    from gliner2_lite.graph.session import SessionEvent, observed
    from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

    def note(event: SessionEvent) -> None:
        if event.what == "open":
            spent["graph"] += event.seconds

    until_end.enter_context(observed(note))
    _time_making(WordTokenizer, "tokenizer", spent)
    return lambda: GLiNER2.from_pretrained(job["path"], variant=job["variant"], **job["options"])


def _import_reference(job: dict[str, Any], spent: dict[str, float]) -> Callable[[], Any]:
    import torch
    from gliner2 import GLiNER2
    from transformers import AutoTokenizer

    torch.set_num_threads(len(job["cpus"]))
    read = AutoTokenizer.from_pretrained

    def timed(*args: Any, **options: Any) -> Any:
        begin = time.monotonic()
        tokenizer = read(*args, **options)
        spent["tokenizer"] += time.monotonic() - begin
        return tokenizer

    AutoTokenizer.from_pretrained = timed

    def load() -> Any:
        begin, before = time.monotonic(), spent["tokenizer"]
        model = GLiNER2.from_pretrained(job["path"], map_location="cpu").eval()
        # Modules and weights: the reference's counterpart of a graph.
        spent["graph"] += time.monotonic() - begin - (spent["tokenizer"] - before)
        return model

    return load


def _time_making(kind: Any, phase: str, spent: dict[str, float]) -> None:
    """Add the time of making each ``kind`` to ``spent[phase]``.

    By a replaced method, because nothing tells of the tokenizer as a session does of its graph, and a second
    one made beside the model's would find its files in the cache and its imports done.
    """
    make = kind.__init__

    def timed(self: Any, *args: Any, **options: Any) -> None:
        begin = time.monotonic()
        make(self, *args, **options)
        spent[phase] += time.monotonic() - begin

    kind.__init__ = timed
