"""Merged adapters give what PEFT, or the reference with the adapter loaded, computes unmerged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gliner2 import GLiNER2
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

from gliner2_export.checkpoint.lora import merge_adapter, read_adapter
from gliner2_export.checkpoint.read import load_checkpoint, read_extractor
from gliner2_lite.errors import CheckpointError, CheckpointNotFoundError

ENCODER = r"encoder\..*\.(query|value|dense)"
VARIANTS = {
    "plain": LoraConfig(r=4, lora_alpha=16, target_modules=ENCODER),
    "rslora": LoraConfig(r=4, lora_alpha=8, use_rslora=True, target_modules=ENCODER),
    "dora": LoraConfig(r=3, lora_alpha=6, use_dora=True, target_modules=ENCODER),
    "bias": LoraConfig(r=2, lora_alpha=4, lora_bias=True, target_modules=ENCODER),
    # On linear layers PEFT itself turns this flag off again.
    "fan_in_fan_out": LoraConfig(r=2, lora_alpha=4, fan_in_fan_out=True, target_modules=ENCODER),
    "patterns": LoraConfig(
        r=4,
        lora_alpha=16,
        target_modules=ENCODER,
        rank_pattern={"query": 2, r"layer\.1\..*dense": 3},
        alpha_pattern={"value": 5, r"layer\.0\.attention\.output\.dense": 1},
    ),
    "heads": LoraConfig(
        r=2,
        lora_alpha=8,
        target_modules=["classifier.0", "project_start.0"],
        modules_to_save=["count_pred"],
        bias="lora_only",
    ),
}


def randomise(model: nn.Module) -> None:
    """Adapters start as no change: give every trained tensor a value that shows."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)


def states(model: nn.Module) -> torch.Tensor:
    """What encoder and heads give for fixed tokens, in one row."""
    ids = torch.arange(10, 30).unsqueeze(0)
    with torch.inference_mode():
        hidden = model.encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        start = model.span_rep.span_rep_layer.project_start(hidden)
        parts = [hidden, model.classifier(hidden), model.count_pred(hidden), start]
    return torch.cat([part.flatten() for part in parts])


@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to True")
@pytest.mark.parametrize("variant", VARIANTS)
def test_merged_equals_unmerged_peft(variant: str, bert_checkpoint: Path, tmp_path: Path) -> None:
    base = states(read_extractor(bert_checkpoint))
    peft_model = get_peft_model(read_extractor(bert_checkpoint), VARIANTS[variant]).eval()
    randomise(peft_model)
    peft_model.save_pretrained(str(tmp_path))
    expected = states(peft_model.base_model.model)

    merged = states(load_checkpoint(bert_checkpoint, adapter=tmp_path).extractor)
    assert (base - expected).abs().max() > 0.05
    torch.testing.assert_close(merged, expected, atol=1e-5, rtol=1e-5)


def test_pytorch_bin_is_read_too(bert_checkpoint: Path, tmp_path: Path) -> None:
    peft_model = get_peft_model(read_extractor(bert_checkpoint), VARIANTS["plain"]).eval()
    randomise(peft_model)
    peft_model.save_pretrained(str(tmp_path), safe_serialization=False)
    assert (tmp_path / "adapter_model.bin").exists()
    merged = states(load_checkpoint(bert_checkpoint, adapter=tmp_path).extractor)
    torch.testing.assert_close(merged, states(peft_model.base_model.model), atol=1e-5, rtol=1e-5)


