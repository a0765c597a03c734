"""Texts → windows → results in order. Memory holds the arrays of one window, never those of all texts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from gliner2_lite.answers.types import Answers
from gliner2_lite.answers.windows import merge_windows
from gliner2_lite.errors import InputError
from gliner2_lite.graph.schedule import BatchLimits, windows
from gliner2_lite.pipeline.arguments import check_text
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.pipeline.pipeline import Pipeline, Result, show
from gliner2_lite.prompt.chunks import Chunk, ChunkSize, split_chunks
from gliner2_lite.prompt.layout import Prompt

Checked = str | None | InputError
"""A text, or why it cannot be one."""

LIST_WINDOW = 512  # texts of a list that are encoded and sorted together
LOOK_AHEAD = 4  # batches of a stream that are sorted together
WINDOW_CHARS_PER_TEXT = 2048  # a window of longer texts holds fewer of them


def answer_texts(
    pipeline: Pipeline, texts: Sequence[str | None], prompts: Sequence[Prompt], options: CallOptions
) -> list[Result]:
    """One result per text, in order; with ``options.chunks`` each is read in windows.

    Raises:
        InputError: a text cannot be run. RunError: the graph failed.
    """
    if options.chunks is None:
        answers = answer_list(pipeline, texts, prompts, options)
    else:
        answers = iter(_answer_documents(pipeline, texts, prompts, options, options.chunks))
    return [show(one, options) for one in answers]


def answer_list(
    pipeline: Pipeline, texts: Sequence[str | None], prompts: Sequence[Prompt], options: CallOptions
) -> Iterator[Answers]:
    """The answers about each text. Every text is checked before the first one is run."""
    if len(texts) > LIST_WINDOW:
        for text, prompt in zip(texts, prompts, strict=True):
            pipeline.prepare(text, prompt, options)
    pairs = zip(texts, prompts, strict=True)
    while window := list(islice(pairs, LIST_WINDOW)):
        yield from pipeline.run([pipeline.prepare(text, prompt, options) for text, prompt in window], options)


def _answer_documents(
    pipeline: Pipeline,
    texts: Sequence[str | None],
    prompts: Sequence[Prompt],
    options: CallOptions,
    chunk_size: ChunkSize,
) -> list[Answers]:
    """The answers about each document; the windows of words of all documents share the batches."""
    documents = [text or "" for text in texts]
    chunked = [_chunks(pipeline, document, chunk_size) for document in documents]
    by_window = answer_list(
        pipeline,
        [chunk.text for chunks in chunked for chunk in chunks],
        [prompt for prompt, chunks in zip(prompts, chunked, strict=True) for _ in chunks],
        options,
    )
    return [
        merge_windows(document, chunks, [next(by_window) for _ in chunks], policy=options.policy).between(
            prompt.relation_ends
        )
        for document, chunks, prompt in zip(documents, chunked, prompts, strict=True)
    ]


def answer_window(
    pipeline: Pipeline, texts: Sequence[Checked], prompt: Prompt, options: CallOptions
) -> list[Result | InputError]:
    """One window of a stream: a result per text, or the error of a text that cannot be run."""

    chunk_size = options.chunks
    if chunk_size is None:
        return in_place(
            [_try(lambda text: pipeline.prepare(text, prompt, options), text) for text in texts],
            lambda requests: [show(answers, options) for answers in pipeline.run(requests, options)],
        )

    def check(text: str | None) -> str | None:
        for chunk in _chunks(pipeline, text or "", chunk_size):
            pipeline.prepare(chunk.text, prompt, options)
        return text

    return in_place(
        [_try(check, text) for text in texts],
        lambda good: answer_texts(pipeline, good, [prompt] * len(good), options),
    )


def checked_windows(
    texts: Iterable[Any], limits: BatchLimits, *, allow_none: bool
) -> Iterator[list[Checked]]:
    """``texts`` in windows of a few batches; an item that is not a text is replaced by its InputError."""
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
    """Yield the results one by one; the first error is raised, unless ``keep_errors``.

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
    """The results of ``run`` for the items that are not errors, with the errors kept in their places."""
    results = iter(run([item for item in items if not isinstance(item, InputError)]))
    return [item if isinstance(item, InputError) else next(results) for item in items]


def _chunks(pipeline: Pipeline, text: str, chunk_size: ChunkSize) -> list[Chunk]:
    return split_chunks(text, pipeline.splitter, chunk_size, max_words=pipeline.limits.words)


def _try(stage: Callable[[Any], Any], item: Any) -> Any:
    if isinstance(item, InputError):
        return item
    try:
        return stage(item)
    except InputError as error:
        return error
