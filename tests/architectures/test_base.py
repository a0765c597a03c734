"""The seam: which implementation a bundle gets, and that each one keeps its promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliner2_lite import BundleError, GLiNER2
from gliner2_lite.architectures import ARCHITECTURES
from gliner2_lite.architectures.base import find_architecture
from gliner2_lite.bundle.manifest import MANIFEST_NAME, read_bundle
from tests.bundle.small import save, write_bundle


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_entry_is_an_implementation(name: str, tmp_path: Path) -> None:
    save(tmp_path, write_bundle(tmp_path / "bundle") | {"architecture": name})
    (tmp_path / MANIFEST_NAME).rename(tmp_path / "bundle" / MANIFEST_NAME)
    kind = find_architecture(read_bundle(tmp_path / "bundle"))
    for method in ("open", "extra_inputs", "score", "decode"):
        assert callable(getattr(kind, method)), method
    assert kind.contract.outputs and len(set(kind.contract.outputs)) == len(kind.contract.outputs)


def test_an_unknown_architecture_is_told_when_a_model_is_loaded(small_bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads((small_bundle / MANIFEST_NAME).read_text(encoding="utf-8"))
    save(tmp_path, manifest | {"architecture": "cube"})
    with pytest.raises(BundleError, match="architecture 'cube' is not supported, only 'span'"):
        GLiNER2.from_pretrained(tmp_path)
