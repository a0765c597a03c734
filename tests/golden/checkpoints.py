"""Small random checkpoints in the official layout, tuned so that their answers are worth comparing.

Plain random weights answer the same for every text: counts that never vary and scores far from every
threshold. So the last layers are fitted on a few texts: counts fall on zero to several, class scores
spread, and a moderate share of the span cells passes 0.5. The weights have few significant bits, which
keeps the bundles small.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from gliner2 import GLiNER2, Schema
from gliner2.configuration import ExtractorConfig
from torch import Tensor
from transformers import BertConfig, DebertaV2Config, PretrainedConfig, PreTrainedTokenizerFast

from tests.golden.texts import LONG, ODD, PLAIN
from tests.golden.tokenizers import unigram, wordpiece


@dataclass(frozen=True)
class CheckpointSpec:
    """One random checkpoint: the head variant, the encoder's sizes and how its files are laid out."""

    name: str
    counting_layer: str
    token_pooling: str
    tokenizer: str  # a key of TOKENIZERS
    max_width: int
    hidden: int = 24
    attention_heads: int = 4
    position_buckets: int = 32
    max_positions: int = 128
    encoder: str = "deberta-v2"
    early_config: bool = False
    seed: int = 0


SPECS = (
    CheckpointSpec("lstm-first-wordpiece", "count_lstm", "first", "wordpiece-lower", 8, seed=11),
    CheckpointSpec("lstm-mean-unigram", "count_lstm", "mean", "unigram", 12, early_config=True, seed=12),
    CheckpointSpec("lstm-max-wordpiece", "count_lstm", "max", "wordpiece-cased", 5, hidden=32, seed=13),
    # As fastino/gliner2-base-v1 is shaped: this tokenizer class with its full normaliser, these buckets.
    CheckpointSpec(
        "v2-first-unigram", "count_lstm_v2", "first", "unigram-nfkc", 8, hidden=16,
        position_buckets=256, max_positions=512, early_config=True, seed=21,
    ),
    CheckpointSpec("v2-mean-wordpiece", "count_lstm_v2", "mean", "wordpiece-lower", 4, hidden=16, seed=22),
    CheckpointSpec("v2-max-unigram", "count_lstm_v2", "max", "unigram", 8, attention_heads=3, seed=23),
    CheckpointSpec("moe-first-unigram", "count_lstm_moe", "first", "unigram", 4, early_config=True, seed=31),
    CheckpointSpec("moe-mean-wordpiece", "count_lstm_moe", "mean", "wordpiece-cased", 12, seed=32),
    CheckpointSpec("moe-max-unigram", "count_lstm_moe", "max", "unigram", 8, hidden=32, seed=33),
    # Absolute positions, the other kind of encoder.
    CheckpointSpec(
        "bert-first-wordpiece", "count_lstm", "first", "wordpiece-lower", 8,
        encoder="bert", max_positions=512, seed=41,
    ),
)  # fmt: skip

TOKENIZERS: dict[str, Callable[[Path, Path], PreTrainedTokenizerFast]] = {
    "wordpiece-lower": lambda data, out: wordpiece(data, out, size=700, lower=True),
    "wordpiece-cased": lambda data, out: wordpiece(data, out, size=800, lower=False),
    "unigram": lambda data, out: unigram(data, out, size=800, full_normalization=False),
    "unigram-nfkc": lambda data, out: unigram(data, out, size=1000, full_normalization=True),
}

# How often which count should win, as a bias on standardised count logits: 0 to 19, the high ones rare.
COUNT_PRIOR = (0.6, 1.6, 1.5, 1.0, 0.5, 0.0, -0.5) + (-1.5,) * 13
SPAN_LOGIT_MEAN, SPAN_LOGIT_STD = -2.6, 2.2
CLASS_LOGIT_STD = 1.6
# The share of a span score that all spans of a text have in common is mostly taken out.
COMMON_SHARE_REMOVED = 0.85


