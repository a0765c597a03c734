"""The exported graph's outputs, finished in NumPy, are the reference's own numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from gliner2 import Schema

from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.architectures.span.heads import SpanHeads, numpy_weights
from gliner2_export.checkpoint.read import Checkpoint, load_checkpoint
from gliner2_export.encoders.bert import FastBert
from gliner2_export.encoders.deberta import FastDeberta
from gliner2_export.encoders.registry import TracedEncoder

TEXTS = [
    "Tim Cook works for Apple in Cupertino!",
    "Invoices, orders (and returns): the unsigniertes bicycle costs 400 dollars near support@example.com",
]
SCHEMA = (
    Schema()
    .entities(["person", "company name"])
    .relations(["works for"])
    .classification("mood", ["good", "bad", "mixed"])
)


def graph_of(loaded: Checkpoint, *, rewrite: bool = True) -> ExportGraph:
    heads = SpanHeads(loaded.extractor)
    return ExportGraph(loaded.extractor.encoder, heads, pooling=loaded.config.token_pooling, rewrite=rewrite)


def span_logits(outputs: dict, weights: dict, queries: np.ndarray, width: int) -> np.ndarray:
    """The NumPy half for one sample: ``queries`` [Q, H] → logits [Q, words, width], −inf outside."""
    last = weights["span_rep.span_rep_layer.out_project.3.weight"].astype(np.float32)
    bias = weights["span_rep.span_rep_layer.out_project.3.bias"].astype(np.float32)
    start, end = outputs["span_start"].numpy()[0], outputs["span_end"].numpy()[0]
    words = start.shape[0]
    logits = np.full((len(queries), words, width), -np.inf, dtype=np.float32)
    for first in range(words):
        for extra in range(min(width, words - first)):
            hidden = np.maximum(start[first] + end[first + extra], 0)
            logits[:, first, extra] = hidden @ (queries @ last).T + queries @ bias
    return logits


@pytest.mark.parametrize(
    ("kind", "pooling", "layer"),
    [
        ("bert", "first", "count_lstm"),
        ("bert", "mean", "count_lstm_v2"),
        ("bert", "max", "count_lstm_moe"),
        ("deberta-v2", "first", "count_lstm_v2"),
        ("deberta-v2", "mean", "count_lstm_moe"),
        ("deberta-v2", "max", "count_lstm"),
    ],
)
def test_outputs_are_the_numbers_of_the_reference(
    kind: str, pooling: str, layer: str, make_checkpoint: Callable[..., Path]
) -> None:
    loaded = load_checkpoint(make_checkpoint(encoder=kind, token_pooling=pooling, counting_layer=layer))
    model, processor = loaded.extractor, loaded.extractor.processor
    schema = SCHEMA.build()
    batch = processor.collate_fn_inference([(text, schema) for text in TEXTS])
    graph, weights = graph_of(loaded), numpy_weights(model)
    with torch.inference_mode():
        hidden = model.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
        words, markers = processor.extract_embeddings_from_batch(
            hidden.last_hidden_state, batch.input_ids, batch
        )
        for sample in range(len(TEXTS)):
            tasks = [torch.stack(rows) for rows in markers[sample]]  # each [1 + labels, H]
            assert [len(task) for task in tasks] == [3, 3, 4], "entities, relation, classes"
            outputs = graph(**routing(batch, sample, pooling))
            assert outputs["span_start"].shape == (1, len(words[sample]), 4 * loaded.hidden_size)
            close(outputs["label_states"][0], torch.cat([task[1:] for task in tasks]))
            close(outputs["count_logits"][0], model.count_pred(torch.stack([task[0] for task in tasks])))
            close(outputs["class_logits"][0, 4:], model.classifier(tasks[2][1:]).squeeze(-1))

            for number, task in enumerate(tasks[:2]):
                queries = model.count_embed(task[1:], 3).flatten(0, 1)  # [3 slots × 2 labels, H]
                expected = model.compute_span_scores_batched([words[sample]], [queries])[0]
                logits = span_logits(outputs, weights, queries.numpy(), loaded.config.max_width)
                close(torch.from_numpy(logits), expected)
                own = slice(2 * number, 2 * number + 2)
                first = outputs["span_logits"][0, :, :, own].permute(2, 0, 1)  # [2, words, max_width]
                inside = torch.isfinite(expected[:2])
                close(first[inside], expected[:2][inside])


def routing(batch: object, sample: int, pooling: str) -> dict[str, torch.Tensor]:
    """The graph's inputs for one sample, from the reference's own map of subwords."""
    length = batch.original_lengths[sample]
    pieces: dict[int, list[int]] = {}
    for position, (segment, word, _) in enumerate(batch.mapped_indices[sample][:length]):
        if segment == "text":
            pieces.setdefault(word, []).append(position)
    markers = batch.schema_special_indices[sample]
    inputs = {
        "input_ids": batch.input_ids[sample : sample + 1],  # padded to the longer sample
        "attention_mask": batch.attention_mask[sample : sample + 1],
        "prompt_tokens": torch.tensor([[task[0] for task in markers]]),
        "label_tokens": torch.tensor([[place for task in markers for place in task[1:]]]),
        "label_tasks": torch.tensor([[number for number, task in enumerate(markers) for _ in task[1:]]]),
    }
    if pooling == "first":
        return inputs | {"word_tokens": torch.tensor([[places[0] for places in pieces.values()]])}
    width = max(map(len, pieces.values()))
    assert width > 1
    padded = [places + [0] * (width - len(places)) for places in pieces.values()]
    real = [[1.0] * len(places) + [0.0] * (width - len(places)) for places in pieces.values()]
    return inputs | {"word_tokens": torch.tensor([padded]), "word_pieces": torch.tensor([real])}


def close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


def test_bert_and_deberta_are_rewritten_unless_asked_not_to(
    bert_checkpoint: Path, deberta_checkpoint: Path
) -> None:
    bert, deberta = load_checkpoint(bert_checkpoint), load_checkpoint(deberta_checkpoint)
    assert isinstance(graph_of(bert).encoder, FastBert)
    assert isinstance(graph_of(deberta).encoder, FastDeberta)
    for loaded in (bert, deberta):
        assert isinstance(graph_of(loaded, rewrite=False).encoder, TracedEncoder)


def test_unknown_poolings_are_refused(bert_checkpoint: Path) -> None:
    loaded = load_checkpoint(bert_checkpoint)
    with pytest.raises(ValueError, match="pooling must be one of first, mean, max, got 'sum'"):
        ExportGraph(loaded.extractor.encoder, SpanHeads(loaded.extractor), pooling="sum")


def test_checked_batches_are_those_that_the_encoder_can_take(bert_checkpoint: Path) -> None:
    graph = graph_of(load_checkpoint(bert_checkpoint))
    lengths = [
        [batch["input_ids"].shape[1] for batch in graph.checked_batches(vocab_size=50, max_positions=limit)]
        for limit in (None, 40)
    ]
    assert lengths == [[19, 5, 1, 40, 200], [19, 5, 1, 40]]
    batch = graph.random_batch(vocab_size=50)
    assert set(graph.onnx_config(vocab_size=50).inputs) == set(batch) - {"label_tasks"}, "not read here"
