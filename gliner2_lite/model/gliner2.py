"""The public model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

# Before all else: NumPy's threads spin for a while once they are started, and would slow the graph's opening.
import numpy  # noqa: F401

from gliner2_lite.answers.guess import format_raw
from gliner2_lite.bundle.manifest import Bundle
from gliner2_lite.errors import InputTypeError
from gliner2_lite.hub.options import HubOptions
from gliner2_lite.load.loading import LoadedModel, LoadOptions, load
from gliner2_lite.load.locate import locate
from gliner2_lite.model.tasks import TaskMethods
from gliner2_lite.pipeline.arguments import check_device, check_text
from gliner2_lite.pipeline.pipeline import Pipeline
from gliner2_lite.prompt.words import WordSplitter, normalize_text, resolve_splitter, split_words
from gliner2_lite.schema import Schema
from gliner2_lite.schema.limits import Limits, check_limits


class GLiNER2(TaskMethods):
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
        self._pipeline = Pipeline(loaded, resolve_splitter(word_splitter), check_limits(limits))

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
                ``"server"``, or ``"serverless"`` where this process may not use all processors.
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
            HubError: the repository cannot be downloaded.
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

    def __repr__(self) -> str:
        loaded = self._pipeline.loaded
        bundle, config, variant = loaded.bundle, loaded.bundle.config, loaded.variant
        source = bundle.raw.get("source")
        name = source.get("name") if isinstance(source, Mapping) else None
        size = sum(bundle.files[file].size for file in variant.files) / 1_000_000
        positions = f", {config.max_positions} positions" if config.max_positions else ""
        return (
            f"<{type(self).__name__} {str(name or bundle.root.name)!r}: {variant.name}, {size:.1f} MB, "
            f"architecture {bundle.architecture}, hidden size {config.hidden_size}{positions}>"
        )

    def __reduce__(self) -> NoReturn:
        raise InputTypeError(
            "a loaded model cannot be copied or sent to another process: load it there with from_pretrained "
            "(processes share the weight files), or use extract_iter(..., workers=N)"
        )

    @property
    def pipeline(self) -> Pipeline:
        """The stages behind every method, for callers who need them one by one."""
        return self._pipeline

    @property
    def bundle(self) -> Bundle:
        """The bundle this model was loaded from."""
        return self._pipeline.loaded.bundle

    @property
    def variant(self) -> str:
        """The name of the loaded variant."""
        return self._pipeline.loaded.variant.name

    def eval(self) -> GLiNER2:
        """Returns the model: it is always in inference mode."""
        return self

    def to(self, device: object) -> GLiNER2:
        """Returns the model for ``"cpu"``; another device is an InputError."""
        check_device(device)
        return self

    def set_word_splitter(self, word_splitter: str | WordSplitter | None) -> GLiNER2:
        """Use another splitter from now on: a name, a class without arguments, a callable. Returns self."""
        self._pipeline = replace(self._pipeline, splitter=resolve_splitter(word_splitter))
        return self

    def count_words(self, text: str | None) -> int:
        """How many words ``text`` has for this model; words beyond ``max_len`` are not read.

        Raises:
            InputError: not a text, or more words than the limits allow.
        """
        normalized = normalize_text(check_text(text))
        pipeline = self._pipeline
        return len(split_words(normalized, pipeline.splitter, max_words=pipeline.limits.words))

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
        return format_raw(
            results,
            include_confidence=include_confidence,
            requested_relations=requested_relations or (),
            classification_tasks=classification_tasks or (),
        )
