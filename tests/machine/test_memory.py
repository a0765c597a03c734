"""How much memory a process may still take: what the tightest limit leaves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gliner2_lite.machine import control_groups, memory
from tests.machine.files import write


def test_free_memory_is_what_the_tightest_limit_leaves(
    groups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_address_limit", lambda: None)
    assert memory.free_memory() is None
    write(memory.MEMINFO, "MemTotal:  9000 kB\nMemAvailable:    4000 kB\n")
    assert memory.free_memory() == 4000 * 1024
    write(groups / "memory" / "memory.limit_in_bytes", "9223372036854771712\n")
    write(groups / "memory" / "memory.usage_in_bytes", "1000\n")
    assert memory.free_memory() == 4000 * 1024
    write(control_groups.MEMBERSHIP, "0::/own\n")
    write(groups / "own" / "memory.max", "3000000\n")
    write(groups / "own" / "memory.current", "2500000\n")
    write(groups / "own" / "memory.stat", "anon 2\ninactive_file 400000\n")
    assert memory.free_memory() == 900_000
    write(groups / "memory.max", "max\n")
    write(groups / "memory" / "memory.limit_in_bytes", "500\n")
    assert memory.free_memory() == 0
    write(groups / "memory" / "memory.limit_in_bytes", "rubbish\n")
    monkeypatch.setattr(memory, "_address_limit", lambda: 5 * os.sysconf("SC_PAGE_SIZE"))
    monkeypatch.setattr(memory, "STATM", tmp_path / "statm")
    write(memory.STATM, "3 1 1 1 0 1 0\n")
    assert memory.free_memory() == 2 * os.sysconf("SC_PAGE_SIZE")


def test_freed_memory_is_returned_where_the_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.release_memory()
    calls = []

    class Library:
        def __init__(self, name: object) -> None:
            self.malloc_trim = calls.append

    monkeypatch.setattr("ctypes.CDLL", Library)
    monkeypatch.setattr(sys, "platform", "linux")
    memory.release_memory()
    assert calls == [0]
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())  # another C library
    memory.release_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", Library)
    memory.release_memory()
    assert calls == [0]


def test_this_machine_answers() -> None:
    free = memory.free_memory()
    assert free is None or free > 0
