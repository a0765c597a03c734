"""Pipes and signals, with real processes: early results, whole lines, clean ends, bounded memory."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import pytest

LINE = b"Lars moved to Oslo.\n"
CITY = ["--entities", "city"]


def start(argv: list[str], folder: Path, **options: Any) -> subprocess.Popen[bytes]:
    """The command line as its own process, away from the checkout."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [sys.executable, "-m", "gliner2_lite", *argv]
    return subprocess.Popen(command, cwd=folder, preexec_fn=take_signals, **pipes)


def take_signals() -> None:
    """Tests in a background job or under nohup have signals ignored, and so would their processes."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    """Write all ``pieces``, or as many as the reader takes, and close the pipe."""
    with contextlib.suppress(BrokenPipeError), pipe:  # the reader may have ended, as the test wants it
        for piece in pieces:
            pipe.write(piece)


def test_reader_that_stops_early(tmp_path: Path) -> None:
    process = start(["extract", *CITY], tmp_path)
    assert process.stdin and process.stdout and process.stderr
    sent = itertools.count()
    lines = (LINE for _ in itertools.islice(sent, 20_000))
    feeder = threading.Thread(target=feed, args=(process.stdin, lines), daemon=True)
    feeder.start()
    assert b"Oslo" in process.stdout.readline()
    assert next(sent) < 20_000  # the first result came long before the input ended
    process.stdout.close()
    assert process.wait(timeout=120) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
    feeder.join(timeout=60)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, 130, b"interrupted"),
        (signal.SIGTERM, 143, b"terminated"),
        (signal.SIGHUP, 129, b"hung up"),
    ],
)
def test_signals_end_between_lines(number: signal.Signals, code: int, word: bytes, tmp_path: Path) -> None:
    process = start(["extract", "--text-field", "text", *CITY], tmp_path)
    assert process.stdin and process.stdout and process.stderr
    # Nothing reads the output yet: the signal meets a write that waits for room in the pipe.
    padding = "x" * 9000
    lines = "".join(json.dumps({"n": n, "text": "Oslo.", "pad": padding}) + "\n" for n in range(64)).encode()
    writer = threading.Thread(target=feed, args=(process.stdin, [lines]), daemon=True)
    writer.start()
    out = [process.stdout.readline()]
    process.send_signal(number)
    out += process.stdout.readlines()
    assert process.wait(timeout=120) == code
    assert process.stderr.read() == b"gliner2-lite: " + word + b"\n"
    assert [json.loads(line)["n"] for line in out] == list(range(len(out)))  # each is whole
    assert len(out) < 64
    writer.join(timeout=60)
    for pipe in (process.stdout, process.stderr):
        pipe.close()


def test_interrupted_file_keeps_its_finished_lines(tmp_path: Path) -> None:
    argv = ["extract", "--batch-size", "1", "--output", "out.jsonl", *CITY]
    process = start(argv, tmp_path)
    assert process.stdin and process.stderr
    process.stdin.write(LINE * 2)
    process.stdin.flush()
    part = tmp_path / "out.jsonl.part"
    while process.poll() is None and not (part.exists() and part.read_bytes().count(b"\n") == 2):
        threading.Event().wait(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    assert b"finished lines are in" in err
    assert len(part.read_bytes().splitlines()) == 2
    assert not (tmp_path / "out.jsonl").exists()


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    """Peak memory after 2,000 unreadable lines and 200 texts is that after a tenth of them."""
    code = (
        "import resource, sys\nfrom gliner2_lite.cli import main\nmain(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for count in (20, 200):
        block = json.dumps({"text": "Oslo.", "pad": "x" * 20_000}) + "\n" + ("bad" * 300 + "\n") * 10
        done = subprocess.run(
            [sys.executable, "-c", code, "extract", "--text-field", "text", *CITY],
            input=(block * count).encode(), cwd=tmp_path, capture_output=True, timeout=120,
        )  # fmt: skip
        assert len(done.stdout.splitlines()) == 11 * count
        peaks.append(int(done.stderr.split()[-1]))
    assert peaks[1] < 1.25 * peaks[0]


def test_pipe_is_answered_line_by_line(tmp_path: Path) -> None:
    """With --batch-size 1 nothing waits for the next line: no text, no unreadable line, no refused text."""
    argv = ["extract", "--batch-size", "1", "--input-format", "jsonl", *CITY]
    process = start(argv, tmp_path)
    assert process.stdin and process.stdout
    good, refused = ({"text": text} for text in ("Lars moved to Oslo.", "word " * 600))
    lines = [json.dumps(good), "bad", json.dumps(refused), '{"body": ""}', json.dumps(good)]
    for line, wanted in zip(lines, [b"Oslo", b"not valid JSON", b"tokens", b"no key", b"Oslo"], strict=True):
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
        assert wanted in process.stdout.readline()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert b"3 of 5 texts could not be read" in err


def test_workers_and_token_budgets_give_the_answers_of_one_process(tmp_path: Path) -> None:
    """What the options hand to the model is what they say: same lines, errors in their places."""
    lines = [json.dumps({"n": n, "text": f"Lars moved to Oslo{' at last' * (n % 5)}."}) for n in range(40)]
    lines[7], lines[30] = "bad", json.dumps({"n": 30, "text": "word " * 600})
    data = "\n".join(lines).encode()
    outputs = []
    for more in ([], ["--workers", "2", "--batch-size", "2"], ["--batch-tokens", "40", "--threads", "1"]):
        process = start(["extract", "--text-field", "text", *CITY, *more], tmp_path)
        out, err = process.communicate(data, timeout=300)
        assert (process.returncode, out.count(b"\n")) == (1, 40), err
        assert b"2 of 40 texts could not be read" in err
        outputs.append(out)
    assert outputs[0] == outputs[1] == outputs[2]
    assert b"--long" in outputs[0].splitlines()[30] and b"_long" not in outputs[0]


def group_members(group: int) -> list[str]:
    """Command names of the processes of a group that still run."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    found = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [args for pgid, state, args in found if int(pgid) == group and not state.startswith("Z")]


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps to see the processes of a group")
@pytest.mark.parametrize("early", [True, False], ids=["while workers start", "while they work"])
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, b"interrupted"), (signal.SIGTERM, 143, b"terminated")],
)
def test_a_signal_to_the_group_ends_workers_too(
    number: signal.Signals, code: int, word: bytes, early: bool, tmp_path: Path
) -> None:
    """Ctrl-C and a service manager signal every process of the group, the workers included."""
    argv = ["extract", "--text-field", "text", "--workers", "2", "--batch-size", "1", *CITY]
    process = start(argv, tmp_path, start_new_session=True)
    assert process.stdin and process.stdout and process.stderr
    lines = (json.dumps({"n": n, "text": "Lars moved to Oslo."}).encode() + b"\n" for n in itertools.count())
    feeder = threading.Thread(target=feed, args=(process.stdin, lines), daemon=True)
    feeder.start()
    out = [] if early else [process.stdout.readline() for _ in range(5)]
    for _ in range(2000 if early else 0):
        if sum("spawn_main" in args for args in group_members(process.pid)) == 2:
            break
        threading.Event().wait(0.01)
    os.killpg(process.pid, number)
    out += process.stdout.readlines()
    assert process.wait(timeout=120) == code
    assert process.stderr.read() == b"gliner2-lite: " + word + b"\n"
    assert [json.loads(line)["n"] for line in out] == list(range(len(out)))
    feeder.join(timeout=60)
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    for _ in range(200):  # the tracker of shared resources ends a moment after its owner
        if not group_members(process.pid):
            break
        threading.Event().wait(0.05)
    assert group_members(process.pid) == []
