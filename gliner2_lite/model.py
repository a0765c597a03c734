"""The public model. ``_run`` is the whole pipeline on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gliner2_lite.batch import Encoded, Sample, check_length, encode_sample, make_batch
from gliner2_lite.bundle import Bundle
from gliner2_lite.decode import decode_task
from gliner2_lite.errors import InputError, InputTypeError
from gliner2_lite.heads import TaskScores, score_sample
from gliner2_lite.loading import HubOptions, LoadedModel, LoadOptions, load, locate
from gliner2_lite.long_text import check_window, merge_chunks, split_chunks
from gliner2_lite.options import (
    Options,
    check_batch_size,
    check_text,
    check_texts,
    make_options,
    match_schemas,
)
from gliner2_lite.prompt import EntityTask, Prompt, build_prompt
from gliner2_lite.results import format_results, raw_results
from gliner2_lite.schema import Schema, compile_schema
from gliner2_lite.session import Features
from gliner2_lite.tasks import TaskMethods
from gliner2_lite.words import WordSplitter, normalize_text, resolve_splitter, split_words


class GLiNER2(TaskMethods):
    """A GLiNER2 model on the CPU, with the methods and results of ``gliner2.GLiNER2``.

    Make one with :meth:`from_pretrained`. It may be called from several threads.
    """

    def __init__(self, loaded: LoadedModel, *, word_splitter: str | WordSplitter | None = None) -> None:
        self._loaded = loaded
        self._splitter = resolve_splitter(word_splitter)

    @classmethod
    def from_pretrained(
        cls,
        repo_or_dir: str | Path,
        *,
        variant: str | None = None,
        profile: str | None = None,
        threads: int | None = None,
        prepack: str = "auto",
        cache: str | Path | None = None,
        providers: Sequence[str] | None = None,
        session_options: Mapping[str, str] | None = None,
        verify: str = "size",
        word_splitter: str | WordSplitter | None = None,
        map_location: object = "cpu",
        quantize: bool = False,
        compile: bool = False,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        force_download: bool = False,
    ) -> GLiNER2:
        """Load a bundle: ``"tiny"`` (embedded), a directory, or a Hub repository ``org/name``.

        Args:
            repo_or_dir: which bundle.
            variant: ``"int8"`` or ``"fp32"``; None takes int8 where the bundle has it.
            profile: ``"edge"``, ``"serverless"`` or ``"server"``: how memory and threads are used.
            threads: threads for the graph; None takes one per core that this process may use.
            prepack: ``"auto"`` uses a graph compiled for this machine, and makes one for a large model;
                ``"never"`` uses the portable graph; ``"require"`` fails where no compiled graph fits.
            cache: the directory of compiled graphs; None: ``$GLINER2_LITE_CACHE`` or the user's cache.
            providers: names of onnxruntime's execution providers; None: the CPU.
            session_options: onnxruntime session configuration entries, as names and values.
            verify: ``"size"`` compares the files' sizes with the manifest, ``"hash"`` their SHA-256 too.
            word_splitter: ``"whitespace"`` (default), ``"char"`` or a callable.
            map_location: only the CPU; accepted so that calls written for the reference keep working.
            quantize, compile: accepted and without effect; ``variant`` decides the precision.
            revision, cache_dir, token, local_files_only, force_download: as in huggingface_hub.

        Raises:
            BundleNotFoundError, BundleError: no such bundle, or a damaged one.
            HubError: the repository cannot be had.
            InputError: an unknown variant, device or option value.
        """
        _check_device(map_location)
        hub = HubOptions(revision, cache_dir, token, local_files_only, force_download)
        root = locate(repo_or_dir, variant, hub)
        options = LoadOptions(variant, profile, threads, prepack, cache, providers, session_options, verify)
        return cls(load(root, options), word_splitter=word_splitter)

    @property
    def bundle(self) -> Bundle:
        """The bundle this model was loaded from."""
        return self._loaded.bundle

    @property
    def variant(self) -> str:
        """The name of the loaded variant."""
        return self._loaded.variant.name

    def eval(self) -> GLiNER2:
        """Returns the model: it is always in inference mode."""
        return self

    def to(self, device: object) -> GLiNER2:
        """Returns the model for ``"cpu"``; another device is an InputError."""
        _check_device(device)
        return self

    def set_word_splitter(self, word_splitter: str | WordSplitter | None) -> GLiNER2:
        """Use another splitter from now on: a name, a class without arguments, a callable. Returns self."""
        self._splitter = resolve_splitter(word_splitter)
        return self

    def create_schema(self) -> Schema:
        """A new, empty schema builder."""
        return Schema()

    def format_results(
        self,
        results: dict[str, Any],
        include_confidence: bool = False,
        requested_relations: Sequence[str] | None = None,
        classification_tasks: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Raw results (of ``format_results=False``) in the public shape."""
        return format_results(
            results,
            include_confidence=include_confidence,
            requested_relations=requested_relations or (),
            classification_tasks=classification_tasks or (),
        )

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
    ) -> dict[str, Any]:
        """Everything that ``schema`` asks for, from one text in one forward pass.

        Args:
            text: the text; empty or None reads as ``"."``.
            schema: a Schema, a StructureBuilder, or the dict that ``Schema.build`` gives.
            threshold: probability from which a span counts, unless its label has its own.
            format_results: False returns raw tuples and lists.
            include_confidence: add ``confidence`` to every item.
            include_spans: add ``start``/``end`` character offsets (end exclusive) to every span.
            max_len: keep the first ``max_len`` words of the text.
            overlap_policy: ``flat``, ``nested``, ``longest``, ``allow``; None: the more confident span wins.

        Raises:
            SchemaError, InputError: before the model runs, naming what is wrong.
        """
        check_text(text)
        return self.batch_extract(
            [text], [schema], 1, threshold, 0, format_results,
            include_confidence, include_spans, max_len, overlap_policy,
        )[0]  # fmt: skip

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
    ) -> list[dict[str, Any]]:
        """:meth:`extract` for several texts, with one schema for all or a list of one per text.

        ``num_workers`` is accepted and without effect.
        """
        checked = check_texts(texts)
        if not checked:
            return []
        size = check_batch_size(batch_size)
        options = make_options(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
        )  # fmt: skip
        prompts = _prompts(match_schemas(schemas, len(checked)))
        return self._run(checked, prompts, options, size)

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
    ) -> list[dict[str, Any]]:
        """:meth:`extract_long` for several documents; their windows share the batches."""
        if not format_results:
            raise InputError(
                "format_results=False is not possible for long texts: windows are merged when formatted"
            )
        documents = [
            check_text(text, where=f"texts[{i}]", allow_none=False)
            for i, text in enumerate(check_texts(texts))
        ]
        if not documents:
            return []
        check_window(chunk_size, chunk_overlap)
        options = make_options(
            threshold=threshold, include_confidence=True, include_spans=True,
            max_len=chunk_size, overlap_policy=overlap_policy,
        )  # fmt: skip
        size = check_batch_size(batch_size)
        matched = match_schemas(schemas, len(documents))
        prompts = _prompts(matched)
        chunked = [
            split_chunks(text or "", self._splitter, size=chunk_size, overlap=chunk_overlap)
            for text in documents
        ]
        results = iter(
            self._run(
                [chunk.text for chunks in chunked for chunk in chunks],
                [prompt for prompt, chunks in zip(prompts, chunked, strict=True) for _ in chunks],
                options,
                size,
            )
        )
        return [
            merge_chunks(
                text or "",
                chunks,
                [next(results) for _ in chunks],
                include_confidence=include_confidence,
                include_spans=include_spans,
                scalar_entities=_scalar_entities(prompt),
                policy=options.policy,
            )
            for text, prompt, chunks in zip(documents, prompts, chunked, strict=True)
        ]

    def _run(
        self, texts: Sequence[str | None], prompts: Sequence[Prompt], options: Options, batch_size: int
    ) -> list[dict[str, Any]]:
        """Words → prompt → ids → graph → scores → decoded → formatted, in the order of ``texts``."""
        samples = [self._sample(text, prompt, options) for text, prompt in zip(texts, prompts, strict=True)]
        encoded = [
            self._encode(sample) for sample in samples
        ]  # all texts are checked before the first is run
        results: list[dict[str, Any]] = [{} for _ in samples]
        pending = [index for index, sample in enumerate(samples) if sample.prompt.tasks]
        for begin in range(0, len(pending), batch_size):
            rows = pending[begin : begin + batch_size]
            batch = make_batch([encoded[index] for index in rows], pooling=self._pooling)
            features = self._loaded.session.run(batch)
            for row, index in enumerate(rows):
                scores = self._score(features, row, encoded[index], samples[index])
                results[index] = self._read(scores, samples[index], options)
        return results

    def _sample(self, text: str | None, prompt: Prompt, options: Options) -> Sample:
        normalized = normalize_text(text)
        return Sample(normalized, split_words(normalized, self._splitter, limit=options.max_len), prompt)

    def _encode(self, sample: Sample) -> Encoded:
        bundle = self._loaded.bundle
        encoded = encode_sample(
            sample, self._loaded.tokenizer.ids, bundle.special_tokens, pooling=self._pooling
        )
        check_length(encoded, sample, bundle.config.max_positions)
        return encoded

    def _score(self, features: Features, row: int, encoded: Encoded, sample: Sample) -> list[TaskScores]:
        text_words = len(sample.words)
        return score_sample(self._loaded.heads, features, row, encoded, sample.prompt, text_words=text_words)

    def _read(self, scores: Sequence[TaskScores], sample: Sample, options: Options) -> dict[str, Any]:
        decoded = [
            (task.key, decode_task(task, score, sample, threshold=options.threshold, policy=options.policy))
            for task, score in zip(sample.prompt.tasks, scores, strict=True)
        ]
        raw = raw_results(
            decoded, include_confidence=options.include_confidence, include_spans=options.include_spans
        )
        if not options.format_results:
            return raw
        return format_results(
            raw,
            include_confidence=options.include_confidence,
            requested_relations=sample.prompt.requested_relations,
            classification_tasks=sample.prompt.classification_tasks,
        )

    @property
    def _pooling(self) -> str:
        return self._loaded.bundle.config.token_pooling


def _prompts(schemas: Sequence[Any]) -> list[Prompt]:
    """One prompt per schema; a schema object that serves many texts is compiled once."""
    built: dict[int, Prompt] = {}
    for schema in schemas:
        if id(schema) not in built:
            built[id(schema)] = build_prompt(compile_schema(schema))
    return [built[id(schema)] for schema in schemas]


def _scalar_entities(prompt: Prompt) -> list[str]:
    return [
        entity.name
        for task in prompt.tasks
        if isinstance(task.target, EntityTask)
        for entity in task.target.entities
        if entity.dtype != "list"
    ]


def _check_device(device: object) -> None:
    if device is not None and str(device) != "cpu":
        if not isinstance(device, str) and not hasattr(device, "type"):
            raise InputTypeError(f"device must be 'cpu', not {device!r}")
        raise InputError(
            f"device {str(device)!r} is not available: gliner2_lite runs on the CPU; write 'cpu'"
        )
