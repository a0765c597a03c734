"""Clusters of characters that belong together, as far as they can be shorter than six bytes."""

from __future__ import annotations

import pytest

from gliner2_lite.tokenizer.graphemes import Graphemes
from gliner2_lite.tokenizer.vocabulary import VocabularyFile
from tests.tokenizer.pairs import Pair


@pytest.fixture
def graphemes(pairs: dict[str, Pair]) -> Graphemes:
    return Graphemes(VocabularyFile(pairs["v2-first-unigram"].path))


@pytest.mark.parametrize(
    "clusters",
    [
        [],
        ["a", "b"],
        ["e\u0301", "x"],  # Extend
        ["\u0301", "a"],  # nothing before it
        ["\r\n", "\n", "\r", "a"],
        ["\n", "\u0301"],  # a control character joins nothing
        ["\u1100\u1161\u11a8", "\u1100"],  # Hangul L V T
        ["\uac00\u11a8", "a"],  # LV T
        ["\uac01\u11a8", "\uac00"],  # LVT T
        ["\U0001f468\u200d\U0001f469", "\U0001f469"],  # two pictographs joined
        ["a\u200d", "\U0001f469"],  # no pictograph before the joiner
        ["\u0915\u094d\u0937", "\u0915"],  # a conjunct of Devanagari
        ["\u0600\u0661", "\u0661"],  # Prepend
    ],
)
def test_clusters(clusters: list[str], graphemes: Graphemes) -> None:
    text = "".join(clusters)
    assert graphemes.split(text) == clusters


def test_texts_without_joining_characters_are_told_at_once(graphemes: Graphemes) -> None:
    assert not graphemes.may_join("plain text, \u00e9\u5b57")
    assert graphemes.may_join("a\rb") and graphemes.may_join("e\u0301") and graphemes.may_join("\u0600")
