"""Worker processes: same answers in order, errors that say what happened, and no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError, RegexValidator, Schema, SchemaError, WorkerError
from gliner2_lite.machine.processors import usable_cores
from gliner2_lite.pipeline import workers
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.pipeline.workers import make_setup

TEXTS = ["Tim Cook met Ann Lee in Oslo" + " on a cold day" * (5 * index % 7) for index in range(12)]


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> GLiNER2:
    return GLiNER2.from_pretrained(small_bundle, threads=1)


@pytest.fixture
def schema() -> Schema:
    return Schema().entities(
        {"person": {"validators": [RegexValidator("tim.*", mode="full", exclude=True)]}, "city": {}}
    )


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


def endless() -> Iterator[str]:
    return (f"Ann met Bob {number} times." for number in count())


def test_answers_and_errors_are_those_of_one_process_in_order(model: GLiNER2, schema: Schema) -> None:
    texts: list[Any] = [*TEXTS, 3, "\ud800", None, *TEXTS]
    ask = {"include_confidence": True, "include_spans": True, "threshold": 0.1, "batch_size": 2}
    here = list(model.extract_iter(texts, schema, errors="yield", **ask))
    there = list(model.extract_iter(texts, schema, errors="yield", workers=2, **ask))
    assert [repr(item) for item in there] == [repr(item) for item in here]
    assert sum(isinstance(item, InputError) for item in there) == 2


def test_closing_early_ends_the_workers_and_the_reading(model: GLiNER2, schema: Schema) -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        for text in endless():
            read += 1
            yield text

    stream = model.extract_iter(texts(), schema, workers=1, batch_size=2)
    assert read == 0 and multiprocessing.active_children() == []
    next(stream)
    assert len(multiprocessing.active_children()) == 1
    assert read <= 2 * 8
    stream.close()
    assert multiprocessing.active_children() == []


def test_an_exception_of_the_caller_ends_the_workers(model: GLiNER2, schema: Schema) -> None:
    def interrupted() -> Iterator[str]:
        yield "Ann."
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(model.extract_iter(interrupted(), schema, workers=1))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_killed_worker_is_an_error_not_a_hang(model: GLiNER2, schema: Schema) -> None:
    stream = model.extract_iter(endless(), schema, workers=1, batch_size=2)
    given = [next(stream)]
    [worker] = multiprocessing.active_children()
    os.kill(worker.pid or 0, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"worker 0 was killed by SIGKILL .*; if the system was out of mem"):
        for _ in range(10_000):
            given.append(next(stream))
    assert given[0] == model.extract("Ann met Bob 0 times.", schema)


def test_workers_that_end_before_they_are_listened_to_are_noticed(
    model: GLiNER2, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = workers._start

    def start_and_wait(number: int, setup: workers.Setup) -> workers._Worker:
        worker = start(number, workers.Setup(b"no pickle", setup.call))
        worker.process.join()
        return worker

    monkeypatch.setattr(workers, "_start", start_and_wait)
    with pytest.raises(WorkerError, match="cannot be found in a worker process"):
        list(model.extract_iter(["Ann."], schema, workers=2))


def test_what_cannot_be_sent_is_refused_at_once(small_bundle: Path) -> None:
    class Local:
        def validate(self, text: str) -> bool:
            return True

    model = GLiNER2.from_pretrained(small_bundle, threads=1)
    local = Schema().entities({"person": {"validators": [Local()]}})
    with pytest.raises(SchemaError, match="validators at the top level of a module, or use workers=0"):
        model.extract_iter(["Ann."], local, workers=1)
    model.set_word_splitter(lambda text, lower=True: [(text, 0, len(text))])
    with pytest.raises(InputError, match="word splitter .* top level of a module"):
        model.extract_iter(["Ann."], Schema().entities(["person"]), workers=1)


def test_threads_are_shared_out_unless_given() -> None:
    def threads(given: int | None, workers: int) -> Any:
        model = GLiNER2.from_pretrained("tiny", threads=given)
        setup = make_setup(model.pipeline, Schema(), CallOptions(), workers=workers)
        return pickle.loads(setup.model).load.threads

    assert threads(None, 1) == usable_cores()
    assert threads(None, 1000) == 1
    assert threads(3, 1000) == 3


PROGRAM = """
from gliner2_lite import GLiNER2, Schema
class Short:
    def validate(self, text):
        if text == "boom": raise LookupError("boom")
        return True
