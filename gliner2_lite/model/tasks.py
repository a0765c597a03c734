"""One method per task: each builds a schema and extracts by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliner2_lite.answers.flat import flat_entities
from gliner2_lite.model.texts import TextMethods
from gliner2_lite.pipeline.options import CallOptions, RelationKeys
from gliner2_lite.schema import classification_schema, entities_schema, relations_schema, structures_schema


class TaskMethods(TextMethods):
    """The one-task methods of the reference.

    All take the options of :meth:`GLiNER2.extract`; ``batch_*`` those of ``batch_extract``, ``*_long``
    those of ``extract_long``.
    """

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
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
        )  # fmt: skip
        return self._answer(text, entities_schema(entity_types), options)

    def batch_extract_entities(
        self, texts: Sequence[str], entity_types: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None, *, batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_entities` for several texts."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
        )  # fmt: skip
        return self._answer_all(texts, entities_schema(entity_types), options)

    def extract_entities_long(
        self, text: str, entity_types: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
        *, batch_tokens: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`extract_entities` for a document of any length."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer(text, entities_schema(entity_types), options)

    def batch_extract_entities_long(
        self, texts: Sequence[str], entity_types: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None, *, batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_entities_long` for several documents."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer_all(texts, entities_schema(entity_types), options)

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
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
        )  # fmt: skip
        return self._answer(text, classification_schema(tasks), options)

    def batch_classify_text(
        self, texts: Sequence[str], tasks: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None, *, batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`classify_text` for several texts."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
        )  # fmt: skip
        return self._answer_all(texts, classification_schema(tasks), options)

    def classify_text_long(
        self, text: str, tasks: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
        *, batch_tokens: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`classify_text` for a document of any length."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer(text, classification_schema(tasks), options)

    def batch_classify_text_long(
        self, texts: Sequence[str], tasks: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None, *, batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`classify_text_long` for several documents."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer_all(texts, classification_schema(tasks), options)

    def extract_json(
        self, text: str, structures: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Records: every structure with its fields, once per instance found.

        Args:
            text: the text.
            structures: structure name → list of fields, each a dict or ``"name::str::[a|b]::description"``;
                or a class, see ``Schema.from_model``.

        Returns:
            ``{structure: [{field: value}]}``
        """
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
        )  # fmt: skip
        return self._answer(text, structures_schema(structures), options)

    def batch_extract_json(
        self, texts: Sequence[str], structures: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None, *, batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_json` for several texts."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
        )  # fmt: skip
        return self._answer_all(texts, structures_schema(structures), options)

    def extract_json_long(
        self, text: str, structures: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
        *, batch_tokens: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`extract_json` for a document of any length."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer(text, structures_schema(structures), options)

    def batch_extract_json_long(
        self, texts: Sequence[str], structures: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None, *, batch_tokens: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_json_long` for several documents."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer_all(texts, structures_schema(structures), options)

    def extract_relations(
        self, text: str, relation_types: Any, threshold: float = 0.5, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, max_len: int | None = None,
        overlap_policy: str | None = None, *, relation_keys: RelationKeys = "reference",
    ) -> dict[str, Any]:  # fmt: skip
        """Pairs (head, tail) of the given relations.

        Args:
            text: the text.
            relation_types: a name, a list of names, or a dict name → description or
                ``{"description", "threshold"}``. ``relation_keys="name"`` answers one with a description
                under its name.

        Returns:
            ``{"relation_extraction": {relation: [(head, tail)]}}``
        """
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            relation_keys=relation_keys,
        )  # fmt: skip
        return self._answer(text, relations_schema(relation_types), options)

    def batch_extract_relations(
        self, texts: Sequence[str], relation_types: Any, batch_size: int = 8, threshold: float = 0.5,
        format_results: bool = True, include_confidence: bool = False, include_spans: bool = False,
        max_len: int | None = None, overlap_policy: str | None = None, *, batch_tokens: int | None = None,
        relation_keys: RelationKeys = "reference",
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_relations` for several texts."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, max_len=max_len, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
        )  # fmt: skip
        return self._answer_all(texts, relations_schema(relation_types), options)

    def extract_relations_long(
        self, text: str, relation_types: Any, threshold: float = 0.5, chunk_size: int = 384,
        chunk_overlap: int = 64, batch_size: int = 8, num_workers: int = 0, format_results: bool = True,
        include_confidence: bool = False, include_spans: bool = False, overlap_policy: str | None = None,
        *, batch_tokens: int | None = None, relation_keys: RelationKeys = "reference",
    ) -> dict[str, Any]:  # fmt: skip
        """:meth:`extract_relations` for a document of any length."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer(text, relations_schema(relation_types), options)

    def batch_extract_relations_long(
        self, texts: Sequence[str], relation_types: Any, batch_size: int = 8, threshold: float = 0.5,
        num_workers: int = 0, format_results: bool = True, include_confidence: bool = False,
        include_spans: bool = False, chunk_size: int = 384, chunk_overlap: int = 64,
        overlap_policy: str | None = None, *, batch_tokens: int | None = None,
        relation_keys: RelationKeys = "reference",
    ) -> list[dict[str, Any]]:  # fmt: skip
        """:meth:`extract_relations_long` for several documents."""
        options = CallOptions.checked(
            threshold=threshold, format_results=format_results, include_confidence=include_confidence,
            include_spans=include_spans, overlap_policy=overlap_policy,
            batch_size=batch_size, batch_tokens=batch_tokens, relation_keys=relation_keys,
            long=True, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
        )  # fmt: skip
        return self._answer_all(texts, relations_schema(relation_types), options)

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
        multi_label: bool = False, batch_size: int = 8, *, batch_tokens: int | None = None,
    ) -> list[list[dict[str, Any]]]:  # fmt: skip
        """:meth:`predict_entities` for several texts."""
        options = CallOptions.checked(
            threshold=threshold, include_confidence=True, include_spans=True, overlap_policy="allow",
            batch_size=batch_size, batch_tokens=batch_tokens,
        )  # fmt: skip
        return [
            flat_entities(result.get("entities", {}), flat_ner=flat_ner, multi_label=multi_label)
            for result in self._answer_all(texts, entities_schema(list(labels)), options)
        ]
