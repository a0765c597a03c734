"""The methods for streams of texts and for long documents: they cut, look ahead, and use workers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Literal

from gliner2_lite.answers.overlap import canonical_policy
from gliner2_lite.answers.windows import LongOptions, check_window
from gliner2_lite.errors import InputError
from gliner2_lite.graph.schedule import BatchLimits
from gliner2_lite.model.tasks import TaskMethods
from gliner2_lite.pipeline.options import (
    Options,
    check_batch_limits,
    check_errors,
    check_text,
    check_texts,
    check_workers,
    make_options,
    match_schemas,
)
from gliner2_lite.pipeline.stream import (
    Result,
    Stages,
    answer_documents,
    answer_window,
    checked_windows,
    deliver,
)
from gliner2_lite.prompt.layout import build_prompts
from gliner2_lite.schema.limits import Limits


class ManyTexts(TaskMethods):
    """``extract_iter`` and the general ``*_long`` methods, on top of a model's pipeline."""

    _limits: Limits

    @abstractmethod
    def _stages(self, options: Options, limits: BatchLimits) -> Stages:
        """The pipeline with the options of one call."""

    @abstractmethod
    def _load_arguments(self) -> dict[str, Any]:
        """The arguments of ``from_pretrained`` that load this model again."""

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
                be had, and is treated like the error of a text that cannot be run.
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
        limits = check_batch_limits(batch_size, batch_tokens)
        if isinstance(texts, str) or not isinstance(texts, Iterable):
            check_texts(texts)
        documents = None
        if long:
            if max_len is not None:
                raise InputError("max_len and long=True exclude each other; chunk_size sets the window")
            documents = _long_options(
                chunk_size, chunk_overlap, overlap_policy, format_results, include_confidence, include_spans
            )
            options = _window_options(threshold, documents)
        else:
            options = make_options(
                threshold=threshold, format_results=format_results, include_confidence=include_confidence,
                include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            )  # fmt: skip
        [prompt] = build_prompts([schema], self._limits)
        stages = self._stages(options, limits)
        windows = checked_windows(texts, limits, allow_none=not long)
        if not processes:
            answered = (answer_window(window, prompt, stages, documents) for window in windows)
            return deliver(answered, keep_errors=keep_errors)

        from gliner2_lite.pipeline.workers import answer_in_workers, make_setup

        setup = make_setup(
            self._load_arguments(),
            stages.splitter,
            schema,
            {
                "batch_size": batch_size, "batch_tokens": batch_tokens, "threshold": threshold,
                "format_results": format_results, "include_confidence": include_confidence,
                "include_spans": include_spans, "max_len": max_len, "overlap_policy": overlap_policy,
                "long": long, "chunk_size": chunk_size, "chunk_overlap": chunk_overlap,
            },
            workers=processes,
        )  # fmt: skip
        return deliver(answer_in_workers(windows, setup, workers=processes), keep_errors=keep_errors)

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
    ) -> dict[str, Any]:
        """:meth:`extract` for a document of any length, in windows of ``chunk_size`` words."""
        check_text(text, allow_none=False)
        return self.batch_extract_long(
            [text], [schema], batch_size, threshold, num_workers, format_results,
            include_confidence, include_spans, chunk_size, chunk_overlap, overlap_policy,
        )[0]  # fmt: skip

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
    ) -> list[dict[str, Any]]:
        """:meth:`extract_long` for several documents; their windows share the batches."""
        options = _long_options(
            chunk_size, chunk_overlap, overlap_policy, format_results, include_confidence, include_spans
        )
        documents = [
            check_text(text, where=f"texts[{i}]", allow_none=False) or ""
            for i, text in enumerate(check_texts(texts))
        ]
        if not documents:
            return []
        stages = self._stages(
            _window_options(threshold, options), check_batch_limits(batch_size, batch_tokens)
        )
        prompts = build_prompts(match_schemas(schemas, len(documents)), self._limits)
        return answer_documents(documents, prompts, stages, options)


def _long_options(
    size: int, overlap: int, policy: str | None, formatted: bool, confidence: bool, spans: bool
) -> LongOptions:
    if not formatted:
        raise InputError(
            "format_results=False is not possible for long texts: windows are merged when formatted"
        )
    check_window(size, overlap)
    return LongOptions(size, overlap, bool(confidence), bool(spans), canonical_policy(policy))


def _window_options(threshold: float, options: LongOptions) -> Options:
    """A window's own results have what merging needs: confidences and offsets."""
    return make_options(
        threshold=threshold, include_confidence=True, include_spans=True,
        max_len=options.size, overlap_policy=options.policy,
    )  # fmt: skip
