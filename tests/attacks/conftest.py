"""What several attacks need."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliner2_lite import GLiNER2


@pytest.fixture(scope="session")
def model(small_bundle: Path) -> GLiNER2:
    """A loaded model with random weights and without a limit of its own on tokens."""
    return GLiNER2.from_pretrained(small_bundle)
