"""One line about a schema, for ``repr``: what it asks for and how much of it.

It changes nothing: a structure that is still open counts and stays open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gliner2_lite.schema.checks import shown

if TYPE_CHECKING:
    from gliner2_lite.schema.builder import Schema
    from gliner2_lite.schema.structure import StructureBuilder

#: Names of one kind that are written out; the rest is counted.
MOST_NAMES = 5


def describe_schema(schema: Schema) -> str:
    """``<Schema: 2 entity types 'person', 'city'; 1 classification 'mood' (2 labels)>``"""
    made = schema.schema
    structures = [(name, fields) for entry in made["json_structures"] for name, fields in entry.items()]
    opened = schema._open_structure
    if opened is not None and not opened._finished:
        structures.append((opened.parent, opened.fields))
    parts = (
        ("structure", [f"{shown(name)} ({_count(len(fields), 'field')})" for name, fields in structures]),
        ("entity type", map(shown, schema.options.entity_order)),
        ("attribute group", map(shown, schema.options.attribute_groups)),
        (
            "classification",
            [
                f"{shown(task['task'])} ({_count(len(task['labels']), 'label')})"
                for task in made["classifications"]
            ],
        ),
        ("relation", [shown(name) for entry in made["relations"] for name in entry]),
    )
    lines = [line for kind, names in parts if (line := _line(kind, names))]
    return f"<{type(schema).__name__}: {'; '.join(lines) or 'empty'}>"


def describe_structure(builder: StructureBuilder) -> str:
    """``<StructureBuilder 'product': 2 fields 'name', 'price'; of <Schema: …>>``"""
    fields = _line("field", map(shown, builder.fields)) or "no fields"
    return (
        f"<{type(builder).__name__} {shown(builder.parent)}: {fields}; of {describe_schema(builder.schema)}>"
    )


def _line(kind: str, names: Iterable[str]) -> str:
    every = list(names)
    if not every:
        return ""
    rest = ", …" if len(every) > MOST_NAMES else ""
    return f"{_count(len(every), kind)} {', '.join(every[:MOST_NAMES])}{rest}"


def _count(number: int, kind: str) -> str:
    return f"{number} {kind}" if number == 1 else f"{number} {kind}s"
