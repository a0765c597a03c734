"""Long documents: overlapping word windows, offsets moved back, answers of the windows merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gliner2_lite.answers.overlap import DISALLOW, resolve
from gliner2_lite.answers.public import RELATIONS_KEY
from gliner2_lite.errors import InputError
from gliner2_lite.prompt.layout import ENTITIES_KEY
from gliner2_lite.prompt.words import WordSplitter, checked_count
from gliner2_lite.schema.limits import MAX_WORDS

_SPAN_KEYS = frozenset({"text", "confidence", "start", "end"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A window of a document: its text and where that starts in the document."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class LongOptions:
    """How documents are cut (``size`` and ``overlap`` in words) and what their results show."""

    size: int
    overlap: int
    include_confidence: bool
    include_spans: bool
    policy: str | None


def check_window(size: object, overlap: object) -> None:
    """Refuse window sizes that cannot cover a text.

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


def split_chunks(
    text: str, splitter: WordSplitter, *, size: int, overlap: int, max_words: int = MAX_WORDS
) -> list[Chunk]:
    """Windows of ``size`` words, each repeating the last ``overlap`` of the one before.

    Raises:
        InputError: there are more than ``max_words``.
    """
    offsets = [(start, end) for _, start, end in checked_count(splitter(text, lower=False), max_words)]
    if not offsets:
        return [Chunk(text, 0)]
    chunks, first = [], 0
    while True:
        last = min(first + size, len(offsets))
        begin, end = offsets[first][0], offsets[last - 1][1]
        chunks.append(Chunk(text[begin:end], begin))
        if last == len(offsets):
            return chunks
        first += size - overlap


def merge_chunks(
    text: str,
    chunks: Sequence[Chunk],
    results: Sequence[Mapping[str, Any]],
    *,
    include_confidence: bool,
    include_spans: bool,
    scalar_entities: Iterable[str],
    policy: str | None,
) -> dict[str, Any]:
    """One document's result from its windows' results (made with confidences and spans).

    ``policy`` None means ``disallow`` here, as in the reference; relations are only deduplicated.
    """
    policy = policy or DISALLOW
    moved = [_moved(dict(result), text, chunk.offset) for result, chunk in zip(results, chunks, strict=True)]
    merged = {}
    for key in _keys(moved):
        values = [result[key] for result in moved if key in result]
        if key == ENTITIES_KEY:
            merged[key] = _entity_maps(values, frozenset(scalar_entities), policy)
        elif key == RELATIONS_KEY:
            maps = [value for value in values if isinstance(value, dict)]
            merged[key] = {
                name: _unique([item for value in maps for item in value.get(name, [])], None)
                for name in _keys(maps)
            }
        else:
            merged[key] = _values(values, policy)
    return {key: _stripped(value, include_confidence, include_spans) for key, value in merged.items()}


def _moved(value: Any, text: str, offset: int) -> Any:
    """``value`` with every span's offsets and text in the document instead of the window."""
    if isinstance(value, list):
        return [_moved(item, text, offset) for item in value]
    if not isinstance(value, dict):
        return value
    moved = {key: _moved(item, text, offset) for key, item in value.items()}
    if _is_span(moved):
        start, end = moved["start"] + offset, moved["end"] + offset
        moved["start"], moved["end"] = start, end
        if 0 <= start <= end <= len(text):
            moved["text"] = text[start:end]
    return moved


def _entity_maps(values: Sequence[Any], scalar: frozenset[str], policy: str) -> dict[str, Any]:
    maps = [value for value in values if isinstance(value, dict)]
    merged: dict[str, Any] = {}
    for name in _keys(maps):
        found = []
        for value in maps:
            own = value.get(name)
            found += own if isinstance(own, list) else [] if own is None else [own]
        unique = _unique(found, policy)
        merged[name] = unique if name not in scalar else unique[0] if unique else None
    return merged


def _values(values: Sequence[Any], policy: str) -> Any:
    filled = [value for value in values if value not in (None, {}, [])]
    if not filled:
        return values[0] if values else None
    if all(_is_label(value) for value in filled):
        return max(filled, key=lambda value: value["confidence"])
    if all(isinstance(value, list) for value in filled):
        return _unique([item for value in filled for item in value], policy)
    if all(isinstance(value, dict) for value in filled):
        return {
            key: _values([value[key] for value in filled if key in value], policy) for key in _keys(filled)
        }
    return filled[0]


def _unique(items: Sequence[Any], policy: str | None) -> list[Any]:
    """Spans resolved by ``policy`` (None keeps all) and sorted by place, then the rest without repeats."""
    spans = [item for item in items if _is_span(item)]
    kept = resolve(
        spans,
        policy or "allow",
        score=lambda item: float(item.get("confidence", 0.0)),
        start=lambda item: int(item["start"]),
        end=lambda item: int(item["end"]),
    )
    kept.sort(key=lambda item: (item["start"], item["end"], item.get("text", "")))
    rest: dict[str, Any] = {}
    for item in items:
        if not _is_span(item):
            key = _identity(item)
            if key not in rest or _confidence(item) > _confidence(rest[key]):
                rest[key] = item
    return [*kept, *rest.values()]


def _stripped(value: Any, confidence: bool, spans: bool) -> Any:
    """``value`` without the confidences and offsets that the caller did not ask for."""
    if isinstance(value, list):
        return [_stripped(item, confidence, spans) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_span(value):
        extras = {key: item for key, item in value.items() if key not in _SPAN_KEYS}
        if not (confidence or spans or extras):
            return value["text"]
        kept = {"text": value["text"]}
        if confidence and "confidence" in value:
            kept["confidence"] = value["confidence"]
        if spans:
            kept["start"], kept["end"] = value["start"], value["end"]
        return {**kept, **extras}
    if _is_label(value):
        return {"label": value["label"], "confidence": value["confidence"]} if confidence else value["label"]
    if "text" in value and "confidence" in value:  # a choice
        return {"text": value["text"], "confidence": value["confidence"]} if confidence else value["text"]
    return {key: _stripped(item, confidence, spans) for key, item in value.items()}


def _is_span(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "text" in value
        and isinstance(value.get("start"), int)
        and isinstance(value.get("end"), int)
    )


def _is_label(value: Any) -> bool:
    return isinstance(value, dict) and "label" in value and "confidence" in value


def _keys(maps: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for own in maps for key in own))


def _identity(value: Any) -> str:
    """Equal for values that differ in confidences only."""
    if isinstance(value, dict):
        return repr(sorted((key, _identity(item)) for key, item in value.items() if key != "confidence"))
    if isinstance(value, list):
        return repr([_identity(item) for item in value])
    return repr(value)


def _confidence(value: Any) -> float:
    if isinstance(value, dict):
        own = value.get("confidence")
        if isinstance(own, (int, float)):
            return float(own)
        return max((_confidence(item) for item in value.values()), default=0.0)
    if isinstance(value, list):
        return max((_confidence(item) for item in value), default=0.0)
    return 0.0
