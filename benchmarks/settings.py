"""The settings that every command shares: contestants, threads, texts, and the folder for results."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.machine import available_cpus
from gliner2_lite.errors import InputError


@dataclass(frozen=True)
class Settings:
    """A run: its contestants and their ``model`` in words, ``threads`` of each, ``cpus`` they are pinned to.

    ``sentences`` are what texts are made of, ``data`` is the name of their source (None: built in).
    """

    roster: tuple[Contestant, ...]
    model: dict[str, Any]
    threads: int
    cpus: tuple[int, ...]
    sentences: tuple[str, ...] = field(repr=False)
    data: str | None
    repetitions: int
    seed: int = 0

    def rng(self, purpose: str) -> random.Random:
        """Random numbers for ``purpose``, the same in every run with this seed."""
        return random.Random(f"{self.seed}/{purpose}")


def choose_cpus(threads: int | None) -> tuple[int, tuple[int, ...]]:
    """Threads and as many processors to pin them to; None takes all that this process may use.

    Raises:
        InputError: more threads than processors.
    """
    cpus = available_cpus()
    count = len(cpus) if threads is None else threads
    if not 1 <= count <= len(cpus):
        raise InputError(f"--threads {threads}: this process may use {len(cpus)} processor(s)")
    return count, tuple(cpus[:count])


def prepare_out(out: Path) -> Path:
    """Make the directory for results."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; give a directory")
    out.mkdir(parents=True, exist_ok=True)
    return out
