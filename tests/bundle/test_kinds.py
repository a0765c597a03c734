"""Directories that hold something else are recognised, and what can be exported is not held up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleNotFoundError
from gliner2_lite.bundle import kinds
from gliner2_lite.bundle.kinds import MAX_CONFIG_BYTES, describe, other_kind
from gliner2_lite.bundle.manifest import MANIFEST_NAME, read_bundle

BERT = {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 384, "vocab_size": 30522}
WEIGHTS = ["config.json", "model.safetensors", "tokenizer.json"]


def make(root: Path, names: list[str], config: dict[str, Any]) -> Path:
    for name in names:
        (root / name).write_text("{}")
    if "config.json" in names:
        (root / "config.json").write_text(json.dumps(config))
    return root


@pytest.mark.parametrize(
    ("names", "config", "what", "remedy"),
    [
        (WEIGHTS, {"architecture": "boundary"}, "architecture 'boundary' (GLiNER2.5)", "export a span"),
        (WEIGHTS, {"architecture": " Boundary "}, "architecture 'boundary' (GLiNER2.5)", "export a span"),
        (["gliner_config.json", "pytorch_model.bin"], {}, "a GLiNER model", "take a GLiNER2 checkpoint"),
        (["gliner_config.json", *WEIGHTS], BERT, "a GLiNER model", "take a GLiNER2 checkpoint"),
        (WEIGHTS, BERT, "(model_type 'bert')", "or train one from it with gliner2"),
        (WEIGHTS, {"model_type": "GLiClass"}, "(model_type 'GLiClass')", "take a GLiNER2 checkpoint"),
        (["adapter_config.json", "adapter_model.safetensors"], {}, "a LoRA adapter", "as --adapter"),
        (["adapter_weights.safetensors"], {}, "a LoRA adapter", "as --adapter"),
    ],
)
def test_what_a_directory_holds_is_said_at_once(
    names: list[str], config: dict[str, Any], what: str, remedy: str, tmp_path: Path
) -> None:
    told = other_kind(make(tmp_path, names, config))
    assert told is not None and what in told and remedy in told and "\n" not in told
    with pytest.raises(BundleNotFoundError) as caught:
        read_bundle(tmp_path)
    assert str(caught.value) == f"{tmp_path} has no {MANIFEST_NAME}: {told}"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"architecture": "span", "model_type": "extractor"},
        {"model_type": "extractor", "model_name": "microsoft/deberta-v3-base"},
        {"model_name": "microsoft/deberta-v3-base", "max_len": None},
        {"architecture": "span", "model_type": "bert"},
        {"architecture": 3, "model_type": ["odd"]},
    ],
)
def test_checkpoints_are_left_to_the_exporter(config: dict[str, Any], tmp_path: Path) -> None:
    assert other_kind(make(tmp_path, WEIGHTS, config)) is None
    with pytest.raises(BundleNotFoundError, match="original checkpoint.*gliner2-lite export"):
        read_bundle(tmp_path)


def test_a_folder_with_the_encoders_config_is_a_checkpoint() -> None:
    assert describe([*WEIGHTS, "encoder_config"], BERT) is None


def test_files_that_are_still_to_be_fetched_count(tmp_path: Path) -> None:
    make(tmp_path, ["config.json"], BERT)
    assert other_kind(tmp_path) is not None
    assert other_kind(tmp_path, {*WEIGHTS, "encoder_config"}) is None


def test_a_bundle_is_one_whatever_lies_beside_it() -> None:
    told = describe([MANIFEST_NAME, "gliner_config.json", *WEIGHTS], {"architecture": "boundary"})
    assert told is not None and "a bundle already" in told and "the checkpoint that" in told
    assert kinds.MANIFEST_NAME == MANIFEST_NAME


@pytest.mark.parametrize("content", ["{broken", "[1]", "[" * 100_000, " " * (MAX_CONFIG_BYTES + 1), "\x00"])
def test_a_config_that_cannot_be_read_tells_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    assert other_kind(tmp_path) is None


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        other_kind(tmp_path / "nothing")
