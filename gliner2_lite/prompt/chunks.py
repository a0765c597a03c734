"""A long document → overlapping windows of words."""

from __future__ import annotations

from typing import NamedTuple

from gliner2_lite.errors import InputError
from gliner2_lite.prompt.words import WordSplitter, checked_count, checked_words
from gliner2_lite.schema.limits import MAX_WORDS


class Chunk(NamedTuple):
    """A window of a document: its text and where that starts in the document, in characters."""

    text: str
    offset: int


class ChunkSize(NamedTuple):
    """Words per window, and how many of them the next window repeats."""

    size: int
    overlap: int


def check_chunk_size(size: object, overlap: object) -> ChunkSize:
    """``size`` and ``overlap`` as a ChunkSize, when such windows can cover a text.

    Raises:
        InputError: names the argument and what it must be.
    """
    for name, value in (("chunk_size", size), ("chunk_overlap", overlap)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"{name} must be an integer number of words, not {value!r}")
    if not isinstance(size, int) or size <= 0:
        raise InputError(f"chunk_size must be at least 1 word, not {size!r}")
    if not isinstance(overlap, int) or not 0 <= overlap < size:
        raise InputError(
            f"chunk_overlap must be at least 0 and less than chunk_size ({size}), not {overlap!r}"
        )
    return ChunkSize(size, overlap)


def split_chunks(
    text: str, splitter: WordSplitter, chunk_size: ChunkSize, *, max_words: int = MAX_WORDS
) -> list[Chunk]:
    """The windows of ``text``, each repeating the last words of the one before.

    Raises:
        InputError: there are more than ``max_words``, or the splitter gives something that is no word.
    """
    words = checked_words(text, splitter, lower=False)
    offsets = [(start, end) for _, start, end in checked_count(words, max_words)]
    if not offsets:
        return [Chunk(text, 0)]
    chunks, first = [], 0
    while True:
        last = min(first + chunk_size.size, len(offsets))
        begin, end = offsets[first][0], offsets[last - 1][1]
        chunks.append(Chunk(text[begin:end], begin))
        if last == len(offsets):
            return chunks
        first += chunk_size.size - chunk_size.overlap
