"""The files of a bundle: compared with the manifest, and never outside its directory."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from gliner2_lite import BundleError
from gliner2_lite.bundle.files import access, data_path, file_sha256, graph_bytes, graph_files, verify_files
from gliner2_lite.bundle.manifest import HEADS_NAME, MANIFEST_NAME, TOKENIZER_NAME, read_bundle
from tests.bundle.small import GRAPH, save, write_bundle


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


def test_a_graph_is_one_file_or_two(tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    graph.write_bytes(b"12345")
    assert (graph_files(graph), graph_bytes(graph)) == ([graph], 5)
    data_path(graph).write_bytes(b"123")
    assert data_path(graph) == tmp_path / "model.onnx_data"
    assert (graph_files(graph), graph_bytes(graph)) == ([graph, data_path(graph)], 8)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_hash_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"ab" * (size // 2) + b"c" * (size % 2))
    assert file_sha256(tmp_path / "file") == hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()


def test_what_the_system_says_is_told_with_the_remedy(tmp_path: Path) -> None:
    refused = pytest.raises(BundleError, match=r"x may not be read \(Permission denied\); let this user")
    with refused, access(tmp_path):
        raise PermissionError(13, "Permission denied", "x")
    broken = pytest.raises(BundleError, match=rf"{tmp_path} cannot be read \(Input/output error\)")
    with broken, access(tmp_path):
        raise OSError(5, "Input/output error")
    with pytest.raises(BundleError, match="^ours$"), access(tmp_path):
        raise BundleError("ours")
