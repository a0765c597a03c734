"""The bundle reader: what it accepts, and one attack or accident per error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError, BundleNotFoundError, InputError
from gliner2_lite.bundle.manifest import (
    FORMAT_VERSION,
    HEADS_NAME,
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    TOKENIZER_NAME,
    file_sha256,
    read_bundle,
    verify_files,
)
from gliner2_lite.schema.limits import MARKERS

GRAPH = "onnx/model_int8.onnx"


def write_bundle(root: Path) -> dict[str, Any]:
    """A directory with a right manifest over small files of no meaning."""
    (root / "onnx").mkdir(parents=True)
    for name in (GRAPH, HEADS_NAME, TOKENIZER_NAME):
        (root / name).write_bytes(name.encode() * 100)
    manifest = {
        "format_version": FORMAT_VERSION,
        "architecture": "span",
        "config": {"hidden_size": 8, "max_width": 8, "counting_layer": "count_lstm", "token_pooling": "first",
                   "max_positions": None},
        "special_tokens": {token: index for index, token in enumerate(MARKERS)},
        "variants": {
            "int8": {"graph": GRAPH, "files": [GRAPH], "target": "any", "inputs": [], "outputs": []}
        },
        "files": {
            name: {"size": (root / name).stat().st_size, "sha256": file_sha256(root / name)}
            for name in (GRAPH, HEADS_NAME, TOKENIZER_NAME)
        },
    }  # fmt: skip
    save(root, manifest)
    return manifest


def save(root: Path, manifest: object) -> None:
    (root / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_a_right_bundle_passes(root: Path) -> None:
    bundle = read_bundle(root)
    variant = bundle.choose(None)
    assert (variant.name, bundle.config.max_positions) == ("int8", None)
    verify_files(bundle, variant, hashes=True)


@pytest.mark.parametrize("name", [GRAPH, HEADS_NAME, TOKENIZER_NAME])
def test_missing_truncated_and_altered_files_are_named(root: Path, name: str) -> None:
    bundle = read_bundle(root)
    variant, path = bundle.choose("int8"), root / name
    data = path.read_bytes()
    for offset in (0, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :])
        with pytest.raises(BundleError, match=f"{name} was altered"):
            verify_files(bundle, variant, hashes=True)
        verify_files(bundle, variant, hashes=False)
    path.write_bytes(data[:-1])
    with pytest.raises(BundleError, match=f"{name} has {len(data) - 1} bytes"):
        verify_files(bundle, variant, hashes=False)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"{name} is missing"):
        verify_files(bundle, variant, hashes=False)


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


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../outside", "onnx/../../outside", "C:\\x", "C:/x", "\\\\host\\share", "", "a\0b"],
)
@pytest.mark.parametrize("place", ["files", "graph"])
def test_paths_that_leave_the_directory(root: Path, path: str, place: str) -> None:
    manifest = json.loads((root / MANIFEST_NAME).read_text())
    if place == "files":
        manifest["files"][path] = manifest["files"][GRAPH]
    else:
        manifest["files"][path] = manifest["files"].pop(GRAPH)
        manifest["variants"]["int8"] |= {"graph": path, "files": [path]}
    save(root, manifest)
    with pytest.raises(BundleError, match="leaves the bundle"):
        read_bundle(root)


def test_links_may_lead_to_the_hub_cache_and_nowhere_else(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes((root / GRAPH).read_bytes())
    (root / GRAPH).unlink()
    (root / GRAPH).symlink_to(outside)
    with pytest.raises(BundleError, match="through a link"):
        read_bundle(root)

    home = tmp_path / "models--org--name"
    (home / "snapshots").mkdir(parents=True)
    (home / "blobs").mkdir()
    snapshot = home / "snapshots" / "abc"
    write_bundle(snapshot)
    blob = home / "blobs" / "1234"
    os.replace(snapshot / GRAPH, blob)
    (snapshot / GRAPH).symlink_to(blob)
    bundle = read_bundle(snapshot)
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
