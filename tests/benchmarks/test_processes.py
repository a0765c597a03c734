"""Code and environment of the processes that measure."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import LOG_TAIL, environment, log_tail, python_code
from tests.benchmarks.conftest import ROOT


def test_a_process_finds_the_benchmarks_behind_what_is_installed(tmp_path: Path) -> None:
    code = python_code("benchmarks.limited", "print(main.__module__, sys.path[-1], '' in sys.path)")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["benchmarks.limited", str(ROOT), "False"]


def test_threads_are_set_for_every_library_and_nothing_goes_online() -> None:
    variables = environment(3)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    assert [variables[name] for name in names] == ["3", "3", "3"]
    assert variables["HF_HUB_OFFLINE"] == variables["TRANSFORMERS_OFFLINE"] == "1"


def test_only_the_end_of_a_long_log_is_shown() -> None:
    with tempfile.TemporaryFile("w+") as log:
        log.write("begin" + "x" * LOG_TAIL + "end\n")
        tail = log_tail(log)
    assert tail.endswith("end") and "begin" not in tail
