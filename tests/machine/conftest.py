"""A machine without control groups and with eight processors, to be filled by a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gliner2_lite.machine import control_groups, processors


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups, and eight processors."""
    monkeypatch.setattr(control_groups, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(control_groups, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(processors, "CPUS", tmp_path / "cpus")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    (tmp_path / "cgroup").mkdir()
    return tmp_path / "cgroup"
