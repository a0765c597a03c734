"""What every process that a benchmark starts has in common: its code, its environment, the end of its log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from gliner2_lite.errors import GLiNER2LiteError

LOG_TAIL = 4000  # characters of a failed process's messages that are shown
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ProcessError(GLiNER2LiteError, RuntimeError):
    """A process that measures something failed."""


def python_code(module: str, call: str = "main()") -> str:
    """Code for ``python -c`` that calls ``main`` of ``module``, one of this package's.

    What is installed comes before the checkout on the new interpreter's path.
    """
    root = str(Path(__file__).resolve().parent.parent)
    path = f"import sys; sys.path[:] = [*filter(None, sys.path), {root!r}]"
    return f"{path}; from {module} import main; {call}"


def environment(threads: int) -> dict[str, str]:
    """The environment of a contestant's process: ``threads`` threads everywhere, no network."""
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "HF_HUB_OFFLINE": "1",  # everything is local: no time goes into asking the hub
        "TRANSFORMERS_OFFLINE": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def log_tail(log: IO[str]) -> str:
    """The end of what a process wrote to its log."""
    log.seek(0)
    return log.read()[-LOG_TAIL:].strip()
