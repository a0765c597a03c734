"""Windows over long texts: how they are cut and how their answers are merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite import InputError
from gliner2_lite.answers.windows import Chunk, check_window, merge_chunks, split_chunks
from gliner2_lite.prompt.words import whitespace_words


@given(st.lists(st.sampled_from(["one", "two,", "3-4", "x@y.zz", "é"]), max_size=40), st.data())
def test_windows_cover_every_word_and_overlap_by_the_words_asked_for(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    size = data.draw(st.integers(1, 12))
    overlap = data.draw(st.integers(0, size - 1))
    chunks = split_chunks(text, whitespace_words, size=size, overlap=overlap)
    offsets = [(start, end) for _, start, end in whitespace_words(text)]
    if not offsets:
        assert chunks == [Chunk(text, 0)]
        return
    firsts = [offsets.index(next(o for o in offsets if o[0] == chunk.offset)) for chunk in chunks]
    assert firsts == [index * (size - overlap) for index in range(len(chunks))]
    for chunk in chunks:
        assert text[chunk.offset : chunk.offset + len(chunk.text)] == chunk.text
    assert chunks[-1].offset + len(chunks[-1].text) == offsets[-1][1]


@pytest.mark.parametrize(
    ("size", "overlap", "word"),
    [(0, 0, "chunk_size"), (-1, 0, "chunk_size"), (4, -1, "chunk_overlap"), (4, 4, "less than chunk_size"),
     (True, 0, "chunk_size"), (4, 1.5, "chunk_overlap")],
)  # fmt: skip
def test_impossible_windows_are_refused(size: object, overlap: object, word: str) -> None:
    with pytest.raises(InputError, match=word):
        check_window(size, overlap)


TEXT = "Ann met Bob. Bob left."
CHUNKS = [Chunk("Ann met Bob", 0), Chunk("Bob. Bob left.", 8)]


def merged(
    results: list[dict], *, confidence: bool = False, spans: bool = False, scalar: tuple[str, ...] = ()
) -> dict:
    return merge_chunks(
        TEXT,
        CHUNKS,
        results,
        include_confidence=confidence,
        include_spans=spans,
        scalar_entities=scalar,
        policy=None,
    )


def item(text: str, confidence: float, start: int) -> dict:
    return {"text": text, "confidence": confidence, "start": start, "end": start + len(text)}


ENTITIES = [
    {"entities": {"person": [item("Bob", 0.6, 8), item("Ann", 0.9, 0)]}},
    {"entities": {"person": [item("Bob", 0.8, 0), item("Bob", 0.7, 5)]}},
]


def test_spans_move_to_the_document_merge_and_sort_by_place() -> None:
    assert merged(ENTITIES, confidence=True, spans=True) == {
        "entities": {"person": [item("Ann", 0.9, 0), item("Bob", 0.8, 8), item("Bob", 0.7, 13)]}
    }
    assert merged(ENTITIES) == {"entities": {"person": ["Ann", "Bob", "Bob"]}}


def test_a_scalar_entity_is_the_earliest_survivor() -> None:
    assert merged(ENTITIES, scalar=("person",)) == {"entities": {"person": "Ann"}}


def test_relations_become_dicts_without_repeats() -> None:
    pair = {"head": item("Bob", 0.5, 8), "tail": item("Ann", 0.5, 0)}
    again = {"head": item("Bob", 0.9, 0), "tail": item("Ann", 0.9, -8)}
    results = [{"relation_extraction": {"knows": [pair]}}, {"relation_extraction": {"knows": [again]}}]
    found = merged(results, confidence=True)["relation_extraction"]["knows"]
    assert found == [{"head": {"text": "Bob", "confidence": 0.9}, "tail": {"text": "Ann", "confidence": 0.9}}]
    assert merged(results) == {"relation_extraction": {"knows": [{"head": "Bob", "tail": "Ann"}]}}


def test_classes_keep_the_surest_window() -> None:
    results = [{"mood": {"label": "sad", "confidence": 0.6}}, {"mood": {"label": "glad", "confidence": 0.7}}]
    assert merged(results) == {"mood": "glad"}
    assert merged(results, confidence=True) == {"mood": {"label": "glad", "confidence": 0.7}}


def test_records_concatenate_and_empty_windows_vanish() -> None:
    record = {"name": item("Bob", 0.5, 0), "kind": {"text": "x", "confidence": 0.4}, "tags": []}
    results = [{"who": {}}, {"who": [record]}]
    assert merged(results) == {"who": [{"name": "Bob", "kind": "x", "tags": []}]}
    assert merged([{"who": []}, {"who": {}}]) == {"who": []}
