"""The options of a schema beside the processor dict: dtypes, thresholds, validators, orders, attributes.

The processor dict (``Schema.build()``) holds what reaches the prompt; this holds what decoding needs.
A plain processor dict has none of it, which is the same as an empty ``SchemaOptions``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gliner2_lite.schema.attributes import AttributeGroup
from gliner2_lite.schema.relation_ends import RelationEnds
from gliner2_lite.schema.spec import Validator


@dataclass(frozen=True, slots=True)
class SpanOptions:
    """How the spans of one entity type or structure field are selected."""

    dtype: str = "list"
    threshold: float | None = None
    validators: tuple[Validator, ...] = ()
    choices: tuple[str, ...] | None = None


@dataclass(slots=True)
class SchemaOptions:
    """Options declared on the builders, by name; the last one wins. ``fields``: by structure and field."""

    fields: dict[tuple[str, str], SpanOptions] = field(default_factory=dict)
    field_orders: dict[str, list[str]] = field(default_factory=dict)
    entities: dict[str, SpanOptions] = field(default_factory=dict)
    entity_order: dict[str, None] = field(default_factory=dict)  # an ordered set
    # In order of first declaration, which is also the order of the requested relations.
    relation_thresholds: dict[str, float | None] = field(default_factory=dict)
    relation_ends: dict[str, RelationEnds] = field(default_factory=dict)  # of those that have any
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    attribute_groups: dict[str, AttributeGroup] = field(default_factory=dict)
    attribute_prompts: dict[str, str] = field(default_factory=dict)

    @property
    def attribute_labels(self) -> frozenset[str]:
        """The attribute labels as they stand in the prompt."""
        return frozenset(self.attribute_prompts.values())
