"""Bundles that a test may change, to be served as repositories."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def bundle(small_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(small_bundle, tmp_path / "source"))


@pytest.fixture
def two_variants(bundle: Path) -> Path:
    """The same graph under two names of variant, so that one can be left out."""
    manifest = json.loads((bundle / "gliner2_lite.json").read_text())
    variant = manifest["variants"]["fp32"]
    other = {}
    for name in variant["files"]:
        other[name] = name.replace("model", "model_int8")
        shutil.copy(bundle / name, bundle / other[name])
        manifest["files"][other[name]] = manifest["files"][name]
    manifest["variants"]["int8"] = {
        **variant,
        "graph": other[variant["graph"]],
        "files": list(other.values()),
    }
    (bundle / "gliner2_lite.json").write_text(json.dumps(manifest))
    return bundle
