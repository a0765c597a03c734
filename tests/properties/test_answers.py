"""What holds of every answer, whatever the text, the schema and the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite import GLiNER2, Schema
from gliner2_lite.prompt.words import normalize_text
from tests.golden.replay import compare
from tests.golden.store import unpack_bundle
from tests.properties.strategies import LABELS, NAMES, TEXTS, THRESHOLDS, few, schemas

# Every counting layer and every token pooling; the embedded model is int8, the others fp32.
MODELS = ("tiny", "lstm-first-wordpiece", "v2-mean-wordpiece", "moe-max-unigram")
FULL = {"include_confidence": True, "include_spans": True}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GLiNER2]:
    out: Path = tmp_path_factory.mktemp("bundles")
    return {
        name: GLiNER2.from_pretrained(name if name == "tiny" else unpack_bundle(name, out), threads=1)
        for name in MODELS
    }


def spans_of(answer: Any) -> Iterator[dict[str, Any]]:
    """Every item with offsets, however deep."""
    if isinstance(answer, dict):
        if "start" in answer:
            yield answer
        for value in answer.values():
            yield from spans_of(value)
    elif isinstance(answer, (list, tuple)):
        for value in answer:
            yield from spans_of(value)


@pytest.mark.parametrize("name", MODELS)
def test_offsets_are_those_of_the_text(models: dict[str, GLiNER2], name: str) -> None:
    seen = Counter[str]()

    @few(100)
    @given(TEXTS, schemas(), THRESHOLDS)
    def check(text: str, schema: Schema, threshold: float) -> None:
        answer = models[name].extract(text, schema, threshold, **FULL)
        read = normalize_text(text)
        assert read in (text, f"{text}.")
        for item in spans_of(answer):
            start, end = item["start"], item["end"]
            assert 0 <= start < end <= len(read)
            assert read[start:end].strip() == item["text"] != ""
            if end <= len(text):
                assert text[start:end].strip() == item["text"]
            else:  # the final dot that was added to the text
                assert f"{text[start:]}.".strip() == item["text"]
            assert 0.0 <= item["confidence"] <= 1.0
            seen["beyond" if end > len(text) else "inside"] += 1

    check()
    assert seen["inside"] > 20


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_answers_as_single_calls(models: dict[str, GLiNER2], name: str) -> None:
    """Whatever shares a run, and however much is padded: equal but for rounding."""

    @few(25)
    @given(
        st.lists(st.tuples(TEXTS, schemas()), min_size=2, max_size=5),
        st.sampled_from([(2, 64), (8, 4096)]),
        THRESHOLDS,
    )
    def check(questions: list[tuple[str, Schema]], limits: tuple[int, int], threshold: float) -> None:
        model = models[name]
        texts, asked = [text for text, _ in questions], [schema for _, schema in questions]
        size, tokens = limits
        batch = model.batch_extract(texts, asked, size, threshold, batch_tokens=tokens, **FULL)
        single = [model.extract(text, schema, threshold, **FULL) for text, schema in questions]
        assert compare(single, batch).problems == []

    check()


@pytest.mark.parametrize("name", MODELS)
def test_the_order_of_tasks_changes_nothing(models: dict[str, GLiNER2], name: str) -> None:
    """Sections have a fixed place in the prompt, so the order of the calls cannot matter at all."""

    @few(15)
    @given(TEXTS, LABELS, st.permutations(["entities", "relations", "classification", "structure"]))
    def check(text: str, labels: list[str], order: list[str]) -> None:
        def ask(sections: list[str]) -> dict[str, Any]:
            schema = Schema()
            for section in sections:
                if section == "entities":
                    schema.entities(labels)
                elif section == "relations":
                    schema.relations(["works for", "near"])
                elif section == "classification":
                    schema.classification("tone", ["calm", "angry"])
                else:
                    schema.structure("deal").field("buyer").field("price")
            return models[name].extract(text, schema, 0.2, **FULL)

        assert repr(ask(order)) == repr(ask(sorted(order)))

    check()


@pytest.mark.parametrize("name", MODELS)
def test_answers_come_in_the_order_of_the_labels(models: dict[str, GLiNER2], name: str) -> None:
    """The encoder reads labels in their order, so scores may move with it; what is asked may not."""

    @few(15)
    @given(TEXTS, st.permutations(NAMES[:4]))
    def check(text: str, labels: list[str]) -> None:
        found = models[name].extract_entities(text, labels, threshold=0.1)["entities"]
        assert list(found) in (labels, [])  # {} when the model counts no entities at all

    check()


Answer = Counter[tuple[str, ...]]


def given_answers(raw: dict[str, Any]) -> Answer:
    """Everything an answer says, as a multiset: (task, field, text, offsets, confidence)."""
    said: Answer = Counter()

    def add(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict) and ("text" in value or set(value) == {"head", "tail"}):
            said[(*path, repr(value))] += 1
        elif isinstance(value, dict):
            for key, inner in value.items():
                add((*path, key), inner)
        elif isinstance(value, list):
            for inner in value:
                add(path, inner)
        elif value not in (None, ""):
            said[(*path, repr(value))] += 1

    add((), raw)
    return said


@pytest.mark.parametrize("policy", [None, "allow", "nested"])
@pytest.mark.parametrize("name", MODELS)
def test_a_higher_threshold_never_adds(models: dict[str, GLiNER2], name: str, policy: str | None) -> None:
    """These policies take spans by falling score, so what a threshold drops comes after all it keeps."""
    fewer = 0

    @few(15)
    @given(TEXTS, schemas(), st.lists(THRESHOLDS, min_size=2, max_size=2, unique=True).map(sorted))
    def check(text: str, schema: Schema, thresholds: list[float]) -> None:
        nonlocal fewer
        low, high = (
            given_answers(
                models[name].extract(
                    text, schema, threshold, format_results=False, overlap_policy=policy, **FULL
                )
            )
            for threshold in thresholds
        )
        assert not high - low, "the higher threshold gives what the lower one does not"
        fewer += bool(low - high)

    check()
    assert fewer > 0


@pytest.mark.parametrize("policy", ["flat", "longest"])
def test_two_policies_may_add_and_that_is_what_they_mean(models: dict[str, GLiNER2], policy: str) -> None:
    """``flat`` takes the best total and ``longest`` the widest span: a rival that falls makes room."""
    text = "Tim Cook of Apple met Maria López of Siemens AG in Oslo on Monday and in Paris on Friday."
    added = 0
    for name in MODELS:
        answers = [
            given_answers(
                models[name].extract(
                    text, Schema().entities(list(NAMES)), step / 50,
                    format_results=False, overlap_policy=policy, **FULL,
                )
            )
            for step in range(51)
        ]  # fmt: skip
        added += sum(bool(high - low) for low, high in pairwise(answers))
    assert added > 0


@pytest.mark.parametrize("name", MODELS)
def test_a_higher_class_threshold_never_adds(models: dict[str, GLiNER2], name: str) -> None:
    """A task of several labels always answers: with none above the threshold, with its best."""

    @few(20)
    @given(
        TEXTS,
        st.lists(THRESHOLDS, min_size=2, max_size=2, unique=True).map(sorted),
        st.sampled_from([None, 1, 2]),
    )
    def check(text: str, thresholds: list[float], top_k: int | None) -> None:
        low, high = (
            models[name].extract(
                text,
                Schema().classification(
                    "tone", ["calm", "angry", "glad"], multi_label=True, cls_threshold=limit, top_k=top_k
                ),
                include_confidence=True,
            )["tone"]
            for limit in thresholds
        )
        assert high and all(label in low for label in high)

    check()
