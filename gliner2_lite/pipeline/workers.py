"""Worker processes for streams: each loads the model itself, so all of them map the same weight files.

The parent hands one window at a time to an idle worker and gives results back in the order of the windows.
A worker does nothing but work and wait for the parent, so the parent sees its death at once, as the end of
its pipe.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from gliner2_lite.errors import InputError, SchemaError, WorkerError
from gliner2_lite.load.loading import LoadOptions, load
from gliner2_lite.machine.processors import usable_cores
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.pipeline.pipeline import Pipeline, Result
from gliner2_lite.pipeline.stream import Checked, answer_window
from gliner2_lite.prompt.layout import Prompt
from gliner2_lite.prompt.words import WordSplitter
from gliner2_lite.schema.limits import Limits

STOP_SECONDS = 5.0  # how long a worker may take to end before it is killed
HELD_BACK = ("SIGINT", "SIGTERM", "SIGHUP")  # while a worker is started
GUARD = (
    'a program that uses workers must start them under `if __name__ == "__main__":`, because every worker '
    "imports the program's main module"
)
Answers = list[Result | InputError]


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker needs, pickled: a :class:`_Model`, and a schema with the options of the call."""

    model: bytes
    call: bytes


@dataclass(frozen=True, slots=True)
class _Model:
    """What a worker builds its pipeline from."""

    directory: str
    load: LoadOptions
    splitter: WordSplitter
    limits: Limits


