"""The manifest: what is accepted, and one attack or accident per error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError, BundleNotFoundError, InputError
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import (
    FORMAT_VERSION,
    HEADS_NAME,
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    read_bundle,
)
from tests.bundle.small import GRAPH, save


def test_a_right_bundle_passes(root: Path) -> None:
    bundle = read_bundle(root)
    variant = bundle.choose(None)
    assert (variant.name, bundle.config.max_positions) == ("int8", None)
    verify_files(bundle, variant, hashes=True)


def test_a_variant_may_have_head_weights_of_its_own(root: Path) -> None:
    manifest = json.loads((root / MANIFEST_NAME).read_text())
    manifest["files"]["heads_int8.npz"] = manifest["files"].pop(HEADS_NAME)
    manifest["variants"]["int8"]["heads"] = "heads_int8.npz"
    save(root, manifest)
    bundle = read_bundle(root)
    with pytest.raises(BundleNotFoundError, match="heads_int8.npz is missing"):
        verify_files(bundle, bundle.choose("int8"), hashes=False)
    (root / HEADS_NAME).rename(root / "heads_int8.npz")
    verify_files(bundle, bundle.choose("int8"), hashes=True)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: m.update(format_version=FORMAT_VERSION + 1),
            "format version 2, this gliner2_lite reads 1",
        ),
        (lambda m: m.pop("format_version"), "format_version is missing"),
        (lambda m: m["variants"].update({"../up": m["variants"]["int8"]}), r"variant '../up' must be named"),
        (lambda m: m["variants"]["int8"].update(files=[["a"]]), "int8.files must be a list of strings"),
        (lambda m: m["variants"]["int8"].update(inputs=3), "int8.inputs must be a list of strings"),
        (lambda m: m.pop("architecture"), "architecture is missing"),
        (lambda m: m["config"].pop("hidden_size"), "config.hidden_size is missing"),
        (lambda m: m["config"].update(hidden_size="8"), "config.hidden_size has the wrong type str"),
        (lambda m: m["config"].update(hidden_size=0), "must be positive"),
        (lambda m: m["config"].update(max_positions=-1), "max_positions must be"),
        (lambda m: m["files"].pop(HEADS_NAME), f"needs '{HEADS_NAME}'"),
        (lambda m: m["files"][GRAPH].pop("sha256"), "sha256 is missing"),
        (lambda m: m.update(variants={}), "variants is empty"),
        (lambda m: m["variants"]["int8"].pop("graph"), "variants.int8.graph is missing"),
        (lambda m: m["special_tokens"].pop("[E]"), r"special_tokens.\[E\] is missing"),
        (lambda m: m["special_tokens"].update({"[P]": True}), "wrong type bool"),
    ],
)
def test_incomplete_manifests_name_the_field(root: Path, change: Change, message: str) -> None:
    manifest = json.loads((root / MANIFEST_NAME).read_text())
    change(manifest)
    save(root, manifest)
    with pytest.raises(BundleError, match=message):
        read_bundle(root)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nul", '{"a": 1', "\ufeff{}"])
def test_a_manifest_that_is_not_json(root: Path, text: str) -> None:
    (root / MANIFEST_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match="not valid JSON"):
        read_bundle(root)


@pytest.mark.parametrize("value", [None, [], 3, "x"])
def test_a_manifest_that_is_no_object(root: Path, value: object) -> None:
    save(root, value)
    with pytest.raises(BundleError, match="format_version is missing"):
        read_bundle(root)


def test_a_huge_manifest_is_not_read(root: Path) -> None:
    (root / MANIFEST_NAME).write_text(" " * (MAX_MANIFEST_BYTES + 1))
    with pytest.raises(BundleError, match="it is not a manifest"):
        read_bundle(root)


def test_directories_that_are_no_bundles(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError, match="not a directory"):
        read_bundle(tmp_path / "nothing")
    with pytest.raises(BundleNotFoundError, match="is not a bundle"):
        read_bundle(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BundleNotFoundError, match="original checkpoint.*gliner2-lite export"):
        read_bundle(tmp_path)


def test_unknown_variants_list_the_known_ones(root: Path) -> None:
    with pytest.raises(InputError, match="no variant 'fp16'; write one of: 'int8'"):
        read_bundle(root).choose("fp16")
