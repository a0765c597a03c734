"""A small bundle that a test may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bundle.small import write_bundle


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"