def write_checkpoint(spec: CheckpointSpec, data: Path, out: Path) -> None:
    """Write the checkpoint ``spec`` to the new directory ``out`` (``data``: the tokenizers' corpus)."""
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = TOKENIZERS[spec.tokenizer](data, Path(scratch))
        encoder_config = _encoder_config(spec, len(tokenizer))
        config = ExtractorConfig(
            model_name=f"random/{spec.name}",
            max_width=spec.max_width,
            counting_layer=spec.counting_layer,
            token_pooling=spec.token_pooling,
        )
        model = GLiNER2(config, encoder_config=encoder_config, tokenizer=tokenizer).eval()
        with torch.no_grad():
            _randomise(model, torch.Generator().manual_seed(spec.seed))
            _fit(model)
            _shorten(model)
        model.save_pretrained(out)
        # save_pretrained of the reference may leave these to the trainer; the layout wants them.
        model.processor.tokenizer.save_pretrained(out)
        model.encoder.config.save_pretrained(out / "encoder_config")
    if spec.early_config:
        _write_early_config(spec, out)


def _encoder_config(spec: CheckpointSpec, vocab_size: int) -> PretrainedConfig:
    sizes = {
        "vocab_size": vocab_size,
        "hidden_size": spec.hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": spec.attention_heads,
        "intermediate_size": 2 * spec.hidden,
        "max_position_embeddings": spec.max_positions,
        "hidden_act": "gelu",
        "pad_token_id": 0,
    }
    if spec.encoder == "bert":
        return BertConfig(**sizes, type_vocab_size=2)
    return DebertaV2Config(
        **sizes,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_buckets=spec.position_buckets,
        max_relative_positions=-1,
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        position_biased_input=False,
        type_vocab_size=0,
        layer_norm_eps=1e-7,
    )


def _write_early_config(spec: CheckpointSpec, out: Path) -> None:
    """``config.json`` as the first releases wrote it: no architecture, no span_head."""
    early = {
        "_attn_implementation_autoset": True,
        "counting_layer": spec.counting_layer,
        "max_width": spec.max_width,
        "model_name": f"random/{spec.name}",
        "model_type": "extractor",
        "token_pooling": spec.token_pooling,
        "transformers_version": "4.51.0",
    }
    (out / "config.json").write_text(json.dumps(early, indent=2) + "\n", encoding="utf-8")


def _randomise(model: GLiNER2, rng: torch.Generator) -> None:
    """Draw every weight, in the order of names; attention strong enough that context matters."""
    for name, weight in sorted(model.named_parameters()):
        if weight.ndim == 1:
            base = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            weight.copy_(base + 0.1 * torch.randn(weight.shape, generator=rng))
            continue
        fan_in = weight.shape[1] if weight.ndim == 2 else weight.shape[-2]  # moe: [E, in, out]
        gain = 1.4 if "embed" not in name.split(".")[-2] else fan_in**0.5
        drawn = torch.randn(weight.shape, generator=rng) * gain / fan_in**0.5
        if "count_embed.transformer.transformer" in name:
            # 260k weights at a fixed width of 128: few distinct values, so that they compress.
            drawn = (drawn * 8).round() / 8
        weight.copy_(drawn)


def _fit(model: GLiNER2) -> None:
    """Set the last layers of the three heads from what they give on a few texts."""
    _add_common_query(model)
    seen = _observe(model)

    counts = model.count_pred[-1]
    mean, std = seen.counts.mean(0), seen.counts.std(0).clamp(min=1e-2)
    counts.weight.div_(std[:, None])
    counts.bias.copy_((counts.bias - mean) / std + torch.tensor(COUNT_PRIOR))

    classes = model.classifier[-1]
    scale = CLASS_LOGIT_STD / seen.classes.std()
    classes.weight.mul_(scale)
    classes.bias.copy_((classes.bias - seen.classes.mean()) * scale)

    # score = (W2·h + b2)·q. What all queries share (their mean) and what all spans share (the mean of h)
    # would make every label find the same spans, so most of both is taken out of W2·h.
    last = model.span_rep.span_rep_layer.out_project[3]
    mean = seen.queries.mean(0)
    unit = mean / mean.norm()
    last.weight.sub_(COMMON_SHARE_REMOVED * torch.outer(unit, unit @ last.weight))
    last.bias.copy_(-COMMON_SHARE_REMOVED * (last.weight @ seen.hidden))
    # The offset of all scores goes through b2, along the direction in which the queries differ least.
    spread = torch.cov(seen.queries.T) + 1e-3 * torch.eye(model.hidden_size)
    offset = torch.linalg.solve(spread, mean)
    offset /= offset @ mean
    for _ in range(3):
        cells = _observe(model).spans
        last.weight.mul_(SPAN_LOGIT_STD / cells.std())
        last.bias.mul_(SPAN_LOGIT_STD / cells.std())
        last.bias.add_((SPAN_LOGIT_MEAN - cells.mean() * SPAN_LOGIT_STD / cells.std()) * offset)


