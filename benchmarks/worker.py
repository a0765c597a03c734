"""A contestant's process: load the model, then time the jobs that come in.

Standard output carries answers only: what libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import IO, Any

from benchmarks.runners import Runner, load_runner

Job = dict[str, Any]


def main() -> None:
    """``worker CONTESTANT_JSON THREADS CPUS``: serve until standard input ends."""
    contestant, threads, cpus = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [int(cpu) for cpu in cpus.split(",")])
    answers = _take_stdout()
    begin = time.perf_counter()
    try:
        runner = load_runner(contestant, threads=threads)
    except Exception as error:  # whatever a library raises has to reach the parent
        traceback.print_exc()
        _send(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    _send(answers, {"load_seconds": time.perf_counter() - begin})
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


OPERATIONS: dict[str, Callable[[Runner, Job], Job]] = {
    "time": time_calls,
    "batch": time_batches,
    "answer": answer_text,
    "memory": memory,
}


def _take_stdout() -> IO[str]:
    """Keep the pipe to the parent, and let everything that prints write to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _send(answers: IO[str], answer: Job) -> None:
    answers.write(json.dumps(answer, default=list) + "\n")
    answers.flush()
