"""Inputs made to be quadratic, for every stage between the text and the result."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from gliner2_lite import GLiNER2, Schema
from gliner2_lite.answers.flat import flat_entities
from gliner2_lite.answers.overlap import canonical_policy, resolve
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.scores import TaskScores
from gliner2_lite.graph.encode import Sample
from gliner2_lite.prompt.layout import build_prompts
from gliner2_lite.prompt.words import char_words, split_words, whitespace_words
from gliner2_lite.schema import RegexValidator
from gliner2_lite.tokenizer.compact import AddedTokens
from tests.attacks.growth import assert_near_linear

POLICIES = [None, "allow", "nested", "flat", "longest"]
CANDIDATES = 2_500  # and four times as many
Span = tuple[float, int, int]  # score, start, end
RUNS_OF = [".", "@", "a@", "a@a.", "a.a@a.aa", "a-", "http", "http://", "\u0301", "\u200d", "é"]


def own_words(text: str, lower: bool = True) -> Iterable[tuple[str, int, int]]:
    """A splitter of a caller, whose words are checked."""
    return whitespace_words(text, lower)


@pytest.mark.parametrize("unit", RUNS_OF)
@pytest.mark.parametrize("splitter", [whitespace_words, char_words, own_words])
def test_splitters(splitter: Any, unit: str) -> None:
    assert_near_linear(lambda n: lambda: split_words(unit * n, splitter), 1_000)


@pytest.mark.parametrize("unit", ["a", "[MASK]", " [MASK]", "  ", "\u0301", "é"])
def test_tokenizer(model: GLiNER2, unit: str) -> None:
    encode = model.pipeline.loaded.tokenizer._encode
    assert_near_linear(lambda n: lambda: encode(unit * n), 1_500)


def test_added_tokens_that_take_blanks_beside_them() -> None:
    """Thousands of them in one word, which a URL or a label can hold."""
    tokens = AddedTokens([("[X]", 1, True, True)])
    assert_near_linear(lambda n: lambda: list(tokens.split("[X]   a" * n)), 2_500)
    assert list(tokens.split("a  [X] b")) == [(None, "a"), (1, ""), (None, "b")]


def random_spans(count: int) -> list[Span]:
    chance = random.Random(count)
    starts = [chance.randrange(4 * count) for _ in range(count)]
    return [(chance.random(), start, start + chance.randrange(1, 40)) for start in starts]


# Candidates as a hostile text could make them.
SHAPES: dict[str, Callable[[int], list[Span]]] = {
    "chain of equal scores": lambda count: [(1.0, place, place + 2) for place in range(count)],
    "apart": lambda count: [(0.5, 2 * place, 2 * place + 1) for place in range(count)],
    "one inside the other": lambda count: [(0.5, place, 2 * count - place) for place in range(count)],
    "windows": lambda count: [(0.5 + n % 3 / 4, n // 8, n // 8 + 1 + n % 8) for n in range(count)],
    "random": random_spans,
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_overlap_policies(policy: str | None, shape: str) -> None:
    def make(size: int) -> Callable[[], Any]:
        spans = SHAPES[shape](size)
        chosen = canonical_policy(policy)
        return lambda: resolve(spans, chosen, score=lambda s: s[0], start=lambda s: s[1], end=lambda s: s[2])

    assert_near_linear(make, CANDIDATES)


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("shape", ["windows", "random", "apart"])
def test_flat_entities(flat: bool, shape: str) -> None:
    def make(size: int) -> Callable[[], Any]:
        found = [
            {"start": start, "end": end, "text": "x", "confidence": score}
            for score, start, end in SHAPES[shape](size)
        ]
        return lambda: flat_entities({"a": found, "b": found}, flat_ner=flat, multi_label=True)

    assert_near_linear(make, CANDIDATES // 2)


def decoding(schema: Schema, labels: int, prefix: bool = False) -> Callable[[], Any]:
    """The decoder on one word of which every label is certain."""
    [prompt] = build_prompts([schema])
    sample = Sample("word.", split_words("word.", whitespace_words), prompt)
    scores = TaskScores(
        1,
        spans=np.full((1, labels, 2, 1), 3.0, dtype=np.float32),
        choices=np.full((1, labels, len(prompt.prefix)), 3.0, dtype=np.float32),
    )
    return lambda: decode_task(prompt.tasks[0], scores, sample, threshold=0.5, policy=None)


def test_decoder_with_many_labels() -> None:
    names = [f"label {number}" for number in range(4_000)]
    assert_near_linear(lambda n: decoding(Schema().entities(names[:n]), n), 1_000)


def test_decoder_with_many_choices() -> None:
    def make(size: int) -> Callable[[], Any]:
        choices = [f"choice {number}" for number in range(size)]
        return decoding(Schema().structure("s").field("f", choices=choices).schema, 1)

    assert_near_linear(make, 1_000)


def test_prompt_of_many_tasks() -> None:
    """Whose answer a prompt is, is looked up and not searched among all tasks."""

    def make(size: int) -> Callable[[], Any]:
        schema = Schema()
        for number in range(size):
            schema.classification(f"task {number}", ["a"])
        return lambda: build_prompts([schema])

    assert_near_linear(make, 500)


def test_patterns_of_quadratic_time_stop_at_a_length() -> None:
    """Beyond the cap a text is dropped untried, so twice the text does not cost four times as much."""
    validator = RegexValidator("(.*)x(.*)y", mode="partial")
    assert validator.validate("axby") and validator.validate("x" * 4095 + "y")
    assert not validator.validate("x" * 4096 + "y")
    assert not RegexValidator("[0-9]", mode="partial", exclude=True).validate("x" * 5_000)
    assert RegexValidator("x+", max_chars=10_000).validate("x" * 5_000)
