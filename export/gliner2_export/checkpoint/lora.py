"""Merge a LoRA adapter into the weights of an extractor, in both formats that gliner2 reads.

PEFT: ``adapter_config.json`` with ``peft_type`` and ``adapter_model.safetensors`` (or ``.bin``), keys
``base_model.model.<module>.lora_A.weight``. Legacy: ``adapter_config.json`` with ``lora_r`` and
``lora_alpha`` and ``adapter_weights.safetensors``, keys ``<module>.lora_A``.

    W' = W + s·B·A             s = alpha / r, or alpha / √r for rank-stabilised LoRA
    W' = m · (W + s·B·A) / ‖W + s·B·A‖     DoRA: norm over the inputs of each output, m its magnitude
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from gliner2_lite.errors import CheckpointError, CheckpointNotFoundError

log = logging.getLogger("gliner2_export")

PEFT_PREFIX = "base_model.model."
#: Ways to initialise that also change the base weights, so that A and B alone do not say what to merge.
BASE_CHANGING_INITS = ("pissa", "olora", "corda", "loftq", "mica", "lora_ga")
#: Kinds of LoRA with another formula.
OTHER_KINDS = (
    "arrow_config",
    "use_bdlora",
    "alora_invocation_tokens",
    "velora_config",
    "monteclora_config",
    "kasa_config",
)


@dataclass(frozen=True)
class LowRankUpdate:
    """What an adapter holds for one module: ``down`` = A [r, in], ``up`` = B [out, r]."""

    down: Tensor
    up: Tensor
    scale: float
    magnitude: Tensor | None = None  # DoRA, [out]
    up_bias: Tensor | None = None  # [out]


@dataclass(frozen=True)
class Adapter:
    """A whole adapter: low-rank updates by module name, and tensors that replace those of the base."""

    updates: dict[str, LowRankUpdate]
    replaced: dict[str, Tensor]


def merge_adapter(extractor: nn.Module, directory: Path) -> None:
    """Merge the adapter in ``directory`` into the weights of ``extractor``, in place.

    Raises CheckpointError when the adapter is damaged, of an unknown kind, or made for another model.
    """
    adapter = read_adapter(directory)
    modules = dict(extractor.named_modules())
    for name, update in adapter.updates.items():
        module = modules.get(name)
        if not isinstance(module, nn.Linear | Conv1D):
            actual = "no such module" if module is None else f"a {type(module).__name__}"
            raise CheckpointError(
                f"{directory}: the adapter changes {name!r}, but the checkpoint has {actual} there; "
                "give the adapter together with the checkpoint it was trained from"
            )
        _merge_module(module, update, name, directory)
    _replace_tensors(extractor, adapter.replaced, directory)
    log.info("merged adapter %s: %d modules", directory.name, len(adapter.updates))
    if any("out_project" in name for name in adapter.updates):
        log.warning(
            "the adapter changes span_rep's out_project, which gliner2 ignores while an adapter is loaded "
            "unmerged; the bundle equals gliner2 after merging"
        )


def read_adapter(directory: Path) -> Adapter:
    """Read an adapter directory of either format."""
    path = directory / "adapter_config.json"
    if not path.is_file():
        raise CheckpointNotFoundError(
            f"{path} is missing; give the directory that PEFT's or gliner2's save wrote the adapter to"
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); fetch the adapter again") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} must hold a JSON object, not {type(config).__name__}")
    if "peft_type" in config:
        return _read_peft(directory, config)
    if "lora_r" in config:
        return _read_legacy(directory, config)
    raise CheckpointError(f"{path} has neither peft_type nor lora_r; it does not describe a LoRA adapter")


def _read_peft(directory: Path, config: Mapping[str, Any]) -> Adapter:
    path = directory / "adapter_config.json"
    if str(config["peft_type"]).upper() != "LORA":
        raise CheckpointError(f"{path}: peft_type {config['peft_type']!r} cannot be merged; only LORA can")
    for key in OTHER_KINDS:
        if config.get(key):
            raise CheckpointError(f"{path}: {key} is set; this kind of LoRA cannot be merged")
    init = str(config.get("init_lora_weights", True)).lower()
    if init.startswith(BASE_CHANGING_INITS):
        raise CheckpointError(
            f"{path}: init_lora_weights {init!r} also changed the base weights; save the adapter again with "
            "PEFT's path_initial_model_for_weight_conversion to make it a plain LoRA"
        )
    weights_path = directory / "adapter_model.safetensors"
    if weights_path.is_file():
        tensors = _load_tensors(weights_path)
    elif weights_path.with_suffix(".bin").is_file():
        tensors = torch.load(weights_path.with_suffix(".bin"), map_location="cpu", weights_only=True)
    else:
        raise CheckpointNotFoundError(f"{weights_path} is missing; fetch the adapter again")

    parts: dict[str, dict[str, Tensor]] = {}
    replaced: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        name = key.removeprefix(PEFT_PREFIX)
        match = re.fullmatch(
            r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_magnitude_vector)(\.(?P<kind>weight|bias))?", name
        )
        if match:
            part = match["part"] + ("_bias" if match["kind"] == "bias" else "")
            parts.setdefault(match["module"], {})[part] = tensor.float()
        elif "lora_" in name or "token_adapter" in name:
            raise CheckpointError(
                f"{directory}: cannot merge {key!r}; only updates of linear layers are known"
            )
        else:  # modules_to_save, trained biases
            replaced[name.replace(".base_layer.", ".").replace(".original_module.", ".")] = tensor.float()

    updates = {}
    for module, tensors_of in parts.items():
        _require_pair(tensors_of, module, directory)
        rank = tensors_of["lora_A"].shape[0]
        alpha = _pattern_value(config.get("alpha_pattern") or {}, module, config.get("lora_alpha", 8))
        scale = alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank
        magnitude = tensors_of.get("lora_magnitude_vector")
        if bool(config.get("use_dora")) != (magnitude is not None):
            raise CheckpointError(f"{directory}: use_dora and the stored tensors of {module!r} disagree")
        updates[module] = LowRankUpdate(
            tensors_of["lora_A"], tensors_of["lora_B"], scale, magnitude, tensors_of.get("lora_B_bias")
        )
    return Adapter(updates, replaced)


def _read_legacy(directory: Path, config: Mapping[str, Any]) -> Adapter:
    path = directory / "adapter_weights.safetensors"
    if not path.is_file():
        raise CheckpointNotFoundError(f"{path} is missing; fetch the adapter again")
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in _load_tensors(path).items():
        module, _, part = key.rpartition(".")
        if part not in ("lora_A", "lora_B"):
            raise CheckpointError(
                f"{path}: cannot merge {key!r}; expected <module>.lora_A and <module>.lora_B"
            )
        parts.setdefault(module, {})[part] = tensor.float()
    rank, alpha = config["lora_r"], config.get("lora_alpha", 16.0)
    updates = {}
    for module, tensors_of in parts.items():
        _require_pair(tensors_of, module, directory)
        if tensors_of["lora_A"].shape[0] != rank:
            raise CheckpointError(
                f"{path}: {module!r} has rank {tensors_of['lora_A'].shape[0]}, but lora_r is {rank}"
            )
        updates[module] = LowRankUpdate(tensors_of["lora_A"], tensors_of["lora_B"], alpha / rank)
    return Adapter(updates, {})


def _load_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises its own class for damage, OSError for the rest
        raise CheckpointError(f"{path} cannot be read ({error}); fetch the adapter again") from error


def _require_pair(tensors: Mapping[str, Tensor], module: str, directory: Path) -> None:
    for part in ("lora_A", "lora_B"):
        if part not in tensors:
            raise CheckpointError(f"{directory}: {part} of {module!r} is missing; fetch the adapter again")
    if tensors["lora_A"].shape[0] != tensors["lora_B"].shape[-1]:
        raise CheckpointError(f"{directory}: lora_A and lora_B of {module!r} have different ranks")


def _pattern_value(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """PEFT's rule: the first pattern that matches the end of the module's name, from a dot on."""
    for pattern, value in patterns.items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default


@torch.no_grad()
def _merge_module(module: nn.Module, update: LowRankUpdate, name: str, directory: Path) -> None:
    # Conv1D keeps its weight as [in, out] ("fan in, fan out"); nn.Linear never does, whatever config says.
    transposed = isinstance(module, Conv1D)
    weight = module.weight.float().T if transposed else module.weight.float()  # [out, in]
    delta = update.up @ update.down
    if delta.shape != weight.shape:
        raise CheckpointError(
            f"{directory}: the update of {name!r} has shape {tuple(delta.shape)}, the checkpoint's weight "
            f"{tuple(weight.shape)}; give the checkpoint that the adapter was trained from"
        )
    merged = weight + update.scale * delta
    if update.magnitude is not None:
        merged = (update.magnitude / torch.linalg.norm(merged, dim=1)).unsqueeze(1) * merged
    if not torch.isfinite(merged).all():
        raise CheckpointError(f"{directory}: merging {name!r} gives NaN or infinity; the adapter is damaged")
    module.weight.copy_(merged.T if transposed else merged)
    if update.up_bias is not None:
        if module.bias is None:
            raise CheckpointError(f"{directory}: {name!r} has no bias to merge the adapter's into")
        module.bias.add_(update.scale * update.up_bias)


@torch.no_grad()
def _replace_tensors(extractor: nn.Module, replaced: Mapping[str, Tensor], directory: Path) -> None:
    state = extractor.state_dict()
    for name, tensor in replaced.items():
        if name not in state:
            raise CheckpointError(f"{directory}: the checkpoint has no tensor {name!r} to replace")
        if state[name].shape != tensor.shape:
            raise CheckpointError(
                f"{directory}: {name!r} has shape {tuple(tensor.shape)}, the checkpoint's "
                f"{tuple(state[name].shape)}"
            )
        state[name].copy_(tensor)
