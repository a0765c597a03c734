"""The evaluator: torch and its graph give the same outputs, cells correspond, answers come task by task."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.checkpoint.read import Checkpoint, load_checkpoint
from gliner2_export.quality.evaluator import (
    THRESHOLD,
    Evaluator,
    Question,
    graph_outputs,
    torch_outputs,
)
from gliner2_export.quality.texts import Tokens
from gliner2_lite.prompt.layout import build_prompt
from gliner2_lite.schema import Schema, compile_schema
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

SCHEMA = Schema.from_dict(
    {
        "entities": ["person", "city"],
        "classifications": [{"task": "mood", "labels": ["good", "bad"]}],
        "structures": {"trip": {"fields": [{"name": "place"}, {"name": "price"}]}},
    }
)


@pytest.fixture(scope="module")
def loaded(bert_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(bert_checkpoint)


@pytest.fixture(scope="module")
def question(loaded: Checkpoint, bert_bundle: Path) -> Question:
    tokenizer = WordTokenizer(bert_bundle / "tokenizer.json", loaded.special_tokens)
    tokens = Tokens(tokenizer, loaded.special_tokens, "first", loaded.max_positions)
    sample = tokens.prompted("Tim Cook works for Apple in Cupertino.", build_prompt(compile_schema(SCHEMA)))
    return Question(sample, tokens.batch(sample))


@pytest.fixture(scope="module")
def torch_graph(loaded: Checkpoint) -> ExportGraph:
    return loaded.architecture.torch_graphs(loaded).reference


def test_torch_and_graph_give_the_same(
    question: Question, torch_graph: ExportGraph, loaded: Checkpoint, bert_bundle: Path
) -> None:
    reference = torch_outputs(torch_graph)(question.batch)
    fp32 = graph_outputs(bert_bundle / "onnx" / "model.onnx", torch_graph.output_names)(question.batch)
    assert list(reference) == list(fp32) == list(torch_graph.output_names)
    for name, array in reference.items():
        np.testing.assert_allclose(fp32[name], array, atol=1e-4, err_msg=name)
    evaluator = Evaluator(loaded.architecture.scoring(bert_bundle / "heads.npz", loaded))
    cells, others = (evaluator.cells(question, outputs, like=reference) for outputs in (reference, fp32))
    assert cells.ndim == 1 and ((cells >= 0) & (cells <= 1)).all()
    np.testing.assert_allclose(others, cells, atol=1e-4)
    by_task = evaluator.answers_by_task(question, reference)
    assert len(by_task) == 3 and [answer[0] for answer in by_task[-1]] == ["labels"]
    assert evaluator.answers(question, reference) == [answer for part in by_task for answer in part]


def test_the_other_model_decides_how_many_cells_there_are(
    question: Question, torch_graph: ExportGraph, loaded: Checkpoint, bert_bundle: Path
) -> None:
    evaluator = Evaluator(loaded.architecture.scoring(bert_bundle / "heads.npz", loaded))
    outputs = dict(torch_outputs(torch_graph)(question.batch))
    sizes = []
    for count in (1, 3):
        counts = np.full_like(outputs["count_logits"], -9.0)
        counts[..., count] = 9.0
        sizes.append(len(evaluator.cells(question, outputs, like={**outputs, "count_logits": counts})))
    assert sizes[0] < sizes[1]


@dataclass
class NoTasks:
    """Scoring of a prompt without tasks."""

    asked: list[Any] = field(default_factory=list)

    def probabilities(self, *arguments: Any) -> list[np.ndarray]:
        return []

    def answers(self, *arguments: Any, threshold: float) -> list[Any]:
        self.asked.append(threshold)
        return []


def test_no_task_is_no_cell_and_no_answer() -> None:
    scoring = NoTasks()
    nothing = Question(SimpleNamespace(prompt=SimpleNamespace(tasks=[])), None)
    assert Evaluator(scoring).cells(nothing, {}, like={}).shape == (0,)
    assert Evaluator(scoring).answers(nothing, {}) == [] and scoring.asked == [THRESHOLD]
