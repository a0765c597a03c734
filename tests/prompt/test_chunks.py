"""How long texts are cut into windows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite import InputError
from gliner2_lite.prompt.chunks import Chunk, ChunkSize, check_chunk_size, split_chunks
from gliner2_lite.prompt.words import whitespace_words


@given(st.lists(st.sampled_from(["one", "two,", "3-4", "x@y.zz", "é"]), max_size=40), st.data())
def test_windows_cover_every_word_and_overlap_by_the_words_asked_for(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    size = data.draw(st.integers(1, 12))
    overlap = data.draw(st.integers(0, size - 1))
    chunks = split_chunks(text, whitespace_words, ChunkSize(size, overlap))
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
        check_chunk_size(size, overlap)


def test_more_words_than_allowed_are_refused() -> None:
    assert len(split_chunks("a b c", whitespace_words, ChunkSize(2, 0), max_words=3)) == 2
    with pytest.raises(InputError, match="more than 2 words"):
        split_chunks("a b c", whitespace_words, ChunkSize(2, 0), max_words=2)


@pytest.mark.parametrize("item", [("cd", 3, 99), ("cd", -1, 5), ("cd", 1, 5), "cde", ("cd", 3.0, 5)])
def test_items_that_are_no_words_of_the_text_are_refused(item: Any) -> None:
    with pytest.raises(InputError, match="item 1 of the word splitter"):
        split_chunks("ab cd", lambda text, lower: [("ab", 0, 2), item], ChunkSize(1, 0))
