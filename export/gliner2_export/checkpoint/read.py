"""Official checkpoint directory → torch extractor ready to export, plus what the manifest says of it.

The files are checked before the reference package reads them, because its errors name neither the file nor
the remedy. The reference itself then reads them (row counts of the embedding table, special tokens, early
configs), so that both load the same model.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gliner2
from torch import nn

from gliner2_export.architectures import EARLIEST, load_architecture
from gliner2_export.architectures.base import Architecture, CheckpointConfig
from gliner2_export.checkpoint.lora import merge_adapter
from gliner2_export.encoders.pooling import POOLINGS
from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.bundle.kinds import other_kind
from gliner2_lite.errors import CheckpointError, CheckpointNotFoundError
from gliner2_lite.schema.limits import MARKERS

log = logging.getLogger("gliner2_export")

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = ("tokenizer.json", "spm.model", "spiece.model", "sentencepiece.bpe.model", "vocab.txt")


@dataclass(frozen=True)
class Checkpoint:
    """A loaded extractor (float32, eval mode, eager attention, adapter merged) and its description."""

    name: str
    directory: Path
    extractor: nn.Module
    config: CheckpointConfig
    hidden_size: int
    vocab_size: int
    max_positions: int | None
    encoder_type: str
    special_tokens: dict[str, int]
    tokenizer_json: str
    weights_sha256: str
    adapter: str | None

    @property
    def architecture(self) -> Architecture:
        """The model's architecture, through which the rest of the exporter uses the heads."""
        return load_architecture(self.config.architecture, source=self.directory / "config.json")


def load_checkpoint(directory: Path, *, adapter: Path | None = None) -> Checkpoint:
    """Read an official checkpoint, and merge the LoRA adapter in ``adapter`` into it if given.

    Raises CheckpointError or CheckpointNotFoundError, naming the file and the remedy.
    """
    config = check_files(directory)
    log.info("reading %s", directory)
    extractor = read_extractor(directory)
    tokenizer = extractor.processor.tokenizer
    check_ids(tokenizer.get_vocab(), extractor.encoder.get_input_embeddings().num_embeddings, directory)
    if adapter is not None:
        merge_adapter(extractor, adapter)
    return Checkpoint(
        name=source_name(directory),
        directory=directory,
        extractor=extractor,
        config=config,
        hidden_size=extractor.encoder.config.hidden_size,
        vocab_size=extractor.encoder.get_input_embeddings().num_embeddings,
        max_positions=max_positions(extractor.encoder),
        encoder_type=extractor.encoder.config.model_type,
        special_tokens={token: tokenizer.convert_tokens_to_ids(token) for token in MARKERS},
        tokenizer_json=tokenizer_json(tokenizer, directory),
        weights_sha256=file_sha256(weights_path(directory)),
        adapter=None if adapter is None else source_name(adapter),
    )


def read_extractor(directory: Path) -> nn.Module:
    """The reference's model of ``directory``: float32, eval mode, eager attention, no gradients."""
    try:
        config = gliner2.ExtractorConfig.from_pretrained(str(directory / "config.json"))
        config.attn_implementation = "eager"  # the other backends do not trace to plain operators
        extractor = gliner2.GLiNER2.from_pretrained(
            str(directory), config=config, map_location="cpu", attention_backend="standard"
        )
    except (RuntimeError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"gliner2 cannot read the checkpoint {directory}: {error}") from error
    extractor.float().eval()
    for parameter in extractor.parameters():
        parameter.requires_grad_(False)
    return extractor


