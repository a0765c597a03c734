"""``small-device``: what fits, and how a process ended."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from benchmarks.commands import small_device
from tests.benchmarks.conftest import TINY, run_command


def test_small_device_tells_what_fits_and_what_does_not(tmp_path: Path) -> None:
    result = run_command(
        "small-device", tmp_path, "--bundle", str(TINY), "--texts", "2", "--limit-mb", "4096"
    )
    by_limit = {row["limit"].split()[0]: row for row in result["rows"]}
    assert by_limit["none"]["status"] == by_limit["address"]["status"] == "fits"
    assert by_limit["none"]["median_ms"] > 0
    tight = run_command("small-device", tmp_path, "--bundle", str(TINY), "--texts", "1", "--limit-mb", "48")
    by_limit = {row["limit"].split()[0]: row for row in tight["rows"]}
    assert by_limit["none"]["status"] == "fits"
    assert by_limit["address"]["status"] == "out of memory"
    assert "out of memory after" in (tmp_path / "small-device.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "log", "kills", "limited", "status"),
    [
        (-signal.SIGKILL, "", 1, True, "out of memory"),
        (-signal.SIGKILL, "", 0, True, "failed"),
        (-signal.SIGSEGV, "", 0, True, "out of memory"),
        (-signal.SIGSEGV, "", 0, False, "failed"),
        (1, "onnxruntime: std::bad_alloc", 0, True, "out of memory"),
        (1, "BundleError: no such file", 0, True, "failed"),
    ],
)
def test_how_a_process_ended_is_told_apart(
    code: int, log: str, kills: int, limited: bool, status: str
) -> None:
    outcome = small_device.Outcome(({"stage": "started"},), code, log, kills)
    assert small_device.judge(outcome, limited=limited)["status"] == status
