"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from gliner2_lite.cli.progress import progress
from gliner2_lite.cli.records import Record
from gliner2_lite.cli.sources import LINES, Source
from tests.cli.test_pipes import CITY, LINE, start


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


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(sources: list[Source], monkeypatch: pytest.MonkeyPatch, *, into_file: bool = True) -> str:
    """What two finished records of four bytes leave on a terminal."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", Terminal())
    with progress(sources, into_file=into_file) as advance:
        for number in range(2):
            advance(Record("f", number, size=4))
    return terminal.getvalue()


def test_the_share_is_shown_where_all_sizes_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown([Source("a", LINES, size=6), Source("b", LINES, size=2)], monkeypatch)
    assert "100%" in text and "2 texts" in text
    text = shown([Source("a", LINES, size=6), Source("-", LINES)], monkeypatch)
    assert "%" not in text and "2 texts" in text


def test_nothing_is_shown_over_results_without_sources_or_without_tqdm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shown([Source("a", LINES, size=8)], monkeypatch, into_file=False) == ""
    assert shown([], monkeypatch) == ""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert shown([Source("a", LINES, size=8)], monkeypatch) == ""
