"""Texts → windows → results in order. What is held at a time is a window, never all texts' features."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gliner2_lite.answers.windows import Chunk, LongOptions, merge_chunks, split_chunks
from gliner2_lite.errors import InputError
from gliner2_lite.graph.batch import Request
from gliner2_lite.graph.schedule import BatchLimits, windows
from gliner2_lite.pipeline.options import check_text
from gliner2_lite.prompt.layout import Prompt
from gliner2_lite.prompt.words import WordSplitter

Result = dict[str, Any]
Checked = str | None | InputError
"""A text, or why it cannot be one."""

LIST_WINDOW = 512  # texts of a list that are encoded and sorted together
LOOK_AHEAD = 4  # batches of a stream that are sorted together
WINDOW_CHARS_PER_TEXT = 2048  # a window of longer texts holds fewer of them


@dataclass(frozen=True, slots=True)
class Stages:
    """The two halves of a model's pipeline, with the options of one call."""

    prepare: Callable[[str | None, Prompt], Request]
    run: Callable[[Sequence[Request]], list[Result]]
    splitter: WordSplitter
    max_words: int  # of a document


def answer_list(texts: Sequence[str | None], prompts: Sequence[Prompt], stages: Stages) -> Iterator[Result]:
    """One result per text, in order. Every text is checked before the first one is run.

    Raises:
        InputError: a text cannot be run.
    """
    if len(texts) > LIST_WINDOW:
        for text, prompt in zip(texts, prompts, strict=True):
            stages.prepare(text, prompt)
    pairs = zip(texts, prompts, strict=True)
    while window := list(islice(pairs, LIST_WINDOW)):
        yield from stages.run([stages.prepare(text, prompt) for text, prompt in window])


def answer_documents(
    texts: Sequence[str], prompts: Sequence[Prompt], stages: Stages, options: LongOptions
) -> list[Result]:
    """One result per document; the windows of words of all documents share the batches."""
    chunked = [_chunks(text, stages, options) for text in texts]
    found = answer_list(
        [chunk.text for chunks in chunked for chunk in chunks],
        [prompt for prompt, chunks in zip(prompts, chunked, strict=True) for _ in chunks],
        stages,
    )
    return [
        merge_chunks(
            text,
            chunks,
            [next(found) for _ in chunks],
            include_confidence=options.include_confidence,
            include_spans=options.include_spans,
            scalar_entities=prompt.scalar_entities,
            policy=options.policy,
        )
        for text, prompt, chunks in zip(texts, prompts, chunked, strict=True)
    ]


def answer_window(
    texts: Sequence[Checked], prompt: Prompt, stages: Stages, long: LongOptions | None
) -> list[Result | InputError]:
    """One window of a stream: a result per text, or the error of a text that cannot be run."""
    if long is None:
        return in_place([_try(lambda text: stages.prepare(text, prompt), text) for text in texts], stages.run)

    def split(text: str | None) -> str:
        document = text or ""
        for chunk in _chunks(document, stages, long):
            stages.prepare(chunk.text, prompt)
        return document

    return in_place(
        [_try(split, text) for text in texts],
        lambda documents: answer_documents(documents, [prompt] * len(documents), stages, long),
    )


def checked_windows(
    texts: Iterable[Any], limits: BatchLimits, *, allow_none: bool
) -> Iterator[list[Checked]]:
    """``texts`` in windows of a few batches; what is no text is replaced by the error that says so."""
    size = 1 if limits.texts == 1 else LOOK_AHEAD * limits.texts
    return windows(
        (_try(lambda text: check_text(text, allow_none=allow_none), text) for text in texts),
        max_items=size,
        max_weight=size * WINDOW_CHARS_PER_TEXT,
        weight=lambda text: len(text) if isinstance(text, str) else 0,
    )


def deliver(
    answered: Generator[list[Result | InputError], None, None], *, keep_errors: bool
) -> Generator[Result | InputError, None, None]:
    """The answers one by one; the first error ends it, unless ``keep_errors``.

    Raises:
        InputError: names the text by its index.
    """
    index = 0
    with closing(answered):
        for window in answered:
            for answer in window:
                if isinstance(answer, InputError) and not keep_errors:
                    raise type(answer)(f"texts[{index}]: {answer}")
                yield answer
                index += 1


def in_place(items: Sequence[Any], run: Callable[[list[Any]], Sequence[Any]]) -> list[Any]:
    """What ``run`` gives for the items that are no errors, with the errors in their places."""
    found = iter(run([item for item in items if not isinstance(item, InputError)]))
    return [item if isinstance(item, InputError) else next(found) for item in items]


def _chunks(text: str, stages: Stages, long: LongOptions) -> list[Chunk]:
    return split_chunks(
        text, stages.splitter, size=long.size, overlap=long.overlap, max_words=stages.max_words
    )


def _try(stage: Callable[[Any], Any], item: Any) -> Any:
    if isinstance(item, InputError):
        return item
    try:
        return stage(item)
    except InputError as error:
        return error
