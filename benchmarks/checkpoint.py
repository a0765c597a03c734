"""Random stand-ins for the official checkpoints: the same shapes, files and costs, but untrained weights.

Answers of random weights would not cost what real ones do: counts anywhere from 0 to 19, half of all spans
found. So two last layers are set: one instance per task, and about one span cell in a hundred above the
threshold.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from gliner2 import GLiNER2
from gliner2.configuration import ExtractorConfig
from torch import Tensor, nn
from transformers import DebertaV2Config

from benchmarks.schemas import build_schema
from benchmarks.shapes import SHAPES, encoder_arguments
from benchmarks.vocabulary import build_tokenizer, tokens_per_word
from gliner2_lite.errors import ExportError
from gliner2_lite.schema.limits import MARKERS

MAX_WIDTH = 8
SPAN_LOGIT_MEAN, SPAN_LOGIT_STD = -3.5, 1.4
FITTING_TEXTS = 6


def make_checkpoint(
    shape: str, vocabulary: int, sentences: Sequence[str], out: Path, *, seed: int = 0
) -> float:
    """Write a random checkpoint of ``SHAPES[shape]`` to the new directory ``out``, in the official layout.

    Returns the tokens per word of its tokenizer on ``sentences``. Raises ExportError when ``out`` exists.
    """
    if out.exists():
        raise ExportError(f"{out} exists; remove it or give another directory")
    sizes = SHAPES[shape]
    tokenizer = build_tokenizer(sentences, vocabulary)
    config = ExtractorConfig(
        model_name=f"random/{shape}",
        max_width=MAX_WIDTH,
        counting_layer=sizes.counting_layer,
        token_pooling="first",
    )
    encoder_config = DebertaV2Config(**encoder_arguments(sizes, len(tokenizer) + len(MARKERS)))
    torch.manual_seed(seed)
    with contextlib.redirect_stdout(sys.stderr):  # the reference prints its configuration
        model = GLiNER2(config, encoder_config=encoder_config, tokenizer=tokenizer)
    model.eval()
    with torch.no_grad():
        _fix_counts(model)
        _fit_spans(model, sentences[:FITTING_TEXTS])
    staged = out.with_name(out.name + ".part")
    shutil.rmtree(staged, ignore_errors=True)
    model.save_pretrained(str(staged))
    _note_origin(staged, shape)
    staged.rename(out)
    return tokens_per_word(model.processor.tokenizer, sentences[:200])


def _fix_counts(model: GLiNER2) -> None:
    """Let ``count_pred`` say 1 whatever it reads: in a random encoder all ``[P]`` states are alike."""
    last = model.count_pred[-1]
    last.weight.zero_()
    last.bias.fill_(-10.0)
    last.bias[1] = 10.0


def _fit_spans(model: GLiNER2, texts: Sequence[str]) -> None:
    """Scale and shift span logits to ``SPAN_LOGIT_MEAN`` and ``SPAN_LOGIT_STD``.

    The shift goes through the bias b2 of the last span layer (a logit is ``(W2·h + b2)·q``), along a
    direction that all count-conditioned queries q then have in common.
    """
    *_, before_last, last = model.span_rep.span_rep_layer.out_project  # dropout (off), Linear 4H → H
    projector = getattr(model.count_embed, "projector", None) or model.count_embed.transformer.out_projector
    with _outputs_of(model.count_embed) as queries:
        _extract(model, texts, "entities-4")
    signs = torch.where(torch.arange(model.hidden_size) % 2 == 0, 1.0, -1.0)
    common = signs * torch.cat(queries).std()
    projector[-1].bias.add_(common)
    last.bias.zero_()
    direction = common / common.square().sum()
    for _ in range(3):  # the later rounds correct what queries differ from the common direction
        with _inputs_of(before_last) as hidden, _outputs_of(model.count_embed) as queries:
            _extract(model, texts, "entities-4")
        logits = torch.cat(
            [
                (last(h.flatten(0, -2)) @ q.flatten(0, -2).T).flatten()
                for h, q in zip(hidden, queries, strict=True)
            ]
        )
        scale = SPAN_LOGIT_STD / logits.std()
        last.weight.mul_(scale)
        last.bias.mul_(scale).add_((SPAN_LOGIT_MEAN - scale * logits.mean()) * direction)


def _extract(model: GLiNER2, texts: Sequence[str], schema: str) -> None:
    built = build_schema(schema, model.create_schema())
    for text in texts:
        model.extract(text, built)


@contextlib.contextmanager
def _inputs_of(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect copies of the first input of every call (the reference runs in inference mode)."""
    seen: list[Tensor] = []
    hook = module.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].clone()))
    try:
        yield seen
    finally:
        hook.remove()


@contextlib.contextmanager
def _outputs_of(module: nn.Module) -> Iterator[list[Tensor]]:
    seen: list[Tensor] = []
    hook = module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.clone()))
    try:
        yield seen
    finally:
        hook.remove()


def _note_origin(directory: Path, shape: str) -> None:
    """Say in the directory itself that nobody should use this model."""
    layout = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    text = (
        f"# Random stand-in, shape {shape}\n\n"
        f"Random weights with the sizes and files of an official GLiNER2 checkpoint "
        f"({layout['counting_layer']}), for timing only: its answers mean nothing.\n"
    )
    (directory / "README.md").write_text(text, encoding="utf-8")