@pytest.fixture
def legacy_adapter(bert_checkpoint: Path, tmp_path: Path) -> Path:
    """As the reference's releases before PEFT saved adapters."""
    modules = dict(read_extractor(bert_checkpoint).named_modules())
    generator = torch.Generator().manual_seed(5)
    tensors = {}
    for name, module in modules.items():
        if name.startswith("encoder.encoder") and name.endswith(("query", "key", "value", "dense")):
            tensors[f"{name}.lora_A"] = torch.randn(4, module.in_features, generator=generator) * 0.2
            tensors[f"{name}.lora_B"] = torch.randn(module.out_features, 4, generator=generator) * 0.2
    save_file(tensors, tmp_path / "adapter_weights.safetensors")
    config = {"adapter_type": "lora", "lora_r": 4, "lora_alpha": 12.0, "target_modules": ["encoder"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_legacy_merged_equals_the_reference_unmerged(bert_checkpoint: Path, legacy_adapter: Path) -> None:
    reference = GLiNER2.from_pretrained(str(bert_checkpoint))
    base = states(reference)
    reference.load_adapter(str(legacy_adapter))
    expected = states(reference.eval())
    merged = states(load_checkpoint(bert_checkpoint, adapter=legacy_adapter).extractor)
    assert (base - expected).abs().max() > 0.05
    torch.testing.assert_close(merged, expected, atol=1e-5, rtol=1e-5)


class WithConv1D(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.mix = Conv1D(6, 4)  # weight [in, out]
        nn.init.normal_(self.mix.weight)


@pytest.mark.parametrize("use_dora", [False, True])
def test_transposed_weights(use_dora: bool, tmp_path: Path) -> None:
    config = LoraConfig(r=2, lora_alpha=4, target_modules=["mix"], fan_in_fan_out=True, use_dora=use_dora)
    peft_model = get_peft_model(WithConv1D(), config).eval()
    randomise(peft_model)
    peft_model.save_pretrained(str(tmp_path))
    plain = WithConv1D()
    merge_adapter(plain, tmp_path)
    row = torch.randn(3, 4, generator=torch.Generator().manual_seed(2))
    expected = peft_model.base_model.model.mix(row)
    torch.testing.assert_close(plain.mix(row), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type 'IA3' cannot be merged; only LORA can"),
        ({"init_lora_weights": "pissa_niter_4"}, "path_initial_model_for_weight_conversion"),
        ({"use_bdlora": {"x": 1}}, "use_bdlora is set"),
        ({"use_dora": True}, "use_dora and the stored tensors of .* disagree"),
        ({"peft_type": None}, "neither peft_type nor lora_r"),
    ],
)
def test_unknown_kinds_are_refused(
    change: dict, message: str, bert_checkpoint: Path, tmp_path: Path, edit_json: Callable
) -> None:
    get_peft_model(read_extractor(bert_checkpoint), VARIANTS["plain"]).save_pretrained(str(tmp_path))
    edit_json(tmp_path / "adapter_config.json", **change)
    with pytest.raises(CheckpointError, match=message):
        read_adapter(tmp_path)


def test_damaged_adapters_are_named(bert_checkpoint: Path, legacy_adapter: Path, edit_json: Callable) -> None:
    model = read_extractor(bert_checkpoint)
    weights = legacy_adapter / "adapter_weights.safetensors"
    tensors = load_file(weights)
    down = next(name for name in tensors if name.endswith("lora_A"))
    module = down.removesuffix(".lora_A")

    def refused(message: str, changed: dict[str, torch.Tensor]) -> None:
        save_file(changed, weights)
        with pytest.raises(CheckpointError, match=message):
            merge_adapter(model, legacy_adapter)

    refused(f"lora_A of '{module}' is missing", {k: v for k, v in tensors.items() if k != down})
    refused(
        "the checkpoint has no such module there",
        {"gone.lora_A": tensors[down], "gone.lora_B": torch.ones(5, 4)},
    )
    refused("expected <module>.lora_A", tensors | {f"{module}.lora_C": torch.ones(1)})
    refused("have different ranks", tensors | {down: tensors[down][:2].clone()})
    refused("has shape .* the checkpoint's weight", tensors | {down: torch.ones(4, 5)})
    refused("gives NaN or infinity", tensors | {down: torch.full_like(tensors[down], float("nan"))})
    edit_json(legacy_adapter / "adapter_config.json", lora_r=8)
    refused("has rank 4, but lora_r is 8", tensors)
    weights.write_bytes(b"not safetensors")
    with pytest.raises(CheckpointError, match=r"adapter_weights\.safetensors cannot be read"):
        merge_adapter(model, legacy_adapter)
    weights.unlink()
    with pytest.raises(CheckpointNotFoundError, match=r"adapter_weights\.safetensors is missing"):
        merge_adapter(model, legacy_adapter)
    (legacy_adapter / "adapter_config.json").unlink()
    with pytest.raises(CheckpointNotFoundError, match=r"adapter_config\.json is missing"):
        merge_adapter(model, legacy_adapter)
