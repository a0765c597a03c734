"""The short form of every fuzz target: the same few hundred inputs in every run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gliner2_export.vocabulary.compact import add_to_bundle
from gliner2_lite.bundle.manifest import MANIFEST_NAME
from gliner2_lite.load.locate import EMBEDDED
from tests.fuzz import bundles
from tests.fuzz.targets import TARGETS
from tests.golden.store import unpack_bundle


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=150, deadline=None, derandomize=True, database=None,
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


def test_a_list_where_a_manifest_has_a_name() -> None:
    """Found by the manifest target."""
    value = json.loads((EMBEDDED["tiny"] / MANIFEST_NAME).read_text(encoding="utf-8"))
    value["variants"]["int8"]["files"] = [[]]
    TARGETS["manifest"].check(value)
