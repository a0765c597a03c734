"""Small random checkpoints in the official layout, and bundles exported from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from gliner2 import GLiNER2
from gliner2.configuration import ExtractorConfig
from transformers import (
    BertConfig,
    BertTokenizerFast,
    DebertaV2Config,
    DebertaV2TokenizerFast,
    ModernBertConfig,
    PretrainedConfig,
    RobertaConfig,
)

from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.architectures.span.heads import SpanHeads
from gliner2_export.checkpoint.read import load_checkpoint
from gliner2_export.export import export_checkpoint
from gliner2_export.onnx_graph.convert import convert

TEXT = """\
Tim Cook works for Apple in Cupertino and announced the new iPhone yesterday evening.
The red bicycle costs four hundred dollars, says the small shop near the river.
Marie Curie was born in Warsaw; she moved to Paris and won the Nobel Prize twice.
Please book a table for two people at seven in the Italian restaurant on Main Street.
Der Vertrag zwischen der Firma und dem Kunden wurde am Montag in Berlin unterschrieben.
La empresa compró una fábrica en Madrid y contrató a cien personas el año pasado.
Invoices, orders (and returns): e-mail support@example.com or call 555-0100 before noon!
"""

#: Encoder, pooling and counting layer of the graphs that several tests share.
CONVERTED = [
    ("bert", "first", "count_lstm_v2"),
    ("bert", "mean", "count_lstm"),
    ("deberta-v2", "max", "count_lstm_moe"),
]

MakeCheckpoint = Callable[..., Path]


def bert_tokenizer(directory: Path) -> BertTokenizerFast:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789áéíóúñüöäß"
    words = sorted({word.strip(".,;:!()").lower() for word in TEXT.split()} - {""})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"().,:;|!?@-$'\"", *letters]
    vocab = dict.fromkeys([*pieces, *(f"##{letter}" for letter in letters), *words[::2]])
    (directory / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    return BertTokenizerFast(vocab_file=str(directory / "vocab.txt"), do_lower_case=True)


def deberta_tokenizer(directory: Path) -> DebertaV2TokenizerFast:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines() * 3),
        model_prefix=str(directory / "spm"),
        vocab_size=220,
        hard_vocab_limit=False,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        num_threads=1,
        minloglevel=2,
    )
    return DebertaV2TokenizerFast(vocab_file=str(directory / "spm.model"))


def encoder_config(kind: str, vocab_size: int) -> PretrainedConfig:
    sizes = {
        "vocab_size": vocab_size,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "initializer_range": 0.2,
    }
    if kind == "bert":
        return BertConfig(**sizes, max_position_embeddings=256)
    if kind == "roberta":
        return RobertaConfig(**sizes, max_position_embeddings=66, pad_token_id=1)
    if kind == "modernbert":  # rotary positions; every other layer attends to a window
        return ModernBertConfig(
            **sizes, global_attn_every_n_layers=2, local_attention=8,
            pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3,
        )  # fmt: skip
    return DebertaV2Config(
        **sizes,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_buckets=16,
        max_relative_positions=-1,
        max_position_embeddings=64,
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        position_biased_input=False,
        type_vocab_size=0,
        layer_norm_eps=1e-7,
    )


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> MakeCheckpoint:
    """``make_checkpoint(encoder="bert", …)`` writes a checkpoint into a new directory and returns it."""

    def make(
        *,
        encoder: str = "bert",
        counting_layer: str = "count_lstm",
        token_pooling: str = "first",
        max_width: int = 5,
        early_config: bool = False,
    ) -> Path:
        scratch, out = tmp_path_factory.mktemp("tokenizer"), tmp_path_factory.mktemp("checkpoint")
        tokenizer = (deberta_tokenizer if encoder == "deberta-v2" else bert_tokenizer)(scratch)
        config = ExtractorConfig(
            model_name=f"random/{encoder}",
            counting_layer=counting_layer,
            token_pooling=token_pooling,
            max_width=max_width,
        )
        torch.manual_seed(7)
        model = GLiNER2(config, encoder_config=encoder_config(encoder, len(tokenizer)), tokenizer=tokenizer)
        with torch.no_grad():  # torch starts repeated layers as equal copies, which trained ones never are
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.05)
        model.save_pretrained(str(out))
        if early_config:
            early = {
                "_attn_implementation_autoset": True,
                "counting_layer": counting_layer,
                "max_width": max_width,
                "model_name": f"random/{encoder}",
                "model_type": "extractor",
                "token_pooling": token_pooling,
                "transformers_version": "4.51.0",
            }
            (out / "config.json").write_text(json.dumps(early), encoding="utf-8")
        return out

    return make


@pytest.fixture(scope="session")
def bert_checkpoint(make_checkpoint: MakeCheckpoint) -> Path:
    return make_checkpoint(encoder="bert")


@pytest.fixture(scope="session")
def deberta_checkpoint(make_checkpoint: MakeCheckpoint) -> Path:
    """As an early release wrote it."""
    return make_checkpoint(encoder="deberta-v2", counting_layer="count_lstm_v2", early_config=True)


@pytest.fixture(scope="session")
def bert_bundle(bert_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both variants of ``bert_checkpoint``; read-only for tests."""
    out = tmp_path_factory.mktemp("bundles") / "bert"
    export_checkpoint(bert_checkpoint, out)
    return out


@pytest.fixture(scope="session", params=CONVERTED)
def converted(
    request: pytest.FixtureRequest,
    make_checkpoint: MakeCheckpoint,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, ExportGraph, int]:
    """An ONNX file, the reference modules and the vocabulary size, for each of ``CONVERTED``."""
    kind, pooling, layer = request.param
    loaded = load_checkpoint(make_checkpoint(encoder=kind, token_pooling=pooling, counting_layer=layer))
    encoder, heads = loaded.extractor.encoder, SpanHeads(loaded.extractor)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    convert(ExportGraph(encoder, heads, pooling=pooling), path, vocab_size=loaded.vocab_size)
    return path, ExportGraph(encoder, heads, pooling=pooling, rewrite=False), loaded.vocab_size


def edit_json(path: Path, **changes: Any) -> None:
    """Change keys of a JSON object on disk; None removes a key."""
    value = json.loads(path.read_text(encoding="utf-8"))
    for key, change in changes.items():
        if change is None:
            value.pop(key, None)
        else:
            value[key] = change
    path.write_text(json.dumps(value), encoding="utf-8")


@pytest.fixture(name="edit_json")
def edit_json_fixture() -> Callable[..., None]:
    return edit_json
