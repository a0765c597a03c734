"""Arrays of a batch → scores of one text, on a real bundle's arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import GLiNER2, Schema
from gliner2_lite.architectures.span.scores import TaskScores, predict_counts
from gliner2_lite.graph.batch import make_batch
from gliner2_lite.pipeline.options import CallOptions


def scored(
    model: GLiNER2, text: str, schema: Schema, counts: list[int], max_len: int | None = None
) -> list[TaskScores]:
    """The scores of ``text`` when the graph had counted so many instances of each task."""
    pipeline = model.pipeline
    [prompt] = pipeline.prompts([schema])
    request = pipeline.prepare(text, prompt, CallOptions(max_len=max_len))
    arrays = dict(pipeline.loaded.session.run(make_batch([request.encoded], pooling="first")))
    arrays["count_logits"] = np.eye(20, dtype=np.float32)[counts][None]
    return pipeline.loaded.architecture.score(arrays, 0, request)


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> GLiNER2:
    return GLiNER2.from_pretrained(small_bundle, threads=1)


@pytest.fixture
def schema() -> Schema:
    schema = Schema().entities(["person", "city", "firm"]).classification("tone", ["calm", "angry"])
    schema.structure("deal").field("buyer").field("size", choices=["small", "large"])
    return schema


def test_shapes_follow_counts_labels_and_words(model: GLiNER2, schema: Schema) -> None:
    deal, entities, tone = scored(model, "Ann of Acme left Oslo.", schema, [3, 3, 0])
    assert deal.spans is not None and deal.spans.shape[:3] == (3, 2, 6)
    assert deal.choices is not None and deal.choices.shape == (3, 2, 9)
    assert entities.spans is not None and entities.spans.shape[:2] == (1, 3), "entities read one instance"
    assert tone.classes is not None and tone.classes.shape == (2,) and tone.spans is None


def test_spans_that_leave_the_text_have_no_score(model: GLiNER2, schema: Schema) -> None:
    deal, *_ = scored(model, "Ann left.", schema, [2, 1, 0])
    assert deal.spans is not None
    words = deal.spans.shape[2]
    for width in range(deal.spans.shape[3]):
        inside = np.isfinite(deal.spans[..., width]).all(axis=(0, 1))
        assert inside.tolist() == [start + width < words for start in range(words)]


def test_nothing_counted_is_nothing_scored(model: GLiNER2, schema: Schema) -> None:
    deal, entities, tone = scored(model, "Ann left.", schema, [0, 0, 5])
    assert deal == TaskScores(0) and entities == TaskScores(0)
    assert tone.classes is not None


def test_a_text_without_words_scores_no_span(model: GLiNER2) -> None:
    [entities] = scored(model, "Ann left.", Schema().entities(["person"]), [1], max_len=0)
    assert entities.spans is None


def test_the_first_instance_is_what_the_graph_scored(model: GLiNER2, schema: Schema) -> None:
    one, *_ = scored(model, "Ann of Acme left Oslo.", schema, [1, 1, 0])
    three, *_ = scored(model, "Ann of Acme left Oslo.", schema, [3, 1, 0])
    assert one.spans is not None and three.spans is not None
    np.testing.assert_array_equal(one.spans[0], three.spans[0])
    inside = np.isfinite(three.spans[0])
    assert not np.array_equal(three.spans[1][inside], three.spans[0][inside])


def test_first_maximum_counts() -> None:
    logits = np.zeros((2, 20), dtype=np.float32)
    logits[1, [3, 7]] = 1.0
    assert predict_counts(logits).tolist() == [0, 3]
