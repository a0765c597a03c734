"""The strings on which both forms of a tokenizer are compared, and that a difference is seen."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from gliner2_export.vocabulary.agreement import LONGEST, ODD, WORDS, disagreement, samples
from gliner2_export.vocabulary.compact import compact_bytes
from tests.export.vocabulary.small import unigram, wordpiece

MARKERS = ["[E]", "[SEP_TEXT]"]


@pytest.mark.parametrize("tokenizer", [unigram(), wordpiece()], ids=["unigram", "wordpiece"])
def test_forms_of_the_same_tokenizer_agree(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "same.bin").write_bytes(compact_bytes(tokenizer))
    assert disagreement(tokenizer, tmp_path / "same.bin", strings=300) is None


def test_the_string_that_differs_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(compact_bytes(wordpiece(lowercase=False)))
    text = disagreement(wordpiece(lowercase=True), tmp_path / "other.bin", strings=0)
    assert text is not None and text != text.lower()


def test_samples_are_the_same_for_the_same_seed() -> None:
    first, again, other = (list(samples(MARKERS, 200, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    fixed = len(first) - 200
    assert first[:fixed] == other[:fixed] and first[fixed:] != other[fixed:]


def test_samples_hold_what_has_rules_of_its_own() -> None:
    fixed = list(samples(MARKERS, 0))
    assert {*WORDS, *ODD, *MARKERS, "", " ", " [E]", "[E]" * 3} <= set(fixed)
    drawn = "".join(islice(samples(MARKERS, 2000), len(fixed), None))
    assert all(marker in drawn for marker in MARKERS)
    assert not any(0xD800 <= ord(char) < 0xE000 for char in drawn), "lone surrogates are no text"
    longest = max(len(text) for text in islice(samples([], 500), len(list(samples([], 0))), None))
    assert longest <= LONGEST * max(map(len, WORDS))
