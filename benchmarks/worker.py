"""A contestant's process: load the model, then time the jobs that come in.

Standard output carries answers only: what libraries print goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Any

from benchmarks.runners import Runner, load_runner
from benchmarks.usage import read_peaks, read_usage, reset_peaks

Job = dict[str, Any]


def main() -> None:
    """``worker CONTESTANT_JSON THREADS CPUS``: serve until standard input ends."""
    contestant, threads, cpus = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [int(cpu) for cpu in cpus.split(",")])
    answers = _take_stdout()
    with ExitStack() as until_end:
        begin = time.perf_counter()
        try:
            runner = load_runner(contestant, threads=threads, until_end=until_end)
        except Exception as error:  # whatever a library raises has to reach the parent
            traceback.print_exc()
            _send(answers, {"error": f"{type(error).__name__}: {error}"})
            return
        _send(answers, {"load_seconds": time.perf_counter() - begin})
        _serve(runner, answers)


def _serve(runner: Runner, answers: IO[str]) -> None:
    """Answer every job on standard input; one that fails is answered with its error."""
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = OPERATIONS[job["op"]](runner, job)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        _send(answers, answer)


def time_calls(runner: Runner, job: Job) -> Job:
    """Run the ``warm`` texts untimed, then time one call per text of ``texts``, batch size 1.

    Answers, per text: ``seconds`` of the call; where the runner tells them ``session_seconds`` of it spent
    in the graph's session, and ``tokens`` of the input.
    """
    schema = runner.schema(job["schema"])
    for text in job["warm"]:
        runner.model.extract(text, schema)
    seconds, session, tokens = [], [], []
    for text in job["texts"]:
        if runner.timer is not None:
            runner.timer.reset()
        begin = time.perf_counter()
        runner.model.extract(text, schema)
        seconds.append(time.perf_counter() - begin)
        if runner.timer is not None:
            session.append(runner.timer.seconds)
            tokens.append(runner.timer.tokens)
    answer: Job = {"seconds": seconds}
    if runner.timer is not None:
        answer.update(session_seconds=session, tokens=tokens)
    return answer


def time_batches(runner: Runner, job: Job) -> Job:
    """Time one ``batch_extract`` over ``texts`` with ``batch_size``, after one over ``warm``, untimed."""
    schema = runner.schema(job["schema"])
    if job["warm"]:
        runner.model.batch_extract(job["warm"], schema, batch_size=job["batch_size"])
    begin = time.perf_counter()
    runner.model.batch_extract(job["texts"], schema, batch_size=job["batch_size"])
    return {"seconds": [time.perf_counter() - begin]}


def answer_text(runner: Runner, job: Job) -> Job:
    """The result for ``text``, for comparing contestants."""
    return {"answer": runner.model.extract(job["text"], runner.schema(job["schema"]))}


def memory(runner: Runner, job: Job) -> Job:
    """The largest resident size so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_bytes": peak if sys.platform == "darwin" else peak * 1024}


def mixed_calls(runner: Runner, job: Job) -> Job:
    """Answer every text of ``texts``, one call each, with the schemas in turn; nothing is timed."""
    schemas = [runner.schema(name) for name in job["schemas"]]
    for index, text in enumerate(job["texts"]):
        runner.model.extract(text, schemas[index % len(schemas)])
    return {"calls": len(job["texts"])}


def usage(runner: Runner, job: Job) -> Job:
    """The memory of this process now; see ``benchmarks.usage``."""
    gc.collect()
    return {"usage": read_usage()}


def read_document(runner: Runner, job: Job) -> Job:
    """Read ``text`` with the long form: what this process took before, at its peak, and after."""
    schema = runner.schema(job["schema"])
    before = usage(runner, job)["usage"]
    reset_peaks()
    runner.model.extract_long(job["text"], schema)
    peak = read_peaks()["peak_rss_mb"]
    return {"before": before, "peak_rss_mb": peak, "after": usage(runner, job)["usage"]}


def answer_batch(runner: Runner, job: Job) -> Job:
    """Results with places for ``texts`` and the friendly schema dict ``schema``.

    Where the batch fails its texts are answered one by one; one that fails alone has ``{"error": message}``.
    """
    schema = type(runner.model.create_schema()).from_dict(job["schema"])
    texts = job["texts"]
    try:
        return {
            "results": runner.model.batch_extract(texts, schema, batch_size=len(texts), include_spans=True)
        }
    except Exception as error:
        if len(texts) == 1:
            return {"results": [{"error": f"{type(error).__name__}: {error}"}], "failed": [0]}
    alone = [answer_batch(runner, {**job, "texts": [text]}) for text in texts]
    return {
        "results": [answer["results"][0] for answer in alone],
        "failed": [index for index, answer in enumerate(alone) if "failed" in answer],
    }


OPERATIONS: dict[str, Callable[[Runner, Job], Job]] = {
    "time": time_calls,
    "batch": time_batches,
    "answer": answer_text,
    "memory": memory,
    "mixed": mixed_calls,
    "usage": usage,
    "document": read_document,
    "answer batch": answer_batch,
}


def _take_stdout() -> IO[str]:
    """Keep the pipe to the parent, and let everything that prints write to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _send(answers: IO[str], answer: Job) -> None:
    answers.write(json.dumps(answer, default=list) + "\n")
    answers.flush()
