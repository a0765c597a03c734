"""A bundle that a test may change, and a cache of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gliner2_lite.load import compiled, compiling


@pytest.fixture
def root(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "bundle"))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compiled, "_warned", set())
    monkeypatch.setattr(compiling, "DISK_RESERVE", 1)
    monkeypatch.setenv("GLINER2_LITE_CACHE", str(tmp_path / "cache"))
