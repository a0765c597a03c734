"""Signals end a run between two lines; what the parent ignored stays ignored."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from gliner2_lite.cli.stopping import Stopped, StopSignals


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Handlers of a process in the foreground; those of the test run afterwards."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code", "word"), [
    (signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "hung up"),
])  # fmt: skip
def test_a_signal_stops_with_its_exit_code(number: signal.Signals, code: int, word: str) -> None:
    with pytest.raises(Stopped, match=word) as stopped, StopSignals():
        os.kill(os.getpid(), number)
        threading.Event().wait(10)
    assert stopped.value.exit_code == code
    assert signal.getsignal(number) is signal.SIG_DFL
    assert not isinstance(stopped.value, Exception)  # no handler of errors swallows it


def test_a_first_signal_waits_for_the_end_of_a_line_and_a_second_does_not() -> None:
    done = []
    with pytest.raises(Stopped), StopSignals() as signals, signals.whole():
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("line")
    assert done == ["line"]
    with pytest.raises(Stopped, match="terminated"), StopSignals() as signals, signals.whole():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(10)
        done.append("never")
    assert done == ["line"]


def test_ignored_signals_stay_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with StopSignals():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_another_thread_leaves_the_signals_alone() -> None:
    done = []

    def work() -> None:
        with StopSignals() as signals, signals.whole():
            done.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.SIG_DFL]
