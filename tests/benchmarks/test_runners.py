"""Loaded contestants, and the stopwatch that listens to sessions."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from benchmarks.runners import SessionTimer, load_runner
from gliner2_lite.graph.session import SessionEvent
from tests.benchmarks.conftest import TINY

CONTESTANT = {"kind": "bundle", "path": str(TINY), "variant": "int8", "bundle": None, "profile": None}


def test_sessions_are_timed_until_the_end_and_no_longer() -> None:
    with ExitStack() as until_end:
        runner = load_runner(CONTESTANT, threads=1, until_end=until_end)
        timer = runner.timer
        assert timer is not None and timer.seconds == 0.0, "opening the graph is not running it"
        runner.model.extract("They won the match in Oslo.", runner.schema("entities-4"))
        once, tokens = timer.seconds, timer.tokens
        assert once > 0.0 and tokens > 8
        runner.model.extract("They won the match in Oslo.", runner.schema("entities-4"))
        assert timer.seconds > once and timer.tokens == tokens
        timer.reset()
        assert timer.seconds == 0.0
    runner.model.extract("They won the match in Oslo.", runner.schema("entities-4"))
    assert timer.seconds == 0.0


def test_only_runs_are_counted() -> None:
    timer = SessionTimer()
    timer.note(SessionEvent("open", 2.0))
    timer.note(SessionEvent("run", 0.25, (3, 17)))
    timer.note(SessionEvent("run", 0.5, (1, 40)))
    assert (timer.seconds, timer.tokens) == (0.75, 40)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'other'"):
        load_runner({**CONTESTANT, "kind": "other"}, threads=1, until_end=ExitStack())
