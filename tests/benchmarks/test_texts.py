"""Texts of an exact number of words, from built-in sentences or from files."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import texts
from gliner2_lite import InputError
from gliner2_lite.prompt.words import normalize_text, split_words, whitespace_words


@pytest.mark.parametrize("words", [1, 2, 3, 7, 10, 25, 100, 300])
def test_texts_have_exactly_the_words_that_the_model_sees(words: int) -> None:
    sentences = texts.read_sentences(None)
    for text in texts.exact_texts(sentences, words, 8, seed=3):
        assert len(split_words(normalize_text(text), whitespace_words)) == words, text
    assert texts.exact_texts(sentences, words, 8, seed=3) == texts.exact_texts(sentences, words, 8, seed=3)


def test_texts_stay_exact_behind_a_url_or_an_abbreviation() -> None:
    for words in range(1, 30):
        text = texts.exact_text(["see www.example.org/a-b and mail x@example.org", "so (U.S. 3.5) it"], words,
                                random.Random(words))  # fmt: skip
        assert len(split_words(normalize_text(text), whitespace_words)) == words, text


def test_mixed_texts_cover_the_range_of_lengths() -> None:
    counts = [texts.count_words(text) for text in texts.mixed_texts(texts.read_sentences(None), 20, seed=0)]
    assert (min(counts), max(counts)) == texts.MIXED_LENGTHS
    assert counts != sorted(counts)
    assert max(Counter(counts).values()) == 1


def test_sentences_come_from_files_when_a_directory_is_given(tmp_path: Path) -> None:
    (tmp_path / "ner").mkdir()
    lines = [json.dumps({"text": f"Sentence number {n} has some  words in it."}) for n in range(30)]
    lines += [json.dumps({"text": "Too short."}), json.dumps({"text": "long " * 100}), lines[0]]
    (tmp_path / "ner" / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    sentences = texts.read_sentences(tmp_path, limit=25)
    assert len(set(sentences)) == len(sentences) == 25
    assert all(text.startswith("Sentence number ") and "  " not in text for text in sentences)


def test_unusable_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no \\*\\.jsonl file"):
        texts.read_sentences(tmp_path)
    file = tmp_path / "b.jsonl"
    file.write_text('{"text": "A sentence of six words here."}\n{"txt": 1}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.jsonl, line 2"):
        texts.read_sentences(tmp_path)


def test_built_in_sentences_are_distinct_and_whole() -> None:
    sentences = texts.read_sentences(None)
    assert len(sentences) == len(set(sentences)) >= 40
    assert all(text == text.strip() and text[-1] in ".?!" for text in sentences)
