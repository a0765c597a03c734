"""The stages one by one: what they give together is what the model gives, and what they do to the machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliner2_lite import GLiNER2, InputError, Limits, Schema, SchemaError
from gliner2_lite.answers.types import Answers
from gliner2_lite.graph.batch import Batch, make_batch
from gliner2_lite.graph.encode import Request
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.graph.schedule import BatchLimits
from gliner2_lite.pipeline import pipeline as pipeline_module
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.pipeline.pipeline import Pipeline, show

TEXTS = ["Ann Lee met Bob in Oslo on a very cold Monday of the year.", "", "Bob left!", "Ann works for Acme."]
ASK = {"threshold": 0.1, "include_confidence": True, "include_spans": True}


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> GLiNER2:
    return GLiNER2.from_pretrained(small_bundle, threads=1)


@pytest.fixture
def schema() -> Schema:
    schema = (
        Schema().entities(["person", "city"]).relations(["knows"]).classification("tone", ["calm", "angry"])
    )
    return schema.structure("deal").field("buyer").field("size", choices=["small", "large"]).schema


class Watched:
    """A session that notes what it is asked to run."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.seen: list[tuple[Batch, bool]] = []

    def run(self, batch: Batch, *, last: bool = False) -> Arrays:
        self.seen.append((batch, last))
        return self.session.run(replace(batch, extras={}), last=last)


@pytest.fixture
def watched(model: GLiNER2) -> tuple[Pipeline, list[tuple[Batch, bool]]]:
    pipeline = model.pipeline
    session = Watched(pipeline.loaded.session)
    return replace(pipeline, loaded=replace(pipeline.loaded, session=session)), session.seen


def prepared(pipeline: Pipeline, schemas: Sequence[Any], options: CallOptions) -> list[Request]:
    prompts = pipeline.prompts(schemas)
    return [pipeline.prepare(text, prompt, options) for text, prompt in zip(TEXTS, prompts, strict=True)]


@pytest.mark.parametrize("more", [{}, {"format_results": False}, {"max_len": 3, "overlap_policy": "allow"}])
def test_the_stages_give_what_extract_gives(model: GLiNER2, schema: Schema, more: dict[str, Any]) -> None:
    pipeline, options = model.pipeline, CallOptions.checked(**ASK, **more)
    [prompt] = pipeline.prompts([schema])
    for text in TEXTS:
        request = pipeline.prepare(text, prompt, options)
        arrays = pipeline.loaded.session.run(make_batch([request.encoded], pooling="first"))
        answers = pipeline.read(arrays, 0, request, options)
        assert pipeline.run([request], options) == [answers]
        assert show(answers, options) == model.extract(text, schema, **ASK, **more)


def test_a_prepared_text_has_its_words_and_ids(model: GLiNER2, schema: Schema) -> None:
    pipeline = model.pipeline
    [prompt] = pipeline.prompts([schema])
    whole = pipeline.prepare("Ann left", prompt, CallOptions())
    assert whole.sample.text == "Ann left." and whole.sample.words.values == ("ann", "left", ".")
    assert whole.sample.prompt is prompt
    assert len(whole.encoded.word_positions) == len(prompt.prefix) + 3
    cut = pipeline.prepare("Ann left", prompt, CallOptions(max_len=1))
    assert cut.sample.words.values == ("ann",) and len(cut.encoded.ids) < len(whole.encoded.ids)
    assert pipeline.prepare(None, prompt, CallOptions()) == pipeline.prepare("", prompt, CallOptions())


def test_the_splitter_and_the_limits_are_those_of_the_pipeline(model: GLiNER2, schema: Schema) -> None:
    def halves(text: str, lower: bool = True) -> Iterator[tuple[str, int, int]]:
        yield from [(text[:2], 0, 2), (text[2:], 2, len(text))]

    pipeline = replace(model.pipeline, splitter=halves, limits=Limits(words=2, tokens=60, labels=9))
    [prompt] = pipeline.prompts([Schema().entities(["person"])])
    request = pipeline.prepare("Ann left.", prompt, CallOptions())
    assert request.sample.words.ends == (2, 9)
    with pytest.raises(InputError, match="more than 1 words"):
        replace(pipeline, limits=Limits(words=1)).prepare("Ann left.", prompt, CallOptions())
    with pytest.raises(InputError, match="this model takes 5"):
        replace(pipeline, limits=Limits(tokens=5)).prepare("Ann left.", prompt, CallOptions())
    with pytest.raises(SchemaError, match="labels"):
        pipeline.prompts([Schema().entities([f"label {number}" for number in range(10)])])


