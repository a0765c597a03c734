"""Threads, forks, pools, coroutines and signals, with one model or several: same answers, and never a hang.

What may hang or takes signals runs in a process of its own under a time limit.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputTypeError, Schema
from gliner2_lite.load import loading
from tests.conftest import ROOT
from tests.golden.store import unpack_bundle
from tests.test_docs import read_snippets

TEXTS = [
    f"{name} of {company} met Maria Lopez in {city}, who bought it from Tim Cook for $5{' and left' * more}."
    for more, name in enumerate(("Ann Smith", "Bob", "Çelik"))
    for company in ("Siemens", "Apple")
    for city in ("Oslo", "São Paulo")
]
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def schema() -> Schema:
    """All four tasks, two of which may have several instances."""
    return (
        Schema()
        .entities(["person", "company", "city"])
        .relations(["works for"])
        .classification("tone", ["calm", "angry"], multi_label=True)
        .structure("sale")
        .field("buyer", dtype="str")
        .field("price")
        .schema
    )


def ask(model: GLiNER2, text: str) -> str:
    """Everything there is in an answer, with every bit of its floats."""
    return repr(model.extract(text, schema(), 0.2, include_confidence=True, include_spans=True))


def run(code: str, *arguments: object, seconds: int = 120) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own; a hang is a failure."""
    return subprocess.run(
        # Python 3.12 warns of forks while there are threads, which is what is tried here.
        [
            sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(code),
            *map(str, arguments),
        ],
        capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["tiny", "v2-mean-wordpiece"])
def test_sixteen_threads_get_the_bits_of_one(name: str, tmp_path: Path) -> None:
    model = GLiNER2.from_pretrained(name if name == "tiny" else unpack_bundle(name, tmp_path))
    texts = TEXTS * 8
    serial = [ask(model, text) for text in TEXTS] * 8
    start = threading.Barrier(16)

    def one(share: int) -> list[str]:
        start.wait(60)
        return [ask(model, text) for text in texts[share::16]]

    with ThreadPoolExecutor(16) as pool:
        shares = list(pool.map(one, range(16)))
    assert shares == [serial[share::16] for share in range(16)]


