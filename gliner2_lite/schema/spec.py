"""What a schema asks for, as frozen data: the one form that all later stages read.

A builder (``Schema``), a friendly dict and the reference's processor dict all end here, see
``compile_schema``. Order matters: it fixes the prompt, the result keys and the tie-breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Validator(Protocol):
    """Decides whether an extracted surface text may be returned."""

    def validate(self, text: str) -> bool:
        """True to keep ``text``."""
        ...


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One entity type of the result. ``dtype`` other than ``"list"`` keeps only the best span."""

    name: str
    dtype: str = "list"
    threshold: float | None = None
    validators: tuple[Validator, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a structure. ``choices`` is None for a span field, a tuple for a choice field."""

    name: str
    dtype: str = "list"
    threshold: float | None = None
    choices: tuple[str, ...] | None = None
    validators: tuple[Validator, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordField:
    """How many values a field has (None: not declared), and whether a span serves one record only."""

    name: str
    cardinality: str | None = None
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """How a structure forms several records; only checkpoints that form records read it.

    ``anchor`` is the field that starts a record, in mode ``"natural"`` alone. ``fields`` are the prompt's
    fields with a declaration, in the order of the prompt. None stands for what was not declared.
    """

    mode: str
    anchor: str | None = None
    occurrence_policy: str | None = None
    fields: tuple[RecordField, ...] = ()


@dataclass(frozen=True, slots=True)
class StructureSpec:
    """One structure. ``prompt_fields`` is the order of the prompt, ``fields`` that of the result.

    ``record`` is None where no mode was declared: there is one record at most.
    """

    name: str
    prompt_fields: tuple[str, ...]
    fields: tuple[FieldSpec, ...]
    descriptions: tuple[tuple[str, str], ...] = ()
    record: RecordSpec | None = None


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """The choice fields of one structure declaration, as they stand before the text."""

    structure: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class RelationSpec:
    """One relation type; ``fields`` are its roles, ``("head", "tail")`` unless a raw dict differs.

    ``head_types`` and ``tail_types`` are the entity types that its ends may have, None for any text.
    """

    name: str
    fields: tuple[str, ...] = ("head", "tail")
    description: str | None = None
    threshold: float | None = None
    head_types: tuple[str, ...] | None = None
    tail_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClassificationSpec:
    """One classification task over ``labels``; ``top_k`` acts on multi-label only.

    ``threshold`` acts on multi-label, and on a single label with ``abstain``: no answer below it.
    """

    task: str
    labels: tuple[str, ...]
    multi_label: bool = False
    threshold: float = 0.5
    top_k: int | None = None
    class_act: str = "auto"
    prompt: str | None = None
    descriptions: tuple[tuple[str, str], ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    abstain: bool = False


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One attribute group: ``labels[i]`` stands in the prompt as ``prompt_labels[i]``."""

    name: str
    labels: tuple[str, ...]
    prompt_labels: tuple[str, ...]
    multi_label: bool = False
    threshold: float = 0.5
    applies_to: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SchemaSpec:
    """A whole schema. ``entity_labels`` is the prompt, attribute labels included; ``entities`` the result."""

    structures: tuple[StructureSpec, ...] = ()
    choice_groups: tuple[ChoiceGroup, ...] = ()
    entity_labels: tuple[str, ...] = ()
    entities: tuple[EntitySpec, ...] = ()
    entity_descriptions: tuple[tuple[str, str], ...] = ()
    relations: tuple[RelationSpec, ...] = ()
    requested_relations: tuple[str, ...] = ()
    classifications: tuple[ClassificationSpec, ...] = ()
    attributes: tuple[AttributeSpec, ...] = ()