def make_setup(pipeline: Pipeline, schema: Any, options: CallOptions, *, workers: int) -> Setup:
    """The set-up of ``workers`` processes that share the cores, unless the model was given ``threads``.

    Raises:
        SchemaError, InputError: the schema or the word splitter cannot be sent to another process.
    """
    loaded = pipeline.loaded
    model = _Model(
        directory=str(loaded.bundle.root.resolve()),
        load=replace(loaded.again, threads=loaded.again.threads or max(1, usable_cores() // workers)),
        splitter=pipeline.splitter,
        limits=pipeline.limits,
    )
    try:
        pickled = pickle.dumps(model)
    except Exception as error:  # pickle raises whatever an object's own hooks raise
        raise InputError(
            f"the word splitter {pipeline.splitter!r} cannot be sent to worker processes ({error}); define "
            "it at the top level of a module, or use workers=0"
        ) from error
    try:
        return Setup(pickled, pickle.dumps((schema, options)))
    except Exception as error:
        raise SchemaError(
            f"the schema cannot be sent to worker processes ({error}); define its validators at the top "
            "level of a module, or use workers=0"
        ) from error


def answer_in_workers(
    windows: Iterator[list[Checked]], setup: Setup, *, workers: int
) -> Generator[Answers, None, None]:
    """The answers of every window, in order, from ``workers`` processes that end with this generator.

    At most two windows per worker are read ahead of the answers.

    Raises:
        WorkerError: a worker could not be started, or died. What was answered before it comes first.
    """
    running: list[_Worker] = []
    try:
        for number in range(workers):
            with _signals_held_back():
                running.append(_start(number, setup))
        yield from _map(windows, running)
    finally:
        for worker in running:
            worker.connection.close()
            worker.process.terminate()
        for worker in running:
            worker.process.join(STOP_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()


@dataclass(slots=True)
class _Task:
    """A window on its way: ``answers`` or ``error`` once it is done."""

    first: int
    texts: list[Checked]
    answers: Answers | None = None
    error: BaseException | None = None

    @property
    def name(self) -> str:
        last = self.first + len(self.texts) - 1
        return f"texts[{self.first}]" if last == self.first else f"texts[{self.first}] to texts[{last}]"


@dataclass(slots=True)
class _Worker:
    number: int
    process: BaseProcess
    connection: Connection
    ready: bool = False
    ended: bool = False
    task: _Task | None = None

    @property
    def idle(self) -> bool:
        return self.ready and self.task is None

    def give(self, task: _Task) -> None:
        self.task = task
        try:
            self.connection.send(task.texts)
        except OSError:
            self._died()

    def receive(self) -> Exception | None:
        """Take the message that is there, or notice the end. Returns an error that belongs to no task."""
        try:
            answers, error, trace = self.connection.recv()
        except (EOFError, OSError):
            return self._died()
        if error is not None:
            error.__cause__ = WorkerError(f"raised in worker {self.number}:\n{trace}")
        if self.task is None:
            self.ready = error is None
            failure: Exception | None = error
            return failure
        self.task.answers, self.task.error = answers, error
        self.task = None
        return None

    def _died(self) -> WorkerError | None:
        self.process.join(STOP_SECONDS)
        error = WorkerError(_death_message(self))
        self.ready, self.ended = False, True
        if self.task is None:
            return error
        self.task.error, self.task = error, None
        return None


def _map(windows: Iterator[list[Checked]], workers: list[_Worker]) -> Generator[Answers, None, None]:
    tasks: deque[_Task] = deque()  # in order, not yet given
    first, more = 0, True
    failure: Exception | None = None  # what ends the stream once the tasks before it are given
    while more or tasks:
        while (
            more and len(tasks) < 2 * len(workers) and (idle := [worker for worker in workers if worker.idle])
        ):
            try:
                texts = next(windows, None)
            except Exception as error:  # the caller's own: it comes after what was read before it
                texts, failure = None, error
            if texts is None:
                more = False
                break
            tasks.append(_Task(first, texts))
            first += len(texts)
            idle[0].give(tasks[-1])
        if tasks and tasks[0].error is not None:
            raise tasks[0].error
        if tasks and tasks[0].answers is not None:
            yield tasks.popleft().answers or []
        elif more or tasks:
            # Also of a process that has ended already: what it said last is still to be read.
            heard = [worker for worker in workers if not worker.ended]
            readable = wait([worker.connection for worker in heard])
            for worker in heard:
                if worker.connection in readable:
                    unrelated = worker.receive()
                    failure = failure or unrelated
            more = more and failure is None and not any(task.error for task in tasks)
    if failure is not None:
        raise failure


def _start(number: int, setup: Setup) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, setup), name=f"gliner2_lite-worker-{number}", daemon=True
    )
    try:
        process.start()
    except (RuntimeError, AssertionError, OSError) as error:
        ours.close()
        reason = GUARD if isinstance(error, RuntimeError) else str(error)
        raise WorkerError(f"worker {number} could not be started: {reason}") from error
    finally:
        theirs.close()
    return _Worker(number, process, ours)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Delay signals while a process is started, until the process is complete and known to its caller.

    Signals that come meanwhile are handled by this process afterwards, and a process that is started never
    sees SIGINT, not even before :func:`_serve` ignores it.
    """
    waiting: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # elsewhere, handlers never run
        for name in HELD_BACK:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and callable(signal.getsignal(number)):
                # A mask is not enough: another thread, of a library as a rule, takes the signal instead.
                handlers[number] = signal.signal(number, lambda number, frame: waiting.append(number))
    try:
        with _interrupts_masked():
            yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)


@contextmanager
def _interrupts_masked() -> Iterator[None]:
    """Block SIGINT in this thread: processes started inside the block inherit its mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # a module of systems with such masks

    # The first process starts multiprocessing's tracker, and that lets SIGINT through again: start it before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _death_message(worker: _Worker) -> str:
    code = worker.process.exitcode
    if code is not None and code < 0:
        try:
            how = f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            how = f"was killed by signal {-code}"
    else:
        how = f"ended with exit code {code}"
    if worker.task is not None:
        when = f"while it ran {worker.task.name}"
    elif worker.ready:
        when = "between two texts"
    else:
        return (
            f"worker {worker.number} {how} before it was ready; see its message on stderr, and mind: {GUARD}"
        )
    return (
        f"worker {worker.number} {how} {when}; if the system was out of memory, use fewer workers or a "
        "smaller batch_tokens; workers=0 runs the texts in this process"
    )


def _serve(connection: Connection, setup: Setup) -> None:
    """The main loop of a worker: load, then one answer per window, until the parent closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the parent ends its workers
    try:
        pipeline, prompt, options = _load(setup)
    except Exception as error:
        _send(connection, _failure(error))
        return
    parent_alive = _send(connection, (None, None, ""))
    while parent_alive:
        try:
            texts = connection.recv()
        except (EOFError, OSError):
            return
        try:
            message: Any = (answer_window(pipeline, texts, prompt, options), None, "")
        except Exception as error:  # sent to the parent, which raises it
            message = _failure(error)
        parent_alive = _send(connection, message)


def _send(connection: Connection, message: Any) -> bool:
    """Send to the parent; False when it is gone, or wants no more."""
    try:
        connection.send(message)
    except OSError:
        return False
    return True


def _load(setup: Setup) -> tuple[Pipeline, Prompt, CallOptions]:
    try:
        model, (schema, options) = pickle.loads(setup.model), pickle.loads(setup.call)
    except Exception as error:
        raise WorkerError(
            f"a validator or word splitter cannot be found in a worker process ({error}); define it at the "
            "top level of a module that can be imported"
        ) from error
    pipeline = Pipeline(load(Path(model.directory), model.load), model.splitter, model.limits)
    [prompt] = pipeline.prompts([schema])
    return pipeline, prompt, options


def _failure(error: Exception) -> tuple[None, Exception, str]:
    trace = traceback.format_exc()
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = WorkerError(f"{type(error).__name__}: {error}")
    return None, error, trace
