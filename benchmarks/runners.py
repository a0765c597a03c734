"""Loaded contestants with one interface. Runs in a worker process; heavy imports happen on loading."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.schemas import build_schema


@dataclass
class SessionTimer:
    """How long the last calls spent in the graph's session, and the tokens of the last batch."""

    seconds: float = 0.0
    tokens: int = 0

    def reset(self) -> None:
        self.seconds = 0.0


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


def load_runner(contestant: dict[str, Any], *, threads: int) -> Runner:
    """Load what ``Contestant.to_json`` describes, with ``threads`` threads for everything."""
    if contestant["kind"] == "bundle":
        return _load_bundle(contestant["path"], contestant["variant"], threads, contestant["profile"])
    if contestant["kind"] == "plain":
        return _load_plain(contestant["path"], contestant["bundle"], threads)
    if contestant["kind"] == "gliner2":
        return _load_reference(contestant["path"], threads)
    raise ValueError(f"unknown kind of contestant {contestant['kind']!r}")


def _load_bundle(path: str, variant: str, threads: int, profile: str | None) -> Runner:
    from gliner2_lite import GLiNER2

    model = GLiNER2.from_pretrained(path, variant=variant, threads=threads, profile=profile)
    return Runner(model, timer=time_sessions())


def _load_plain(graph: str, bundle: str, threads: int) -> Runner:
    from benchmarks.plain import load_plain

    return Runner(load_plain(Path(graph), Path(bundle), threads=threads))


def _load_reference(path: str, threads: int) -> Runner:
    import torch
    from gliner2 import GLiNER2

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    model = GLiNER2.from_pretrained(path, map_location="cpu")
    model.eval()
    return Runner(model)


def time_sessions() -> SessionTimer:
    """Wrap ``GraphSession.run`` of this process by a stopwatch, from outside, and return the stopwatch."""
    from gliner2_lite.graph.session import GraphSession

    timer, run = SessionTimer(), GraphSession.run

    def timed(session: Any, batch: Any, *, last: bool = False) -> Any:
        begin = time.perf_counter()
        features = run(session, batch, last=last)
        timer.seconds += time.perf_counter() - begin
        timer.tokens = int(batch.input_ids.shape[1])
        return features

    GraphSession.run = timed
    return timer
