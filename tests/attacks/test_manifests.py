"""Manifests that lead out of the bundle, are no manifest, or are made to be large."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError, GLiNER2
from gliner2_lite.bundle.manifest import HEADS_NAME, MANIFEST_NAME, MAX_MANIFEST_BYTES, read_bundle
from tests.bundle.small import GRAPH, save, write_bundle

ESCAPES = [
    "/etc/passwd", "//etc/passwd", "../x", "onnx/../../x", "onnx/..", "..", "./../x", "C:\\x", "C:/x", "c:x",
    "\\\\host\\share", "\\x", "onnx\\..\\..\\x", "\\\\?\\C:\\x", "file:///etc/passwd", "a\0b", "\0", "",
    "x\ud800", "a" * 5_000, "/".join(["a" * 200] * 40),
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


def manifest_of(root: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((root / MANIFEST_NAME).read_text(encoding="utf-8"))
    return manifest


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("place", ["files", "graph", "heads", "vocabulary", "weights"])
def test_paths(root: Path, path: str, place: str) -> None:
    manifest = manifest_of(root)
    manifest["files"][path] = manifest["files"][GRAPH]
    variant = manifest["variants"]["int8"]
    if place == "graph":
        variant |= {"graph": path, "files": [path]}
    elif place == "heads":
        variant["heads"] = path
    elif place == "weights":
        variant["files"].append(path)
    elif place == "vocabulary":
        manifest["vocabulary"] = path
    save(root, manifest)
    with pytest.raises(BundleError):
        GLiNER2.from_pretrained(root)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "onnx/loop"])
def test_links(root: Path, target: str) -> None:
    (root.parent / "outside").write_text("secret")
    (root / GRAPH).unlink()
    (root / "onnx" / "loop").symlink_to("loop")
    (root / GRAPH).symlink_to(target if target.startswith("/") else f"../{target}")
    with pytest.raises(BundleError):
        GLiNER2.from_pretrained(root)


def test_a_linked_directory(root: Path) -> None:
    (root / GRAPH).rename(root.parent / "model_int8.onnx")
    (root / "onnx").rmdir()
    (root / "onnx").symlink_to(root.parent)
    with pytest.raises(BundleError, match="leaves the bundle through a link"):
        read_bundle(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format_version": 1, "format_version": 1}', "key 'format_version' stands twice"),
        ('{"files": {"a": {"size": 1, "size": 2}}}', "key 'size' stands twice"),
        ('{"format_version": NaN}', "NaN is no JSON number"),
        ('{"format_version": -Infinity}', "-Infinity is no JSON number"),
        ('{"format_version": 1e999}', "wrong type float"),
        ('{"format_version": ' + "9" * 5_000 + "}", "not valid JSON"),
        ('{"a":' * 50_000, "not valid JSON"),
        ("[" * 100_000 + "]" * 100_000, "not valid JSON|format_version is missing"),
        (" " * (MAX_MANIFEST_BYTES + 1), "is not a manifest"),
        ('{"format_version": 0}', "format version 0"),
        ('{"format_version": 99}', "format version 99, this gliner2_lite reads 1"),
        ('{"format_version": "1"}', "wrong type str"),
        ('{"format_version": true}', "wrong type bool"),
        ("\0", "not valid JSON"),
        ("\ufeff{}", "not valid JSON"),
    ],
)
def test_json(root: Path, text: str, message: str) -> None:
    (root / MANIFEST_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=message):
        GLiNER2.from_pretrained(root)


@pytest.mark.parametrize("data", [b"\xff\xfe{}", b"\x80", b"\x1f\x8b\x08"])
def test_bytes_that_are_no_text(root: Path, data: bytes) -> None:
    (root / MANIFEST_NAME).write_bytes(data)
    with pytest.raises(BundleError, match="not valid JSON"):
        GLiNER2.from_pretrained(root)


@pytest.mark.parametrize("value", [None, True, 5, -1, 1.5, "x", [], [[]], [{}], {}, {"a": []}, 10**30])
def test_any_value_in_any_place(root: Path, value: object) -> None:
    """Each entry of the manifest in turn holds something else: it loads no further than its own check."""
    good = manifest_of(root)

    def places(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        keys = item.keys() if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        return [path, *(found for key in keys for found in places(item[key], (*path, key)))]

    for path in places(good)[1:]:
        manifest = json.loads(json.dumps(good))
        parent = manifest
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = value
        save(root, manifest)
        with pytest.raises(BundleError):  # at the latest onnxruntime, whose graph here is none
            GLiNER2.from_pretrained(root)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["variants"]["int8"].update(files=[[GRAPH]]),
        lambda m: m["variants"]["int8"].update(files=[{}]),
        lambda m: m["variants"]["int8"].update(heads=[HEADS_NAME]),
        lambda m: m["variants"].update(int8=[]),
        lambda m: m["variants"]["int8"].update(inputs=[1]),
    ],
)
def test_lists_of_the_wrong_things(root: Path, change: Change) -> None:
    manifest = manifest_of(root)
    change(manifest)
    save(root, manifest)
    with pytest.raises(BundleError):
        read_bundle(root)


def test_ten_thousand_files(root: Path) -> None:
    manifest = manifest_of(root)
    manifest["files"] |= {f"x/{number}": {"size": 0, "sha256": ""} for number in range(10_000)}
    save(root, manifest)
    assert (root / MANIFEST_NAME).stat().st_size < MAX_MANIFEST_BYTES
    assert len(read_bundle(root).files) == 10_003