def main():
    model = GLiNER2.from_pretrained({bundle!r}, threads=1)
    schema = Schema().entities({{"a": {{"threshold": 0.0, "validators": [Short()]}}}})
    for result in model.extract_iter({texts!r}, schema, workers=1, batch_size=1):
        print(sorted(result))
{guard}
"""


def run_program(
    tmp_path: Path, bundle: Path, texts: list[str], guard: str
) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(bundle=str(bundle), texts=texts, guard=guard), encoding="utf-8")
    return subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120)


def test_a_program_without_the_main_guard_is_told_so(tmp_path: Path, small_bundle: Path) -> None:
    done = run_program(tmp_path, small_bundle, ["Ann."], "main()")
    assert done.returncode != 0 and done.stdout == ""
    assert "WorkerError: worker 0 ended with exit code 1 before it was ready" in done.stderr
    assert 'under `if __name__ == "__main__":`' in done.stderr


def test_an_error_in_a_worker_is_raised_as_it_is_after_the_results_before_it(
    tmp_path: Path, small_bundle: Path
) -> None:
    done = run_program(tmp_path, small_bundle, ["Ann.", "boom"], 'if __name__ == "__main__": main()')
    assert done.returncode != 0 and done.stdout == "['entities']\n"
    assert "LookupError: boom" in done.stderr and "raised in worker 0" in done.stderr


MASKS = """
import multiprocessing, signal
from gliner2_lite.pipeline.workers import _signals_held_back
def report(pipe):
    pipe.send(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
def main():
    context = multiprocessing.get_context("spawn")
    for _ in range(2):
        ours, theirs = context.Pipe()
        process = context.Process(target=report, args=(theirs,))
        with _signals_held_back():
            process.start()
        print(ours.recv(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        process.join()
if __name__ == "__main__":
    main()
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held back here")
def test_no_worker_sees_an_interrupt_before_it_can_ignore_it(tmp_path: Path) -> None:
    """Not even the first of a program, whose start also starts multiprocessing's own tracker."""
    program = tmp_path / "masks.py"
    program.write_text(MASKS, encoding="utf-8")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["True", "False"] * 2, done.stderr


HELD = """
import os, signal, sys, threading
from gliner2_lite.pipeline.workers import _signals_held_back
number = signal.Signals[sys.argv[1]]
class Called(BaseException):
    pass
def handler(number, frame):
    raise Called
signal.signal(number, handler)
idle = threading.Event()
threading.Thread(target=idle.wait, daemon=True).start()  # takes what the main thread does not
went_on = []
try:
    with _signals_held_back():
        os.kill(os.getpid(), number)
        for _ in range(200):
            idle.wait(0.001)  # a handler would run here
        went_on.append(True)
except Called:
    print(went_on, signal.getsignal(number) is handler)
idle.set()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_a_worker_starts_is_handled_afterwards(name: str) -> None:
    """Whichever thread takes it: a worker that is half started would be left without its set-up."""
    done = subprocess.run([sys.executable, "-c", HELD, name], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[True] True\n", "")


def test_a_worker_that_was_starting_at_an_interrupt_is_ended(
    model: GLiNER2, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, before = workers._start, signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(*given: Any) -> Any:
        worker = original(*given)
        os.kill(os.getpid(), signal.SIGINT)
        return worker

    monkeypatch.setattr(workers, "_start", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            next(model.extract_iter(endless(), schema, workers=1))
    finally:
        signal.signal(signal.SIGINT, before)
    assert multiprocessing.active_children() == []
