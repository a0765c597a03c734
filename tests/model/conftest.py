"""The embedded model, loaded once for all tests of the public methods."""

from __future__ import annotations

import pytest

from gliner2_lite import GLiNER2


@pytest.fixture(scope="session")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny")
