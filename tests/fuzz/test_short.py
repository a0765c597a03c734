"""The short form of every fuzz target: the same few hundred inputs in every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gliner2_export.vocabulary import add_to_bundle
from tests.fuzz import bundles
from tests.fuzz.targets import TARGETS
from tests.golden.store import unpack_bundle


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=250, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )  # fmt: skip
    @given(target.values)
    def check(value: Any) -> None:
        target.check(value)

    check()


@pytest.mark.parametrize("compact", [False, True])
def test_altered_bundles_load_or_say_why_not(compact: bool, tmp_path: Path) -> None:
    bundle = unpack_bundle("v2-first-unigram" if compact else "lstm-first-wordpiece", tmp_path)
    if compact:
        assert add_to_bundle(bundle)
    outcome = bundles.run(bundle, tmp_path, 0, 39)
    assert outcome.broken == []
    assert sum(outcome.ended.values()) == 40
    assert min(outcome.ended["BundleError"], outcome.ended["answers"]) > 0
