"""A bundle of small files without meaning under a right manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.bundle.manifest import FORMAT_VERSION, HEADS_NAME, MANIFEST_NAME, TOKENIZER_NAME
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