def check_files(directory: Path) -> CheckpointConfig:
    """Check that ``directory`` holds a checkpoint that can be read; cheap, reads only JSON."""
    if not directory.is_dir():
        raise CheckpointNotFoundError(
            f"{directory} is not a directory; download the checkpoint first "
            "(hf download REPO --local-dir DIR) and give that directory"
        )
    try:
        told = other_kind(directory)
    except OSError as error:
        raise CheckpointError(f"{directory} cannot be read ({error.strerror}); allow this user to") from error
    if told is not None:
        raise CheckpointError(f"{directory} cannot be exported: {told}")
    if not (directory / "config.json").is_file():
        raise CheckpointNotFoundError(
            f"{directory / 'config.json'} is missing; give the directory that holds config.json, "
            "encoder_config/ and model.safetensors"
        )
    config = read_config(directory / "config.json")
    encoder_config = directory / "encoder_config" / "config.json"
    if not encoder_config.is_file():
        raise CheckpointNotFoundError(
            f"{encoder_config} is missing; copy the config.json of the encoder the model was trained from "
            "(named by model_name in config.json) to that place"
        )
    encoder = _read_json(encoder_config)
    if not isinstance(encoder.get("model_type"), str):
        raise CheckpointError(
            f"{encoder_config} has no model_type; add the encoder's, for example "
            '"model_type": "deberta-v2" (DeBERTa-v2, -v3, mDeBERTa) or "bert"'
        )
    if encoder.get("auto_map"):
        raise CheckpointError(
            f"{encoder_config} asks for Python code of its own (auto_map), which is never run here; "
            "remove auto_map if transformers has the model_type"
        )
    weights_path(directory)
    if not any((directory / name).is_file() for name in TOKENIZER_FILES):
        raise CheckpointNotFoundError(
            f"{directory / 'tokenizer.json'} is missing, and so is a SentencePiece model or vocab.txt to "
            "make one from; copy the tokenizer files of the checkpoint into the directory"
        )
    return config


def read_config(path: Path) -> CheckpointConfig:
    """The content of ``config.json`` that matters, in the form of the architecture that it names.

    Today's files are read, and early ones without ``architecture``. Raises CheckpointError naming the file
    and the field.
    """
    raw = _read_json(path)
    name = str(raw.get("architecture") or EARLIEST).strip().lower()
    architecture = load_architecture(name, source=path)
    pooling = raw.get("token_pooling", "first")
    if pooling not in POOLINGS:
        log.warning("%s: unknown token_pooling %r is read as 'first', as gliner2 does", path, pooling)
        pooling = "first"
    return architecture.read_config(raw, CheckpointConfig(name, pooling), path)


def check_ids(vocabulary: Mapping[str, int], rows: int, directory: Path) -> None:
    """Raise CheckpointError unless every token's id has a row in the encoder's table of embeddings."""
    token = max(vocabulary, key=vocabulary.__getitem__)
    if vocabulary[token] >= rows:
        beyond = sum(1 for number in vocabulary.values() if number >= rows)
        raise CheckpointError(
            f"{directory}: the tokenizer's token {token!r} has id {vocabulary[token]}, and the encoder has "
            f"embeddings for ids up to {rows - 1} only (tokens beyond: {beyond}); take the tokenizer files "
            "that the weights were trained with"
        )


def weights_path(directory: Path) -> Path:
    """The weight file that the reference reads: safetensors first."""
    for name in WEIGHT_FILES:
        if (directory / name).is_file():
            return directory / name
    raise CheckpointNotFoundError(
        f"{directory / WEIGHT_FILES[0]} is missing; the download is incomplete, fetch the checkpoint again"
    )


def source_name(directory: Path) -> str:
    """How the manifest calls the source: the repository of a Hub cache directory, else the folder's name."""
    parts = directory.resolve().parts
    if len(parts) >= 3 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/")
    return parts[-1]


def max_positions(encoder: nn.Module) -> int | None:
    """How many tokens an encoder with a table of absolute positions can see; None without such a table."""
    for name, module in encoder.named_modules():
        if name.rsplit(".", 1)[-1] == "position_embeddings" and isinstance(module, nn.Embedding):
            # RoBERTa and friends number positions from padding_idx + 1.
            used_up = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - used_up
    return None


def tokenizer_json(tokenizer: Any, directory: Path) -> str:
    """The fast backend as JSON, special tokens included, truncation and padding off.

    The reference has already added the special tokens; slow-only checkpoints were converted by
    transformers when it loaded them.
    """
    if not tokenizer.is_fast:
        raise CheckpointError(
            f"{directory}: transformers has no fast form of this tokenizer ({type(tokenizer).__name__}); "
            "convert it to tokenizer.json and put that into the directory"
        )
    serialized = json.loads(tokenizer.backend_tokenizer.to_str())
    serialized["truncation"] = None
    serialized["padding"] = None
    return json.dumps(serialized, ensure_ascii=False, separators=(",", ":"))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); fetch the checkpoint again") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); allow this user to") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} must hold a JSON object, not {type(value).__name__}")
    return value