def test_answers_keep_the_order_of_the_texts_however_they_share_runs(
    watched: tuple[Pipeline, list[tuple[Batch, bool]]], schema: Schema
) -> None:
    pipeline, seen = watched
    schemas = [schema, Schema().entities(["person"]), Schema().classification("tone", ["a", "b"]), schema]
    options = CallOptions(threshold=0.1, batch=BatchLimits(1))
    requests = prepared(pipeline, schemas, options)
    single = pipeline.run(requests, options)
    assert [[key for key, _ in answers.tasks] for answers in single] == [
        ["deal", "entities", "knows", "tone"], ["entities"], ["tone"], ["deal", "entities", "knows", "tone"],
    ]  # fmt: skip
    lengths = [batch.input_ids.shape[1] for batch, _ in seen]
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1], "the shortest first, unlike the texts"
    seen.clear()
    together = pipeline.run(requests, replace(options, batch=BatchLimits(3, 4096)))
    assert [len(batch.encoded) for batch, _ in seen] == [3, 1]
    for one, other in zip(together, single, strict=True):
        assert nearly(one, other)


def nearly(one: Answers, other: Answers) -> bool:
    """Equal but for the last bits of confidences, which padding moves."""
    rounded = [repr_rounded(answers) for answers in (one, other)]
    return rounded[0] == rounded[1]


def repr_rounded(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, tuple):
        return f"({', '.join(map(repr_rounded, value))})"
    if hasattr(value, "__slots__"):
        return (
            f"{type(value).__name__}{repr_rounded(tuple(getattr(value, name) for name in value.__slots__))}"
        )
    return repr(value)


def test_texts_without_tasks_are_answered_without_a_run(
    watched: tuple[Pipeline, list[tuple[Batch, bool]]], schema: Schema
) -> None:
    pipeline, seen = watched
    options = CallOptions()
    nothing = prepared(pipeline, [Schema()] * len(TEXTS), options)
    assert pipeline.run(nothing, options) == [Answers()] * len(TEXTS)
    assert pipeline.run([], options) == [] and seen == []
    mixed = prepared(pipeline, [Schema(), schema, Schema(), schema], options)
    answers = pipeline.run(mixed, options)
    assert [len(found.tasks) for found in answers] == [0, 4, 0, 4]
    assert [len(batch.encoded) for batch, _ in seen] == [2]
    assert show(answers[0], options) == {} == show(answers[0], replace(options, raw=True))


def test_only_the_last_run_of_a_call_is_told_so(
    watched: tuple[Pipeline, list[tuple[Batch, bool]]], schema: Schema
) -> None:
    pipeline, seen = watched
    options = CallOptions(batch=BatchLimits(1))
    pipeline.run(prepared(pipeline, [schema] * len(TEXTS), options), options)
    assert [last for _, last in seen] == [False, False, False, True]


def test_an_architecture_may_ask_for_inputs_of_its_own(
    watched: tuple[Pipeline, list[tuple[Batch, bool]]], schema: Schema
) -> None:
    pipeline, seen = watched
    real = pipeline.loaded.architecture

    class Asking:
        score, decode = staticmethod(real.score), staticmethod(real.decode)

        def extra_inputs(self, requests: Sequence[Request]) -> Arrays:
            return {"words": np.array([len(request.sample.words) for request in requests])}

    pipeline = replace(pipeline, loaded=replace(pipeline.loaded, architecture=Asking()))
    options = CallOptions(batch=BatchLimits(2, 4096))
    requests = prepared(pipeline, [schema] * len(TEXTS), options)
    pipeline.run(requests, options)
    # One row per text of the batch, in the order of its rows: the shortest first.
    assert [batch.extras["words"].tolist() for batch, _ in seen] == [[1, 3], [5, 15]]


@pytest.mark.parametrize(("profile", "released"), [("edge", 1), ("serverless", 0), ("server", 0)])
def test_memory_goes_back_after_a_call_under_edge(
    small_bundle: Path, schema: Schema, profile: str, released: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = GLiNER2.from_pretrained(small_bundle, threads=1, profile=profile)
    watched = Watched(model.pipeline.loaded.session)
    pipeline = replace(model.pipeline, loaded=replace(model.pipeline.loaded, session=watched))
    runs_before: list[int] = []
    monkeypatch.setattr(pipeline_module, "release_memory", lambda: runs_before.append(len(watched.seen)))
    options = CallOptions(batch=BatchLimits(2, 4096))
    pipeline.run(prepared(pipeline, [schema] * len(TEXTS), options), options)
    assert runs_before == [2] * released, "once, after the last run"


def test_a_result_has_the_shape_that_was_asked_for(model: GLiNER2) -> None:
    options = CallOptions.checked(threshold=0.0, **{name: ASK[name] for name in list(ASK)[1:]})
    [prompt] = model.pipeline.prompts([Schema().classification("tone", ["calm", "angry"])])
    [answers] = model.pipeline.run([model.pipeline.prepare("Ann.", prompt, options)], options)
    shown, raw = show(answers, options)["tone"], show(answers, replace(options, raw=True))["tone"]
    assert (shown["label"], shown["confidence"]) == raw and isinstance(raw, tuple)
    assert show(answers, CallOptions())["tone"] == raw[0]
