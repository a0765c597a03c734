"""The public model. ``_run`` is the whole pipeline on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from gliner2_lite.answers.public import format_results, raw_results
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.scores import TaskScores, score_sample
from gliner2_lite.bundle.manifest import Bundle
from gliner2_lite.errors import InputTypeError
from gliner2_lite.graph.batch import Request, Sample, check_length, encode_sample, make_batch
from gliner2_lite.graph.schedule import BatchLimits, plan_batches
from gliner2_lite.hub.options import HubOptions
from gliner2_lite.load.loading import LoadedModel, LoadOptions, load
from gliner2_lite.load.locate import locate
from gliner2_lite.machine.memory import release_memory
from gliner2_lite.model.documents import ManyTexts
from gliner2_lite.pipeline.options import (
    Options,
    check_batch_limits,
    check_device,
    check_text,
    check_texts,
    make_options,
    match_schemas,
)
from gliner2_lite.pipeline.stream import Stages, answer_list
from gliner2_lite.prompt.layout import Prompt, build_prompts
from gliner2_lite.prompt.words import WordSplitter, normalize_text, resolve_splitter, split_words
from gliner2_lite.schema import Schema
from gliner2_lite.schema.limits import Limits, check_limits


class GLiNER2(ManyTexts):
    """A GLiNER2 model on the CPU, with the methods and results of ``gliner2.GLiNER2``.

    Make one with :meth:`from_pretrained`. It may be called from several threads.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        word_splitter: str | WordSplitter | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._loaded = loaded
        self._limits = check_limits(limits)
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
        limits: Limits | None = None,
        map_location: object = "cpu",
        quantize: bool = False,
        compile: bool = False,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        force_download: bool = False,
        subfolder: str | None = None,
        proxies: Mapping[str, str] | None = None,
        export: bool = False,
    ) -> GLiNER2:
        """Load a bundle: ``"tiny"`` (embedded), a directory, or a Hub repository ``org/name``.

        Args:
            repo_or_dir: which bundle.
            variant: ``"int8"`` or ``"fp32"``; None takes int8 where the bundle has it.
            profile: ``"edge"``, ``"serverless"`` or ``"server"``: how memory and threads are used; None:
                ``"server"``, or ``"serverless"`` where this process may use some of the processors only.
            threads: threads for the graph; None takes one per core that this process may use.
            prepack: ``"auto"`` uses a graph compiled for this machine, and makes one for a large model where
                memory and disk leave room; ``"never"`` uses the portable graph; ``"require"`` fails where no
                compiled graph fits.
            cache: the directory of compiled graphs; None: ``$GLINER2_LITE_CACHE`` or the user's cache.
            providers: names of onnxruntime's execution providers; None: the CPU.
            session_options: onnxruntime session configuration entries, as names and values.
            verify: ``"size"`` compares the files' sizes with the manifest, ``"hash"`` their SHA-256 too.
            word_splitter: ``"whitespace"`` (default), ``"char"`` or a callable.
            limits: the largest schema and text of a call; None: :class:`Limits` with its defaults.
            map_location: only the CPU; accepted so that calls written for the reference keep working.
            quantize, compile: accepted and without effect; ``variant`` decides the precision.
            revision, cache_dir, token, local_files_only, force_download, subfolder: as in huggingface_hub.
            proxies: likewise, before huggingface_hub 1.0; the variable HTTPS_PROXY works with every version.
            export: convert a repository that holds an original checkpoint, once, into the Hub cache
                (needs the extra ``export``).

        Raises:
            BundleNotFoundError, BundleError: no such bundle, or a damaged one.
            HubError: the repository cannot be had.
            InputError: an unknown variant, device or option value.
        """
        check_device(map_location)
        check_limits(limits)
        hub = HubOptions(
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            force_download=force_download,
            subfolder=subfolder,
            proxies=proxies,
            export=export,
        )
        root = locate(repo_or_dir, variant, hub)
        options = LoadOptions(variant, profile, threads, prepack, cache, providers, session_options, verify)
        return cls(load(root, options), word_splitter=word_splitter, limits=limits)

    def __reduce__(self) -> NoReturn:
        raise InputTypeError(
            "a loaded model cannot be copied or sent to another process: load it there with from_pretrained "
            "(processes share the weight files), or use extract_iter(..., workers=N)"
        )

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
        check_device(device)
        return self

    def set_word_splitter(self, word_splitter: str | WordSplitter | None) -> GLiNER2:
        """Use another splitter from now on: a name, a class without arguments, a callable. Returns self."""
        self._splitter = resolve_splitter(word_splitter)
        return self

    def count_words(self, text: str | None) -> int:
        """How many words ``text`` has for this model; what is beyond ``max_len`` of them is not read.

        Raises:
            InputError: not a text, or more words than the limits allow.
        """
        normalized = normalize_text(check_text(text))
        return len(split_words(normalized, self._splitter, max_words=self._limits.words))

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
            max_len: keep the first ``max_len`` words of the text; :meth:`count_words` tells how many it has.
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
        *,
        batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:
        """:meth:`extract` for several texts, with one schema for all or a list of one per text.

        Texts of about the same length share a run: at most ``batch_size``, and ``batch_tokens`` tokens with
        padding (None: 512). The answers are those of single calls. ``num_workers`` is
        accepted and without effect; :meth:`extract_iter` has worker processes.
        """
        checked = check_texts(texts)
        if not checked:
            return []
        limits = check_batch_limits(batch_size, batch_tokens)
        options = make_options(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
        )  # fmt: skip
        prompts = build_prompts(match_schemas(schemas, len(checked)), self._limits)
        return list(answer_list(checked, prompts, self._stages(options, limits)))

    def _prepare(self, text: str | None, prompt: Prompt, options: Options) -> Request:
        """Text → words → token ids, and whether the encoder can take that many."""
        bundle = self._loaded.bundle
        normalized = normalize_text(text)
        words = split_words(normalized, self._splitter, limit=options.max_len, max_words=self._limits.words)
        sample = Sample(normalized, words, prompt)
        encoded = encode_sample(
            sample, self._loaded.tokenizer.ids, bundle.special_tokens, pooling=bundle.config.token_pooling
        )
        check_length(encoded, bundle.config.max_positions, self._limits.tokens)
        return Request(sample, encoded)

    def _run(
        self, requests: Sequence[Request], options: Options, limits: BatchLimits
    ) -> list[dict[str, Any]]:
        """Ids → batches → graph → scores → decoded → formatted, in the order of ``requests``."""
        results: list[dict[str, Any]] = [{} for _ in requests]
        pending = [index for index, request in enumerate(requests) if request.sample.prompt.tasks]
        plan = plan_batches([len(requests[index].encoded.ids) for index in pending], limits)
        for rows in plan:
            chosen = [requests[pending[row]] for row in rows]
            batch = make_batch(
                [request.encoded for request in chosen], pooling=self._loaded.bundle.config.token_pooling
            )
            features = self._loaded.session.run(batch, last=rows is plan[-1])
            for place, (row, request) in enumerate(zip(rows, chosen, strict=True)):
                sample = request.sample
                scores = score_sample(
                    self._loaded.heads, features, place, request.encoded, sample.prompt,
                    text_words=len(sample.words),
                )  # fmt: skip
                results[pending[row]] = self._read(scores, sample, options)
            del features  # the next run needs the memory
        if self._loaded.gives_back:
            release_memory()
        return results

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

    def _stages(self, options: Options, limits: BatchLimits) -> Stages:
        return Stages(
            prepare=partial(self._prepare, options=options),
            run=partial(self._run, options=options, limits=limits),
            splitter=self._splitter,
            max_words=self._limits.words,
        )

    def _load_arguments(self) -> dict[str, Any]:
        return {**self._loaded.arguments, "limits": self._limits}
