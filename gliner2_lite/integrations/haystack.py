"""A Haystack component: documents in, the same documents out with answers in their ``meta``.

    pipeline.add_component("extract", GLiNER2Extractor("path/to/bundle", {"entities": ["person", "city"]}))

Needs ``pip install "gliner2-lite[haystack]"``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gliner2_lite.errors import InputError
from gliner2_lite.integrations import missing_extra
from gliner2_lite.integrations.extractor import Extractor, as_text
from gliner2_lite.integrations.reading import CHUNK_SIZE
from gliner2_lite.schema import Schema

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ModuleNotFoundError as error:
    raise missing_extra(error, "haystack") from error


@component
class GLiNER2Extractor:
    """Reads documents with one schema.

    Args:
        model: name, directory or repository of a bundle; loaded by ``warm_up``, once per process.
        schema: what to extract, as in a schema file: ``{"entities": [...], "classifications": [...], ...}``.
        meta_field: the key of ``meta`` that gets the answer, in the form of ``GLiNER2.extract``.
        threshold, include_confidence, include_spans, batch_size, variant, threads: as in ``GLiNER2``.
        long, chunk_size: read documents in windows of so many words, so that their length does not matter.
        on_error: ``"raise"``, or ``"record"`` to answer ``{"error": message}`` where a text cannot be run.

    Raises:
        SchemaError, InputError: when made.
    """

    def __init__(
        self,
        model: str,
        schema: dict[str, Any],
        *,
        meta_field: str = "gliner2",
        threshold: float = 0.5,
        include_confidence: bool = False,
        include_spans: bool = True,
        long: bool = True,
        chunk_size: int = CHUNK_SIZE,
        batch_size: int = 8,
        on_error: str = "raise",
        variant: str | None = None,
        threads: int | None = None,
    ) -> None:
        if isinstance(schema, Schema):
            raise InputError("schema must be a dict, which a pipeline file can hold; write schema.to_dict()")
        self.schema = schema
        self.meta_field = meta_field
        self._extractor = Extractor(
            model=as_text(model),
            schema=schema, threshold=threshold, include_confidence=include_confidence,
            include_spans=include_spans, long=long, chunk_size=chunk_size, batch_size=batch_size,
            on_error=on_error, variant=variant, threads=threads,
        )  # fmt: skip

    def warm_up(self) -> None:
        """Load the model; a pipeline calls this before its first run."""
        self._extractor.load()

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        """Copies of the documents with ``meta[meta_field]`` set; None for a document without text."""
        texts = [document.content for document in documents if document.content is not None]
        answers = iter(self._extractor.batch(texts))
        return {
            "documents": [
                replace(
                    document,
                    meta={
                        **document.meta,
                        self.meta_field: None if document.content is None else next(answers),
                    },
                )
                for document in documents
            ]
        }

    def to_dict(self) -> dict[str, Any]:
        """The settings, as pipeline files hold them."""
        extractor = self._extractor
        return default_to_dict(
            self, model=extractor.model, schema=self.schema, meta_field=self.meta_field,
            threshold=extractor.threshold, include_confidence=extractor.include_confidence,
            include_spans=extractor.include_spans, long=extractor.long, chunk_size=extractor.chunk_size,
            batch_size=extractor.batch_size, on_error=extractor.on_error, variant=extractor.variant,
            threads=extractor.threads,
        )  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GLiNER2Extractor:
        """The component that :meth:`to_dict` describes."""
        return default_from_dict(cls, data)
