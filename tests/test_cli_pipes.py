"""Pipes and signals, with real processes: early results, whole lines, clean ends, bounded memory."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pytest

from gliner2_lite.cli.answers import MAX_WAITING, answers
from gliner2_lite.cli.records import Record

LINE = b"Lars moved to Oslo.\n"
CITY = ["--entities", "city"]


def start(argv: list[str], folder: Path, **options: Any) -> subprocess.Popen[bytes]:
    """The command line as its own process, away from the checkout."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-m", "gliner2_lite", *argv], cwd=folder, **pipes)


def feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    """Write all ``pieces``, or as many as the reader takes, and close the pipe."""
    try:
        for piece in pieces:
            pipe.write(piece)
        pipe.close()
    except BrokenPipeError:
        return  # the reader has ended, as the test wants it


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


def test_unreadable_records_do_not_pile_up() -> None:
    """With nothing readable in sight a batch still gets full, and what waits is written."""
    taken = [0]

    def bad() -> Any:
        while True:
            taken[0] += 1
            yield Record("f", taken[0], error="bad")

    def batches(texts: Any) -> Any:
        while batch := list(islice(texts, 8)):
            yield from ({} for _ in batch)

    first = list(islice(answers(bad(), batches, stop_early=False), 3 * MAX_WAITING))
    assert [record.line for record, _ in first] == list(range(1, 3 * MAX_WAITING + 1))
    assert taken[0] <= 8 * MAX_WAITING


def test_pipe_is_answered_line_by_line(tmp_path: Path) -> None:
    process = start(["extract", "--batch-size", "1", *CITY], tmp_path)
    assert process.stdin and process.stdout
    for _ in range(3):
        process.stdin.write(LINE)
        process.stdin.flush()
        assert b"Oslo" in process.stdout.readline()
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")


def test_progress_only_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(LINE * 3)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = start(["extract", "--input", "x.txt", *CITY], tmp_path, stdin=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    out, _ = process.communicate(timeout=120)
    shown = b""
    try:
        while piece := os.read(master, 4096):
            shown += piece
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(master)
    assert (process.returncode, len(out.splitlines())) == (0, 3)
    assert b"3 texts" in shown and b"100%" in shown
