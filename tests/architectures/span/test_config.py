"""The span fields of a manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError
from gliner2_lite.architectures.span.config import CONTRACT, SpanConfig, read_config
from gliner2_lite.bundle.manifest import read_bundle
from tests.bundle.small import save, write_bundle


def test_fields_of_a_right_manifest(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle")
    assert read_config(read_bundle(tmp_path / "bundle")) == SpanConfig(
        max_width=8, counting_layer="count_lstm"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: config.pop("max_width"), "config.max_width is missing"),
        (lambda config: config.update(max_width="8"), "config.max_width has the wrong type str"),
        (lambda config: config.update(max_width=True), "config.max_width has the wrong type bool"),
        (lambda config: config.update(max_width=0), "must be positive"),
        (lambda config: config.pop("counting_layer"), "config.counting_layer is missing"),
    ],
)
def test_incomplete_manifests_name_the_field(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    manifest = write_bundle(tmp_path / "bundle")
    change(manifest["config"])
    save(tmp_path / "bundle", manifest)
    with pytest.raises(BundleError, match=message):
        read_config(read_bundle(tmp_path / "bundle"))


def test_bundles_have_the_outputs_that_are_read(small_bundle: Path) -> None:
    for variant in read_bundle(small_bundle).variants.values():
        assert set(CONTRACT.outputs) <= set(variant.outputs)
