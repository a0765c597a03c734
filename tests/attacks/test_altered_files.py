"""Bundles whose files were altered, cut, swapped or made to be large: refused, and never a crash."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import BundleError, GLiNER2
from gliner2_lite.architectures.weights import MAX_HEADS_BYTES, read_weights
from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.bundle.manifest import MANIFEST_NAME, TOKENIZER_NAME
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.tokenizer.compact import CompactTokenizer
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer
from tests.conftest import ROOT

LOADER = Path(__file__).with_name("load_altered.py")
FILES = ["onnx/model.onnx", "heads.npz", "tokenizer.json"]


def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "bundle"))


def unpacked(name: str, tmp_path: Path) -> Path:
    with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / f"{name}.zip") as archive:
        archive.extractall(tmp_path / name)
    return tmp_path / name


def load_altered(root: Path, name: str, verify: str, loads: int) -> dict[str, int]:
    """How the loads ended; fails when the interpreter did not live to tell."""
    done = subprocess.run(
        [sys.executable, str(LOADER), str(root), name, verify, str(loads), "7"],
        capture_output=True, text=True, timeout=300, cwd=root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    ends: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    assert sum(ends.values()) == loads
    return ends


@pytest.mark.parametrize("name", FILES)
def test_hashes_find_every_alteration(small_bundle: Path, tmp_path: Path, name: str) -> None:
    assert load_altered(copy(small_bundle, tmp_path), name, "hash", 100) == {"refused": 100}


@pytest.mark.parametrize("name", FILES)
def test_without_hashes_nothing_but_bundle_errors_ends_a_load(
    small_bundle: Path, tmp_path: Path, name: str
) -> None:
    ends = load_altered(copy(small_bundle, tmp_path), name, "size", 100)
    assert ends.keys() <= {"refused", "loaded"}, ends
    assert ends["refused"] >= 20  # those that were cut or grew


def test_a_tokenizer_library_that_panics(tmp_path: Path) -> None:
    """The parser of the character map panics, which is no Exception."""
    root = unpacked("v2-first-unigram", tmp_path)
    path = root / TOKENIZER_NAME
    text = path.read_text(encoding="utf-8")
    place = text.index('"precompiled_charsmap":') + 1_000
    path.write_text(text[:place] + "~" + text[place + 1 :], encoding="utf-8")
    with pytest.raises(BundleError, match=r"tokenizer\.json is not a tokenizer file"):
        GLiNER2.from_pretrained(root)


def test_files_of_another_bundle(tmp_path: Path, small_bundle: Path) -> None:
    root, other = copy(small_bundle, tmp_path), unpacked("v2-first-unigram", tmp_path)
    for name in FILES:
        kept = (root / name).read_bytes()
        shutil.copy(other / name, root / name)
        with pytest.raises(BundleError, match="bytes, the manifest says"):
            GLiNER2.from_pretrained(root)
        (root / name).write_bytes(kept)


def test_files_of_another_bundle_with_a_manifest_that_agrees(tmp_path: Path, small_bundle: Path) -> None:
    """Heads of other sizes, a tokenizer of other ids: told by their content."""
    root, other = copy(small_bundle, tmp_path), unpacked("v2-first-unigram", tmp_path)
    manifest = json.loads((root / MANIFEST_NAME).read_text())
    shutil.copy(other / TOKENIZER_NAME, root / TOKENIZER_NAME)
    manifest["files"][TOKENIZER_NAME] = {
        "size": (root / TOKENIZER_NAME).stat().st_size, "sha256": file_sha256(root / TOKENIZER_NAME)
    }  # fmt: skip
    (root / MANIFEST_NAME).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="do not belong together"):
        GLiNER2.from_pretrained(root, verify="hash")


def test_altered_external_weights_and_vocabulary(tmp_path: Path) -> None:
    """The embedded bundle: hashes over every file that it is loaded from."""
    root = copy(EMBEDDED["tiny"], tmp_path)
    bundle = GLiNER2.from_pretrained(root, verify="hash", prepack="never").bundle
    for name in bundle.needed_files(bundle.choose(None)):
        path = root / name
        data = path.read_bytes()
        for place in range(0, len(data), max(1, len(data) // 3)):
            path.write_bytes(data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :])
            with pytest.raises(BundleError, match=f"{path.name} was altered"):
                GLiNER2.from_pretrained(root, verify="hash", prepack="never")
        path.write_bytes(data)


def test_tables_of_a_vocabulary_that_were_altered(tmp_path: Path) -> None:
    """Beyond the header nothing has a checksum of its own: ids may be others, look-ups stay inside."""
    data = (EMBEDDED["tiny"] / "vocabulary.bin").read_bytes()
    path = tmp_path / "vocabulary.bin"
    text = "Ada met Bob in Z\u00fcrich \u0301 \u4eba\u7269 \U0001f98a https://a.b " + "x" * 300
    seen = set()
    for number in range(1, 40):
        size = 1 << (number % 16)
        place = len(data) * number // 40
        end = min(len(data), place + size)
        path.write_bytes(data[:place] + bytes([(255, 1)[number % 2]]) * (end - place) + data[end:])
        try:
            seen.add(len(CompactTokenizer(path).ids(text)) > 0)
        except BundleError as error:
            seen.add(str(path) in str(error))
    assert seen == {True}


@pytest.mark.parametrize("kind", ["bomb", "shape", "object", "npy", "empty", "encrypted", "text", "pickle"])
def test_heads_that_are_not_what_they_say(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "heads.npz"
    if kind == "bomb":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open("a.npy", "w", force_zip64=True) as member,
        ):
            for _ in range(MAX_HEADS_BYTES // (64 << 20) + 1):
                member.write(bytes(64 << 20))
        assert path.stat().st_size < MAX_HEADS_BYTES // 100
    elif kind == "shape":
        header = (
            b"\x93NUMPY\x01\x00\x76\x00"
            + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 4096), }".ljust(117)
            + b"\n"
        )
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.npy", header)
    elif kind == "object":
        np.savez(path, a=np.array([{"code": 1}], dtype=object))
    elif kind == "npy":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "encrypted":
        np.savez(path, a=np.zeros(3))
        data = bytearray(path.read_bytes())
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(signature) + offset] |= 1
        path.write_bytes(data)
    elif kind == "text":
        np.savez(path, a=np.array(["x", "y"]))
    else:
        path.write_bytes(
            b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94."
        )
    with pytest.raises(BundleError, match=r"heads\.npz is not a file of arrays"):
        read_weights(path)


def test_a_tokenizer_file_of_any_json(tmp_path: Path) -> None:
    path = tmp_path / TOKENIZER_NAME
    for text in (
        "",
        "{}",
        "[]",
        "null",
        "[" * 100_000,
        '{"model": {"type": "BPE"}}',
        '{"version": "9"}',
        "\0",
    ):
        path.write_text(text)
        with pytest.raises(BundleError, match="is not a tokenizer file"):
            WordTokenizer(path, {})


@pytest.mark.parametrize("place", [0, 1, 1000, -1])
def test_a_compiled_graph_that_was_altered_is_not_used(
    small_bundle: Path, tmp_path: Path, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    from gliner2_lite.load.compiled import DATA_NAME, GRAPH_NAME
    from gliner2_lite.load.loading import compile_bundle

    root = copy(small_bundle, tmp_path)
    portable = GLiNER2.from_pretrained(root, prepack="never")
    graph = compile_bundle(portable.bundle, None, root / "compiled")
    assert GLiNER2.from_pretrained(root, prepack="require")
    for name in (GRAPH_NAME, DATA_NAME):
        path = graph.with_name(name)
        data = bytearray(path.read_bytes())
        data[place] ^= 0xFF
        path.write_bytes(data)
        with pytest.raises(BundleError, match="has no compiled"):
            GLiNER2.from_pretrained(root, prepack="require", verify="hash")
        model = GLiNER2.from_pretrained(root, verify="hash")
        assert model.extract_entities("Ada.", ["a"], threshold=0.0, include_confidence=True) == (
            portable.extract_entities("Ada.", ["a"], threshold=0.0, include_confidence=True)
        )
        data[place] ^= 0xFF
        path.write_bytes(data)
    assert "is damaged" in caplog.text
