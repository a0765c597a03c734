"""Check that a schema is no larger than the limits of a model allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import shown
from gliner2_lite.schema.limits import MARKERS, Limits
from gliner2_lite.schema.spec import SchemaSpec


def check_schema_size(spec: SchemaSpec, limits: Limits) -> None:
    """Refuse a schema that is larger than ``limits`` allow.

    Raises:
        SchemaError: names the number, the limit and the field of Limits that overrides it.
    """
    for structure in spec.structures:
        _check(
            len(structure.prompt_fields), f"structure {shown(structure.name)} has", "fields", limits.fields
        )
    labels = [
        *spec.entity_labels,
        *(field for structure in spec.structures for field in structure.prompt_fields),
        *(role for relation in spec.relations for role in relation.fields),
        *(label for task in spec.classifications for label in task.labels),
    ]
    _check(len(labels), "the schema has", "labels", limits.labels)
    choices = [choice for group in spec.choice_groups for _, words in group.fields for choice in words]
    _check(len(choices), "the schema has", "choices", limits.choices)
    names = [*labels, *choices, *_task_names(spec)]
    for name in names:
        if len(name) > limits.label_chars:
            raise SchemaError(
                f"{shown(name)} has {len(name):,} characters, a label has at most {limits.label_chars:,}; "
                "put what explains it into its description, or raise Limits.label_chars"
            )
    if not limits.markers:
        _check_markers([*names, *_descriptions(spec)])


def _check(count: int, what: str, kind: str, limit: int) -> None:
    if count > limit:
        raise SchemaError(
            f"{what} {count:,} {kind}, at most {limit:,} are allowed; ask in several calls, or raise "
            f"Limits.{kind}"
        )


def _task_names(spec: SchemaSpec) -> Iterator[str]:
    yield from (structure.name for structure in spec.structures)
    yield from (relation.name for relation in spec.relations)
    yield from (task.task for task in spec.classifications)


def _descriptions(spec: SchemaSpec) -> Iterator[str]:
    """All other text of the prompt."""
    yield from (text for _, text in spec.entity_descriptions)
    yield from (text for structure in spec.structures for _, text in structure.descriptions)
    yield from (relation.description or "" for relation in spec.relations)
    for task in spec.classifications:
        yield task.prompt or ""
        yield from (text for _, text in task.descriptions)
        yield from (text for text, _ in task.examples)


def _check_markers(texts: Iterable[str]) -> None:
    for text in texts:
        for marker in MARKERS:
            if marker in text:
                raise SchemaError(
                    f"{shown(text)} contains {marker}, a marker of the prompt; write another word, or set "
                    "Limits.markers"
                )
