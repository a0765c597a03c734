"""One method per task: each builds the schema and calls the general methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from gliner2_lite.answers.flat import flat_entities
from gliner2_lite.schema import classification_schema, entities_schema, relations_schema, structures_schema


class TaskMethods(ABC):
    """The convenience methods of the reference, on top of ``extract`` and its batch and long forms.

    All take the options of :meth:`GLiNER2.extract`; ``batch_*`` those of ``batch_extract``, ``*_long``
    those of ``extract_long``.
    """

    @abstractmethod
    def extract(
        self, text: str, schema: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """See ``GLiNER2.extract``."""

    @abstractmethod
    def batch_extract(
        self, texts: Sequence[str], schemas: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, max_len: int | None = None, overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """See ``GLiNER2.batch_extract``."""

    @abstractmethod
    def batch_extract_long(
        self, texts: Sequence[str], schemas: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """See ``GLiNER2.batch_extract_long``."""

    @abstractmethod
    def extract_long(
        self, text: str, schema: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """See ``GLiNER2.extract_long``."""

    def extract_entities(
        self, text: str, entity_types: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Entities of the given types.

        Args:
            text: the text.
            entity_types: a name, a list of names, or a dict name → description or
                ``{"description", "dtype", "threshold", "validators"}``.

        Returns:
            ``{"entities": {type: [...]}}``
        """
        return self.extract(
            text, entities_schema(entity_types),
            threshold, format_results, include_confidence, include_spans,
            max_len, overlap_policy,
        )  # fmt: skip

    def batch_extract_entities(
        self, texts: Sequence[str], entity_types: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_entities` for several texts."""
        return self.batch_extract(
            texts, entities_schema(entity_types),
            batch_size, threshold, 0, format_results, include_confidence,
            include_spans, max_len, overlap_policy,
        )  # fmt: skip

    def extract_entities_long(
        self, text: str, entity_types: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`extract_entities` for a document of any length."""
        return self.extract_long(
            text, entities_schema(entity_types),
            threshold, chunk_size, chunk_overlap, batch_size, num_workers,
            format_results, include_confidence, include_spans, overlap_policy,
        )  # fmt: skip

    def batch_extract_entities_long(
        self, texts: Sequence[str], entity_types: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_entities_long` for several documents."""
        return self.batch_extract_long(
            texts, entities_schema(entity_types),
            batch_size, threshold, num_workers, format_results,
            include_confidence, include_spans, chunk_size, chunk_overlap, overlap_policy,
        )  # fmt: skip

    def classify_text(
        self, text: str, tasks: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """One label per task, or several where the task says so.

        Args:
            text: the text.
            tasks: task name → list of labels, dict label → description, or a dict with ``labels`` and the
                keywords of ``Schema.classification``.

        Returns:
            ``{task: label}``
        """
        return self.extract(
            text, classification_schema(tasks),
            threshold, format_results, include_confidence, include_spans,
            max_len, overlap_policy,
        )  # fmt: skip

    def batch_classify_text(
        self, texts: Sequence[str], tasks: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`classify_text` for several texts."""
        return self.batch_extract(
            texts, classification_schema(tasks),
            batch_size, threshold, 0, format_results, include_confidence,
            include_spans, max_len, overlap_policy,
        )  # fmt: skip

    def classify_text_long(
        self, text: str, tasks: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`classify_text` for a document of any length."""
        return self.extract_long(
            text, classification_schema(tasks),
            threshold, chunk_size, chunk_overlap, batch_size, num_workers,
            format_results, include_confidence, include_spans, overlap_policy,
        )  # fmt: skip

    def batch_classify_text_long(
        self, texts: Sequence[str], tasks: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`classify_text_long` for several documents."""
        return self.batch_extract_long(
            texts, classification_schema(tasks),
            batch_size, threshold, num_workers, format_results,
            include_confidence, include_spans, chunk_size, chunk_overlap, overlap_policy,
        )  # fmt: skip

    def extract_json(
        self, text: str, structures: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Records: every structure with its fields, once per instance found.

        Args:
            text: the text.
            structures: structure name → list of fields, each a dict or ``"name::str::[a|b]::description"``.

        Returns:
            ``{structure: [{field: value}]}``
        """
        return self.extract(
            text, structures_schema(structures),
            threshold, format_results, include_confidence, include_spans,
            max_len, overlap_policy,
        )  # fmt: skip

    def batch_extract_json(
        self, texts: Sequence[str], structures: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_json` for several texts."""
        return self.batch_extract(
            texts, structures_schema(structures),
            batch_size, threshold, 0, format_results, include_confidence,
            include_spans, max_len, overlap_policy,
        )  # fmt: skip

    def extract_json_long(
        self, text: str, structures: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`extract_json` for a document of any length."""
        return self.extract_long(
            text, structures_schema(structures),
            threshold, chunk_size, chunk_overlap, batch_size, num_workers,
            format_results, include_confidence, include_spans, overlap_policy,
        )  # fmt: skip

    def batch_extract_json_long(
        self, texts: Sequence[str], structures: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_json_long` for several documents."""
        return self.batch_extract_long(
            texts, structures_schema(structures),
            batch_size, threshold, num_workers, format_results,
            include_confidence, include_spans, chunk_size, chunk_overlap, overlap_policy,
        )  # fmt: skip

    def extract_relations(
        self, text: str, relation_types: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Pairs (head, tail) of the given relations.

        Args:
            text: the text.
            relation_types: a name, a list of names, or a dict name → description or
                ``{"description", "threshold"}``.

        Returns:
            ``{"relation_extraction": {relation: [(head, tail)]}}``
        """
        return self.extract(
            text, relations_schema(relation_types),
            threshold, format_results, include_confidence, include_spans,
            max_len, overlap_policy,
        )  # fmt: skip

    def batch_extract_relations(
        self, texts: Sequence[str], relation_types: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_relations` for several texts."""
        return self.batch_extract(
            texts, relations_schema(relation_types),
            batch_size, threshold, 0, format_results, include_confidence,
            include_spans, max_len, overlap_policy,
        )  # fmt: skip

    def extract_relations_long(
        self, text: str, relation_types: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`extract_relations` for a document of any length."""
        return self.extract_long(
            text, relations_schema(relation_types),
            threshold, chunk_size, chunk_overlap, batch_size, num_workers,
            format_results, include_confidence, include_spans, overlap_policy,
        )  # fmt: skip

    def batch_extract_relations_long(
        self, texts: Sequence[str], relation_types: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_relations_long` for several documents."""
        return self.batch_extract_long(
            texts, relations_schema(relation_types),
            batch_size, threshold, num_workers, format_results,
            include_confidence, include_spans, chunk_size, chunk_overlap, overlap_policy,
        )  # fmt: skip

    def predict_entities(
        self, text: str, labels: Sequence[str], flat_ner: bool = True, threshold: float = 0.5,
        multi_label: bool = False,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Entities as GLiNER's ``predict_entities`` gives them.

        Args:
            text: the text.
            labels: entity types.
            flat_ner: True keeps no overlapping spans, False allows one inside another.
            threshold: probability from which a span counts.
            multi_label: True lets one range carry several labels.

        Returns:
            ``[{"start", "end", "text", "label", "score"}]`` sorted by place.
        """
        return self.batch_predict_entities([text], labels, flat_ner, threshold, multi_label)[0]

    def batch_predict_entities(
        self, texts: Sequence[str], labels: Sequence[str], flat_ner: bool = True, threshold: float = 0.5,
        multi_label: bool = False, batch_size: int = 8,
    ) -> list[list[dict[str, Any]]]:  # fmt: skip
        """:meth:`predict_entities` for several texts."""
        found = self.batch_extract_entities(
            texts, list(labels), batch_size, threshold, True, True, True, overlap_policy="allow"
        )
        return [
            flat_entities(result.get("entities", {}), flat_ner=flat_ner, multi_label=multi_label)
            for result in found
        ]