def _add_common_query(model: GLiNER2) -> None:
    """Give all count-conditioned queries a common part: through it b2 can offset every span score."""
    layer = model.count_embed
    common = torch.where(torch.arange(model.hidden_size) % 2 == 0, 1.0, -1.0)
    if model.config.counting_layer == "count_lstm_moe":
        layer.b2.add_(common)  # the gates sum to one
    elif model.config.counting_layer == "count_lstm_v2":
        layer.transformer.out_projector[-1].bias.add_(common)
    else:
        layer.projector[-1].bias.add_(common)


@dataclass(frozen=True)
class _Seen:
    """Head values on the fitting texts: count logits [N, 20], class and span logits flat, queries [N, H]."""

    counts: Tensor
    classes: Tensor
    spans: Tensor
    queries: Tensor
    hidden: Tensor  # mean input of the last span layer [4H]


def _observe(model: GLiNER2) -> _Seen:
    # gliner2 runs in inference mode, whose tensors refuse arithmetic outside it: keep clones.
    seen: dict[str, list[Tensor]] = {name: [] for name in ("counts", "classes", "spans", "queries", "hidden")}
    schema = (
        Schema()
        .entities(["person", "company", "place", "date"])
        .relations(["works for", "located in"])
        .classification("mood", ["good", "bad", "mixed"])
        .structure("product")
        .field("name")
        .field("price")
        .field("colour", dtype="str", choices=["black", "blue", "red"])
        .build()
    )

    def keep_scores(tokens: list[Tensor], queries: list[Tensor], **options: bool) -> list[Tensor]:
        logits = score(tokens, queries, **options)
        seen["spans"].extend(one[one.isfinite()].flatten().clone() for one in logits)
        seen["queries"].extend(one.reshape(-1, model.hidden_size).clone() for one in queries)
        return logits

    # Dropout is off, so the layer before last sees exactly the hidden sums that the scores are made of.
    dropout = model.span_rep.span_rep_layer.out_project[2]
    score = model.compute_span_scores_batched
    hooks = [
        model.count_pred.register_forward_hook(lambda _m, _i, out: seen["counts"].append(out.clone())),
        model.classifier.register_forward_hook(
            lambda _m, _i, out: seen["classes"].append(out.flatten().clone())
        ),
        dropout.register_forward_hook(
            lambda _m, _i, out: seen["hidden"].append(out.reshape(-1, out.shape[-1]).mean(0)[None].clone())
        ),
    ]
    model.compute_span_scores_batched = keep_scores
    try:
        texts = [*PLAIN.values(), *ODD.values(), LONG["words_80"]]
        model.batch_extract(texts, schema, batch_size=1)
    finally:
        del model.compute_span_scores_batched
        for hook in hooks:
            hook.remove()
    return _Seen(
        counts=torch.cat(seen["counts"]),
        classes=torch.cat(seen["classes"]),
        spans=torch.cat(seen["spans"]),
        queries=torch.cat(seen["queries"]),
        hidden=torch.cat(seen["hidden"]).mean(0),
    )


def _shorten(model: GLiNER2) -> None:
    """Keep seven significant bits of every weight: exact in float16, and half the size once packed."""
    for weight in model.parameters():
        mantissa, exponent = torch.frexp(weight)
        weight.copy_(torch.ldexp((mantissa * 128).round() / 128, exponent))
