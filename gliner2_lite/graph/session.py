"""The graph: batch → features. The only module that imports ``onnxruntime``."""

from __future__ import annotations

import os
import re
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

# Before the import below: from 1.29 on, onnxruntime otherwise starts a thread that reports usage over the
# network, and a file for it under ~/.cache. Its destructor also hangs in forked processes.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

from gliner2_lite.bundle.files import data_path
from gliner2_lite.errors import BundleError, InputError, RunError
from gliner2_lite.graph.batch import INPUTS, Batch
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.graph.profiles import CPU_PROVIDER, SessionSettings

#: Axis of an output → the array of a batch that has its length, and where.
AXES = {
    "batch": ("input_ids", 0),
    "tasks": ("task_positions", 1),
    "labels": ("label_positions", 1),
    "words": ("word_positions", 1),
}
#: onnxruntime's names of the types that outputs have.
DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
#: Smaller tensors stay inside the ONNX file: a mapping of their own would cost more than the copy.
MIN_MAPPED_BYTES = 4096
#: Weights of fp32 products must begin at multiples of this: the widest vector that AVX-512 loads.
VECTOR_BYTES = 64

_open_sessions: weakref.WeakSet[GraphSession] = weakref.WeakSet()


class SessionEvent(NamedTuple):
    """A graph was opened or run, and how long that took. ``shape`` is that of a run's ids, [B, T]."""

    what: Literal["open", "run"]
    seconds: float
    shape: tuple[int, ...] = ()


Observer = Callable[[SessionEvent], None]
_observers: list[Observer] = []


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Within the block ``observer`` is told of every graph that this process has opened or run."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def _tell(what: Literal["open", "run"], begin: float, shape: tuple[int, ...] = ()) -> None:
    for observer in list(_observers):
        observer(SessionEvent(what, perf_counter() - begin, shape))


class Contract(NamedTuple):
    """What an architecture needs of its graph: the outputs it reads, and inputs beside the common ones."""

    outputs: tuple[str, ...]
    extra_inputs: tuple[str, ...] = ()


class GraphSession:
    """One loaded graph, safe to call from several threads. ``graph`` is the file it was loaded from."""

    def __init__(
        self,
        graph: Path,
        contract: Contract,
        *,
        settings: SessionSettings | None = None,
        optimized: bool = False,
    ) -> None:
        """Load ``graph``; ``optimized`` says that it was optimised when it was written.

        Raises:
            BundleError: onnxruntime cannot load it. InputError: a provider is not available.
        """
        begin = perf_counter()
        self.graph = graph
        chosen = settings or SessionSettings()
        options = _options(chosen)
        if optimized and not _accelerated(chosen):
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session = _open(graph, options, chosen)
        self._inputs = {item.name for item in self._session.get_inputs()}
        described = {item.name: item for item in self._session.get_outputs()}
        missing = set(contract.outputs) - described.keys()
        unknown = self._inputs - {*INPUTS, *contract.extra_inputs}
        if missing or unknown:
            raise BundleError(
                f"{graph} is not a graph of this format (missing outputs {sorted(missing)}, unknown inputs "
                f"{sorted(unknown)}); export the checkpoint again"
            )
        self._process = os.getpid()
        self._outputs = {name: described[name] for name in contract.outputs}
        self._sizes_known = all(
            output.type in DTYPES and all(isinstance(axis, int) or axis in AXES for axis in output.shape)
            for output in self._outputs.values()
        )
        self._emptying = _emptying_options() if chosen.releases_memory and not _accelerated(chosen) else None
        _open_sessions.add(self)
        _tell("open", begin)

    def run(self, batch: Batch, *, last: bool = False) -> Arrays:
        """Run one batch: the outputs of the contract by name. Rows beyond a text's own lengths are padding.

        ``last=True`` marks a call's final batch; under a profile that releases memory the arena is emptied
        after it.

        Raises:
            RunError: the graph fails, for want of memory as a rule, or this process was forked after the
                session was made.
        """
        if os.getpid() != self._process:
            raise RunError(
                "this process was forked after the model was loaded, and the model's threads did not come "
                "along: load the model after the fork, or start processes with the method 'spawn' "
                "(extract_iter(..., workers=N) does)"
            )
        begin = perf_counter()
        wanted = {name: value for name, value in batch.inputs().items() if name in self._inputs}
        try:
            if not last or self._emptying is None:
                outputs = self._session.run(list(self._outputs), wanted)
            elif self._sizes_known:
                outputs = self._run_and_empty(batch, wanted)
            else:  # outputs within the arena keep the blocks around them until they are dropped
                outputs = self._session.run(list(self._outputs), wanted, self._emptying)
        except MemoryError:
            raise
        except Exception as error:  # onnxruntime's own classes all derive from Exception directly
            rows, tokens = batch.input_ids.shape
            raise RunError(
                f"the graph failed on {rows} texts with up to {tokens} tokens ({error}); if memory is "
                "short, use a smaller batch_size or batch_tokens, give max_len, or use a *_long method"
            ) from error
        _tell("run", begin, batch.input_ids.shape)
        return dict(zip(self._outputs, outputs, strict=True))

    def _run_and_empty(self, batch: Batch, inputs: Arrays) -> list[npt.NDArray[Any]]:
        """Run, then free the arena; outputs lie outside of it, or they would hold the blocks around them."""
        lengths = {axis: getattr(batch, array).shape[place] for axis, (array, place) in AXES.items()}
        binding = self._session.io_binding()
        for name, value in inputs.items():
            binding.bind_cpu_input(name, value)
        outputs: list[npt.NDArray[Any]] = []
        for name, output in self._outputs.items():
            shape, dtype = [lengths.get(axis, axis) for axis in output.shape], DTYPES[output.type]
            array: npt.NDArray[Any] = np.empty(shape, dtype=dtype)
            binding.bind_output(name, "cpu", 0, dtype, array.shape, array.ctypes.data)
            outputs.append(array)
        self._session.run_with_iobinding(binding, self._emptying)
        return outputs

    def leave_open(self) -> None:
        """Never close this session: closing waits for its threads, and a forked process has none of them."""
        import ctypes  # NumPy has loaded it

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))


