"""The answers of a document's windows → the answers of the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gliner2_lite.answers.overlap import DISALLOW
from gliner2_lite.answers.public import public_keys, relation_keys
from gliner2_lite.answers.types import Answers, Move, Span, TaskAnswer
from gliner2_lite.prompt.chunks import Chunk


def merge_windows(
    text: str, chunks: Sequence[Chunk], answers: Sequence[Answers], *, policy: str | None
) -> Answers:
    """Merge the answers about the windows of ``text`` into answers with offsets into ``text``.

    Each answer type defines how it is merged. ``policy`` decides which of overlapping entity spans stay; None
    means ``disallow`` here, as in the reference.
    """
    parts: dict[str, list[Any]] = {}  # result key → the windows' answers, all of one type
    requested: dict[str, None] = {}
    # In the order in which the reference, which merges public results, comes by them.
    keys: dict[str, None] = {}
    relations: dict[str, None] = {}
    for chunk, window in zip(chunks, answers, strict=True):
        requested |= dict.fromkeys(window.requested_relations)
        keys |= dict.fromkeys(public_keys(window))
        relations |= dict.fromkeys(relation_keys(window))
        for key, answer in window.by_key().items():
            parts.setdefault(key, []).append(answer.moved(_into(text, chunk.offset)))
    tasks: list[tuple[str, TaskAnswer]] = [
        (key, type(same[0]).merged(same, policy or DISALLOW)) for key, same in parts.items()
    ]
    return Answers(tuple(tasks), tuple(requested), tuple(keys), tuple(relations))


def _into(text: str, offset: int) -> Move:
    """Moves a span of a window that begins at ``offset`` into the document ``text``."""

    def move(span: Span) -> Span:
        if span.start is None or span.end is None:  # a choice has no place
            return span
        start, end = span.start + offset, span.end + offset
        # The final mark that was added to a window may be part of a span; the document goes on without it.
        surface = text[start:end] if 0 <= start <= end <= len(text) else span.text
        return replace(span, text=surface, start=start, end=end)

    return move
