"""The general methods: any schema about one text, several texts, long documents and streams."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, Literal

from gliner2_lite.errors import InputError
from gliner2_lite.pipeline.arguments import (
    check_errors,
    check_text,
    check_texts,
    check_workers,
    match_schemas,
)
from gliner2_lite.pipeline.options import CallOptions, RelationKeys
from gliner2_lite.pipeline.pipeline import Pipeline, Result
from gliner2_lite.pipeline.stream import answer_texts, answer_window, checked_windows, deliver


class TextMethods:
    """``extract`` in its single, batch, long and streaming forms, on top of a pipeline."""

    _pipeline: Pipeline

    def _answer(self, text: str | None, schema: Any, options: CallOptions) -> dict[str, Any]:
        checked = check_text(text, allow_none=options.chunks is None)
        pipeline = self._pipeline
        return answer_texts(pipeline, [checked], pipeline.prompts([schema]), options)[0]

    def _answer_all(self, texts: Sequence[str], schemas: Any, options: CallOptions) -> list[dict[str, Any]]:
        checked = check_texts(texts, allow_none=options.chunks is None)
        if not checked:
            return []
        pipeline = self._pipeline
        prompts = pipeline.prompts(match_schemas(schemas, len(checked)))
        return answer_texts(pipeline, checked, prompts, options)

    def extract(
        self,
        text: str,
        schema: Any,
        threshold: float = 0.5,
        format_results: bool = True,
        include_confidence: bool = False,
        include_spans: bool = False,
        max_len: int | None = None,
        overlap_policy: str | None = None,
        *,
        relation_keys: RelationKeys = "reference",
    ) -> dict[str, Any]:
        """Everything that ``schema`` asks for, from one text in one forward pass.

        Args:
            text: the text; empty or None reads as ``"."``.
            schema: a Schema, a StructureBuilder, or a dict as in a schema file or from ``Schema.build``.
            threshold: probability from which a span counts, unless its label has its own.
            format_results: False returns raw tuples and lists.
            include_confidence: add ``confidence`` to every item.
            include_spans: add ``start``/``end`` character offsets (end exclusive) to every span.
            max_len: keep the first ``max_len`` words of the text; :meth:`count_words` tells how many it has.
            overlap_policy: ``flat``, ``nested``, ``longest``, ``allow``; None: the more confident span wins.
            relation_keys: where a relation with a description is answered: ``"reference"`` under
                ``"name: description"``, beside an empty list under its name, ``"name"`` under its name alone.

        Raises:
            SchemaError, InputError: before the model runs, naming what is wrong.
        """
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            relation_keys=relation_keys,
        )  # fmt: skip
        return self._answer(text, schema, options)

    def batch_extract(
        self,
        texts: Sequence[str],
        schemas: Any,
        batch_size: int = 8,
        threshold: float = 0.5,
        num_workers: int = 0,
        format_results: bool = True,
        include_confidence: bool = False,
        include_spans: bool = False,
        max_len: int | None = None,
        overlap_policy: str | None = None,
        *,
        batch_tokens: int | None = None,
        relation_keys: RelationKeys = "reference",
    ) -> list[dict[str, Any]]:
        """:meth:`extract` for several texts, with one schema for all or a list of one per text.

        Texts of about the same length share a run: at most ``batch_size``, and ``batch_tokens`` tokens with
        padding (None: 512). The answers are those of single calls. ``num_workers`` is
        accepted and without effect; :meth:`extract_iter` has worker processes.
        """
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
        )  # fmt: skip
        return self._answer_all(texts, schemas, options)

    def extract_long(
        self,
        text: str,
        schema: Any,
        threshold: float = 0.5,
        chunk_size: int = 384,
        chunk_overlap: int = 64,
        batch_size: int = 8,
        num_workers: int = 0,
        format_results: bool = True,
        include_confidence: bool = False,
        include_spans: bool = False,
        overlap_policy: str | None = None,
        *,
        batch_tokens: int | None = None,
        relation_keys: RelationKeys = "reference",
    ) -> dict[str, Any]:
        """:meth:`extract` for a document of any length, in windows of ``chunk_size`` words."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer(text, schema, options)

    def batch_extract_long(
        self,
        texts: Sequence[str],
        schemas: Any,
        batch_size: int = 8,
        threshold: float = 0.5,
        num_workers: int = 0,
        format_results: bool = True,
        include_confidence: bool = False,
        include_spans: bool = False,
        chunk_size: int = 384,
        chunk_overlap: int = 64,
        overlap_policy: str | None = None,
        *,
        batch_tokens: int | None = None,
        relation_keys: RelationKeys = "reference",
    ) -> list[dict[str, Any]]:
        """:meth:`extract_long` for several documents; their windows share the batches."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer_all(texts, schemas, options)

    def extract_iter(
        self,
        texts: Iterable[str | InputError | None],
        schema: Any,
        *,
        batch_size: int = 8,
        batch_tokens: int | None = None,
        workers: int = 0,
        threshold: float = 0.5,
        format_results: bool = True,
        include_confidence: bool = False,
        include_spans: bool = False,
        max_len: int | None = None,
        overlap_policy: str | None = None,
        relation_keys: RelationKeys = "reference",
        long: bool = False,
        chunk_size: int = 384,
        chunk_overlap: int = 64,
        errors: Literal["raise", "yield"] = "raise",
    ) -> Generator[Result | InputError, None, None]:
        """The results of a stream of texts, one per text and in order, in bounded memory.

        Reads ahead a window of four batches (of ``4 * batch_size`` texts, fewer if they are long) and sorts
        it by length; with ``batch_size=1`` each text is answered before the next one is read. Every worker
        process has at most two windows. Close the iterator to end it, and its workers, early.

        Args:
            texts: any iterable, also one without end. An InputError in it stands for a text that could not
                be read, and is treated like the error of a text that cannot be run.
            schema, threshold, …: as in :meth:`extract`, or with ``long`` in :meth:`extract_long`.
            batch_size, batch_tokens: as in :meth:`batch_extract`.
            workers: processes that map the same weight files and share the cores (with ``threads=`` each
                has that many); 0 works in this process. A program that uses workers must start under
                ``if __name__ == "__main__":``.
            errors: a text that cannot be run raises its InputError (``"raise"``), after the results before
                it, or gives the error in the place of its result (``"yield"``).

        Raises:
            SchemaError, InputError: at once for the arguments, while iterating for a text.
            WorkerError: while iterating: a worker could not be started, or died.
        """
        keep_errors, processes = check_errors(errors), check_workers(workers)
        if isinstance(texts, str) or not isinstance(texts, Iterable):
            check_texts(texts)
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
            long=long, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        pipeline = self._pipeline
        [prompt] = pipeline.prompts([schema])
        windows = checked_windows(texts, options.batch, allow_none=not long)
        if not processes:
            answered = (answer_window(pipeline, window, prompt, options) for window in windows)
            return deliver(answered, keep_errors=keep_errors)

        from gliner2_lite.pipeline.workers import answer_in_workers, make_setup

        setup = make_setup(pipeline, schema, options, workers=processes)
        return deliver(answer_in_workers(windows, setup, workers=processes), keep_errors=keep_errors)