def write_prepacked(graph: Path, out: Path, *, entries: Mapping[str, str]) -> None:
    """Write ``graph`` as this CPU wants it to ``out`` (an ``.onnx`` path) and ``<out>_data`` beside it.

    The weights are stored in the order in which the kernels read them, so that a session maps them and
    packs nothing. Raises BundleError when onnxruntime cannot load the graph or write the files, or writes
    them so that it could not use them.
    """
    settings = SessionSettings(threads=1, entries=entries)
    options = _options(settings)
    write_weights_beside(options, out)
    options.add_session_config_entry("session.save_external_prepacked_constant_initializers", "1")
    _open(graph, options, settings)
    if misaligned_weights(out.read_bytes()):
        raise BundleError(
            f"{graph} cannot be compiled by onnxruntime {ort.__version__}, which lays packed fp32 weights "
            'where it cannot read them; run pip install "onnxruntime>=1.32", or export the bundle again'
        )


def misaligned_weights(graph: bytes) -> bool:
    """Whether packed fp32 weights of a compiled graph begin where the kernels of some CPUs cannot load them.

    Releases before 1.32 write one tensor right after the other, whatever its size, and then crash on what
    they wrote. A packed weight stands in the file as ``<kernel>+<hash>|<offset>;<length>;<flags>|…``.
    """
    for places in re.findall(rb"(?:MatMul|Gemm)\+\d+\|([\d;|]+)", graph):
        if any(int(place.split(b";")[0]) % VECTOR_BYTES for place in places.split(b"|") if place):
            return True
    return False


def write_weights_beside(options: Any, out: Path) -> None:
    """Let a session with these options write its optimised graph to ``out`` and the weights beside it."""
    options.optimized_model_filepath = str(out)
    prefix = "session.optimized_model_external_initializers"
    options.add_session_config_entry(f"{prefix}_file_name", data_path(out).name)
    options.add_session_config_entry(f"{prefix}_min_size_in_bytes", str(MIN_MAPPED_BYTES))


def runtime_version() -> str:
    """The onnxruntime in use."""
    return str(ort.__version__)


def require_runtime(minimum: str, what: str) -> None:
    """Raise BundleError when the onnxruntime in use is older than ``minimum``, which ``what`` needs."""
    if _numbers(ort.__version__) < _numbers(minimum):
        raise BundleError(
            f"{what} needs onnxruntime {minimum} or later, this is {ort.__version__}; "
            f'run pip install "onnxruntime>={minimum}"'
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _options(settings: SessionSettings) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # It would remember one block of memory per input shape; texts have many lengths.
    options.enable_mem_pattern = False
    if settings.threads is not None:
        options.intra_op_num_threads = settings.threads
    # NumPy works between two runs: worker threads that keep spinning would take its cores.
    entries = {"session.force_spinning_stop": "1"}
    if not settings.spinning:
        entries["session.intra_op.allow_spinning"] = "0"
    for name, value in {**entries, **settings.entries}.items():
        try:
            options.add_session_config_entry(name, value)
        except Exception as error:  # see GraphSession.run
            raise InputError(f"session_options: onnxruntime refuses {name!r}: {value!r} ({error})") from error
    return options


def _open(graph: Path, options: Any, settings: SessionSettings) -> Any:
    available = ort.get_available_providers()
    absent = [name for name in settings.providers if name not in available]
    if absent:
        raise InputError(
            f"providers: this onnxruntime has no {', '.join(map(repr, absent))}; "
            f"write one of: {', '.join(map(repr, available))}"
        )
    # Without another provider there is nothing to fall back to, and trying it prints to standard output.
    fallback = int(_accelerated(settings))
    try:
        return ort.InferenceSession(
            str(graph), options, providers=list(settings.providers), enable_fallback=fallback
        )
    except Exception as error:  # see GraphSession.run
        raise BundleError(f"{graph} cannot be loaded by onnxruntime {ort.__version__}: {error}") from error


def _emptying_options() -> Any:
    """Options of a run that frees the blocks of the arena that nothing uses; None where there is no arena.

    Left to itself, an arena keeps its blocks for the next run. Without one, every tensor would be allocated
    by the C library: that takes longer, and its heap in pieces needs more at the peak of a long text.
    """
    if sys.maxsize <= 2**32:  # builds for 32 bits have none, and refuse the entry
        return None
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _accelerated(settings: SessionSettings) -> bool:
    """Whether another provider than the CPU's takes part; it may want to optimise the graph its own way."""
    return settings.providers != (CPU_PROVIDER,)


def _after_fork() -> None:
    for session in list(_open_sessions):
        session.leave_open()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
