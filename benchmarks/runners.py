"""Loaded contestants with one interface. Runs in a worker process; heavy imports happen on loading."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.schemas import build_schema

if TYPE_CHECKING:
    from gliner2_lite.graph.session import SessionEvent


@dataclass
class SessionTimer:
    """How long the last calls spent in the graph's session, and the tokens of the last batch."""

    seconds: float = 0.0
    tokens: int = 0

    def reset(self) -> None:
        """Set the seconds to 0; the next calls are counted from there."""
        self.seconds = 0.0

    def note(self, event: SessionEvent) -> None:
        """Add one run; an observer for ``gliner2_lite.graph.session.observed``."""
        if event.what == "run":
            self.seconds += event.seconds
            self.tokens = event.shape[1]


@dataclass
class Runner:
    """A model with ``extract``, ``batch_extract``, ``create_schema``; ``timer`` where it runs our session."""

    model: Any
    timer: SessionTimer | None = None
    _schemas: dict[str, Any] = field(default_factory=dict)

    def schema(self, name: str) -> Any:
        """The schema ``name``, built once, as a program would."""
        if name not in self._schemas:
            self._schemas[name] = build_schema(name, self.model.create_schema())
        return self._schemas[name]


def load_runner(contestant: dict[str, Any], *, threads: int, until_end: ExitStack) -> Runner:
    """Load what ``Contestant.to_json`` describes, with ``threads`` threads for everything.

    What has to stay open as long as the runner is used is put into ``until_end``.
    """
    if contestant["kind"] == "bundle":
        model = _load_bundle(contestant["path"], contestant["variant"], threads, contestant["profile"])
        return Runner(model, timer=_time_sessions(until_end))
    if contestant["kind"] == "plain":
        return Runner(_load_plain(contestant["path"], contestant["bundle"], threads))
    if contestant["kind"] == "gliner2":
        return Runner(_load_reference(contestant["path"], threads))
    raise ValueError(f"unknown kind of contestant {contestant['kind']!r}")


def _load_bundle(path: str, variant: str, threads: int, profile: str | None) -> Any:
    from gliner2_lite import GLiNER2

    return GLiNER2.from_pretrained(path, variant=variant, threads=threads, profile=profile)


def _load_plain(graph: str, bundle: str, threads: int) -> Any:
    from benchmarks.plain import load_plain

    return load_plain(Path(graph), Path(bundle), threads=threads)


def _load_reference(path: str, threads: int) -> Any:
    import torch
    from gliner2 import GLiNER2

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    model = GLiNER2.from_pretrained(path, map_location="cpu")
    model.eval()
    return model


def _time_sessions(until_end: ExitStack) -> SessionTimer:
    """A stopwatch that runs while a graph of this process does, until ``until_end`` is closed."""
    from gliner2_lite.graph.session import observed

    timer = SessionTimer()
    until_end.enter_context(observed(timer.note))
    return timer