def test_two_threads_are_in_the_session_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock is held while the graph runs: with one, the first thread would wait for the second for ever."""
    model = GLiNER2.from_pretrained("tiny", threads=1)
    expected = ask(model, TEXTS[0])
    inside = threading.Barrier(2)

    class Meeting:
        def __init__(self, session: Any) -> None:
            self.session = session

        def run(self, *given: Any) -> Any:
            inside.wait(60)
            return self.session.run(*given)

    session = model.pipeline.loaded.session
    monkeypatch.setattr(session, "_session", Meeting(session._session))
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: ask(model, TEXTS[0]), range(2))) == [expected] * 2


@pytest.mark.parametrize("compiles", [False, True])
def test_eight_threads_load_at_once(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiles: bool
) -> None:
    expected = ask(GLiNER2.from_pretrained(small_bundle, prepack="never"), TEXTS[0])
    if compiles:
        monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    start = threading.Barrier(8)

    def one(_: int) -> str:
        start.wait(60)
        return ask(GLiNER2.from_pretrained(small_bundle, cache=tmp_path / "cache"), TEXTS[0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == [expected] * 8
    if compiles:
        assert len(list((tmp_path / "cache").iterdir())) == 1, "made once, and nothing half-made stays"


def test_models_do_not_touch_each_other(tmp_path: Path) -> None:
    names = ("lstm-first-wordpiece", "moe-first-unigram", "v2-mean-wordpiece")
    places: list[str | Path] = ["tiny", *(unpack_bundle(name, tmp_path) for name in names)]
    alone = [[ask(GLiNER2.from_pretrained(place), text) for text in TEXTS[:3]] for place in places]
    models = [GLiNER2.from_pretrained(place) for place in places]
    mixed = [[ask(model, text) for model in models] for text in TEXTS[:3]]
    assert [list(own) for own in zip(*mixed, strict=True)] == alone
    del models[0]
    assert [ask(model, TEXTS[0]) for model in models] == [own[0] for own in alone[1:]]


@FORK
@pytest.mark.parametrize("threads", [1, 2])
def test_a_fork_after_loading_is_refused_and_ends(threads: int) -> None:
    """The child may drop the model, load its own, and end as any program does; calling it is an error."""
    done = run(
        """
        import gc, os, sys
        from gliner2_lite import GLiNER2, RunError
        load = lambda: GLiNER2.from_pretrained("tiny", threads=int(sys.argv[1]))
        ask = lambda model: model.extract_entities("Tim Cook sang.", ["person"])
        model = load()
        ask(model)
        if child := os.fork():
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print("parent", code, ask(model))
        else:
            try:
                ask(model)
            except RunError as error:
                print("child", error)
            del model
            gc.collect()
            print("child", ask(load()), flush=True)
            sys.exit(3)  # with destructors, unlike os._exit
        """,
        threads,
    )
    refused, own, parent = done.stdout.splitlines()
    assert refused.startswith("child this process was forked after the model was loaded")
    assert "load the model after the fork" in refused and "spawn" in refused
    assert own == "child {'entities': {'person': ['Tim Cook']}}"
    assert parent == "parent 3 {'entities': {'person': ['Tim Cook']}}"
    assert done.stderr == ""


@FORK
def test_a_fork_while_threads_call_does_not_hang() -> None:
    done = run(
        """
        import os, sys, threading
        from gliner2_lite import GLiNER2, RunError
        model = GLiNER2.from_pretrained("tiny", threads=2)
        stop, calls = threading.Event(), []
        def work():
            while not stop.is_set():
                calls.append(model.extract_entities("Tim Cook sang.", ["person"]))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for _ in range(10):
            seen = len(calls)
            while len(calls) < seen + 4: pass
            if not (child := os.fork()):
                try:
                    model.extract_entities("x", ["person"])
                except RunError:
                    sys.exit(7)
                sys.exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        stop.set()
        for thread in threads: thread.join()
        print(len({repr(call) for call in calls}))
        """
    )
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr


@FORK
def test_a_forking_pool_gets_the_error_and_goes_on() -> None:
    done = run(
        """
        import multiprocessing as mp
        from gliner2_lite import GLiNER2, RunError
        model = GLiNER2.from_pretrained("tiny")
        def call(text):
            try:
                return str(model.extract_entities(text, ["person"]))
            except RunError as error:
                return type(error).__name__
        with mp.get_context("fork").Pool(2) as pool:
            print(pool.map(call, ["Ann.", "Bob.", "Eve."]))
        """
    )
    assert done.stdout == "['RunError', 'RunError', 'RunError']\n", done.stderr


def test_a_spawned_pool_gives_the_same_answers() -> None:
    expected = [ask(GLiNER2.from_pretrained("tiny"), text) for text in TEXTS[:4]]
    with multiprocessing.get_context("spawn").Pool(2, initializer=_load) as pool:
        assert pool.map(_ask, TEXTS[:4]) == expected


_own: dict[str, GLiNER2] = {}


def _load() -> None:
    _own["model"] = GLiNER2.from_pretrained("tiny")


def _ask(text: str) -> str:
    return ask(_own["model"], text)


def test_coroutines_share_a_model() -> None:
    model = GLiNER2.from_pretrained("tiny")

    async def serve() -> list[str]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        answers = await asyncio.gather(*(asyncio.to_thread(ask, model, text) for text in TEXTS))
        ticker.cancel()
        assert ticks > len(TEXTS), "the event loop goes on while the model runs"
        return answers

    assert asyncio.run(serve()) == [ask(model, text) for text in TEXTS]


def test_the_documented_coroutine_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [snippet] = [
        snippet.code
        for snippet in read_snippets((ROOT / "docs" / "reliability.md").read_text(encoding="utf-8"))
        if snippet.language == "python"
    ]
    exec(compile(snippet, "docs/reliability.md", "exec"), {})
    assert "Tim Cook" in capsys.readouterr().out


def test_a_model_is_not_pickled() -> None:
    with pytest.raises(InputTypeError, match="load it there with from_pretrained .*workers=N"):
        pickle.dumps(GLiNER2.from_pretrained("tiny"))


def test_ctrl_c_during_calls_leaves_a_model_that_answers() -> None:
    done = run(
        """
        import os, signal, threading, time
        from gliner2_lite import GLiNER2
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
        model = GLiNER2.from_pretrained("tiny")
        text = "Tim Cook lives in Oslo. " * 20
        ask = lambda: model.extract_entities(text, ["person", "city"], include_confidence=True)
        expected, caught = ask(), 0
        for number in range(12):
            delay = 0.003 * number  # before, in and after the graph
            hit = threading.Thread(target=lambda: (time.sleep(delay), os.kill(os.getpid(), signal.SIGINT)))
            try:
                hit.start()
                while True:
                    assert ask() == expected
            except KeyboardInterrupt:
                caught += 1
            hit.join()
            assert ask() == expected
        print(caught)
        """
    )
    assert (done.stdout, done.returncode) == ("12\n", 0), done.stderr
