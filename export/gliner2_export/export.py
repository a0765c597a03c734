"""The whole export: checkpoint → graphs, head weights, tokenizer, card, manifest → bundle."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from gliner2_export.card import render_card
from gliner2_export.checkpoint.read import Checkpoint, load_checkpoint
from gliner2_export.int8.measure import Int8Options, Staged, write_and_measure
from gliner2_export.onnx_graph.convert import check_against_torch, convert
from gliner2_export.onnx_graph.optimize import MIN_ONNXRUNTIME, optimize
from gliner2_export.quality.report import markdown, summary
from gliner2_export.staging import check_destination, staged_directory
from gliner2_export.vocabulary.compact import write_compact
from gliner2_lite import __version__
from gliner2_lite.bundle.files import file_sha256, graph_files
from gliner2_lite.bundle.manifest import (
    CARD_NAME,
    FORMAT_VERSION,
    HEADS_NAME,
    MANIFEST_NAME,
    QUALITY_NAME,
    TOKENIZER_NAME,
    VOCABULARY_NAME,
)
from gliner2_lite.errors import ExportError

log = logging.getLogger("gliner2_export")

GRAPHS = {"fp32": "onnx/model.onnx", "int8": "onnx/model_int8.onnx"}
HEADS = {"fp32": HEADS_NAME, "int8": "heads_int8.npz"}
PACKAGES = ("gliner2", "torch", "transformers", "optimum", "onnx", "onnxruntime")


def export_checkpoint(
    checkpoint: Path,
    out: Path,
    *,
    variants: Sequence[str] = ("fp32", "int8"),
    adapter: Path | None = None,
    overwrite: bool = False,
    int8: Int8Options | None = None,
) -> dict[str, Any]:
    """Export the official checkpoint directory ``checkpoint`` to the bundle directory ``out``.

    ``variants`` are keys of ``GRAPHS``; ``adapter`` is a LoRA directory to merge first; ``int8`` says how to
    quantize and what to measure. Returns the manifest. Raises ExportError (its message names the file and
    the remedy); whatever fails or interrupts, nothing is left behind and an older bundle at ``out`` stays
    as it was.
    """
    started = time.perf_counter()
    options = int8 or Int8Options()
    check_variants(variants)
    options.check()
    check_destination(out, overwrite=overwrite)
    with staged_directory(out) as place:
        loaded = load_checkpoint(checkpoint, adapter=adapter)
        log.info("  %s: %s encoder, %d rows", loaded.name, loaded.encoder_type, loaded.vocab_size)
        write_heads(loaded, place)
        (place / TOKENIZER_NAME).write_text(loaded.tokenizer_json, encoding="utf-8")
        compact = write_compact(place / TOKENIZER_NAME, place / VOCABULARY_NAME)
        graphs, report = write_graphs(loaded, place, variants, options)
        write_json(place / QUALITY_NAME, report)
        manifest = describe(loaded, graphs) | {"quality": summary(report)}
        if compact:
            manifest["vocabulary"] = VOCABULARY_NAME
        card = card_text(manifest, place, loaded, quality=markdown(report))
        (place / CARD_NAME).write_text(card, encoding="utf-8")
        manifest["files"] = file_records(place)
        write_json(place / MANIFEST_NAME, manifest)
    log.info("wrote %s in %.0f s", out, time.perf_counter() - started)
    return manifest


def check_variants(variants: Sequence[str]) -> None:
    """Raise ExportError unless ``variants`` is a choice of known ones without repetition."""
    unknown = [name for name in variants if name not in GRAPHS]
    if unknown or not variants or len(set(variants)) != len(variants):
        raise ExportError(
            f"variants {','.join(variants)!r} cannot be exported; give one or more of {', '.join(GRAPHS)}, "
            "each once, separated by commas"
        )


def write_graphs(
    loaded: Checkpoint, place: Path, variants: Sequence[str], options: Int8Options
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Convert, check, quantize and measure inside ``place``.

    Returns the manifest's section ``variants`` and the content of the quality file.
    """
    exported, reference = loaded.architecture.torch_graphs(loaded)
    fp32 = place / GRAPHS["fp32"]
    fp32.parent.mkdir()
    log.info("converting to ONNX")
    inputs, outputs = convert(exported, fp32, vocab_size=loaded.vocab_size)
    log.info("comparing the graph with torch")
    check_against_torch(fp32, reference, vocab_size=loaded.vocab_size, max_positions=loaded.max_positions)
    staged = Staged(
        fp32_graph=fp32,
        fp32_heads=place / HEADS["fp32"],
        int8_graph=place / GRAPHS["int8"] if "int8" in variants else None,
        int8_heads=place / HEADS["int8"],
        tokenizer=place / TOKENIZER_NAME,
    )
    report = write_and_measure(loaded, reference, staged, options)
    for name in GRAPHS.keys() - set(variants):
        for path in (*graph_files(place / GRAPHS[name]), place / HEADS[name]):
            path.unlink(missing_ok=True)
    log.info("optimizing %s", " and ".join(variants))
    batch = exported.random_batch(vocab_size=loaded.vocab_size)
    for name in variants:
        optimize(place / GRAPHS[name], batch)
    section = {
        name: {
            "graph": GRAPHS[name],
            "files": [file.relative_to(place).as_posix() for file in graph_files(place / GRAPHS[name])],
            "heads": HEADS[name],
            "target": options.target if name == "int8" else "any",
            "inputs": inputs,
            "outputs": outputs,
            "optimized": True,
            "min_onnxruntime": MIN_ONNXRUNTIME,
        }
        for name in variants
    }
    return section, report


def write_heads(loaded: Checkpoint, place: Path) -> None:
    """Write the head weights of each variant, in its own precision."""
    exact = loaded.architecture.head_weights(loaded.extractor)
    np.savez(place / HEADS["fp32"], **exact)
    rounded = loaded.architecture.rounded_weights(exact)
    np.savez_compressed(place / HEADS["int8"], **rounded)  # read when a second instance comes by


def describe(loaded: Checkpoint, variants: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The manifest, except for its list of files."""
    return {
        "format_version": FORMAT_VERSION,
        "architecture": loaded.config.architecture,
        "config": loaded.architecture.manifest_config(loaded),
        "special_tokens": loaded.special_tokens,
        "variants": variants,
        "source": {"name": loaded.name, "sha256": loaded.weights_sha256, "adapter": loaded.adapter},
        "versions": {"gliner2_lite": __version__} | {name: metadata.version(name) for name in PACKAGES},
    }


def card_text(manifest: dict[str, Any], place: Path, loaded: Checkpoint, *, quality: str) -> str:
    """The model card; quotes the checkpoint's own where there is one."""
    readme = loaded.directory / CARD_NAME
    source_card = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    sizes = {name: record["size"] for name, record in file_records(place).items()}
    heads = loaded.architecture.heads_in_words(loaded)
    return render_card(manifest, sizes, source_card, heads=heads, quality=quality)


def file_records(place: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file in the bundle, by path relative to it."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    return {
        path.relative_to(place).as_posix(): {"size": path.stat().st_size, "sha256": file_sha256(path)}
        for path in files
    }


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write ``value`` as people can read it, with a final line feed."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
