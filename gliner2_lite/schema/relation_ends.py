"""The entity types that the ends of a relation may have: ``{"head": ["person"], "tail": ["company"]}``.

They decide which of the found pairs are answered, see ``Answers.between``; the model does not read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import check_list, check_names, join, shown
from gliner2_lite.schema.spec import RelationSpec, SchemaSpec


class RelationEnds(NamedTuple):
    """Entity types of the head and of the tail; None for an end that may be anything."""

    head: tuple[str, ...] | None = None
    tail: tuple[str, ...] | None = None


def check_ends(config: Mapping[str, Any], path: str) -> RelationEnds:
    """The ends that a relation's configuration names, if any; whether the types are declared comes later."""
    types = (read_types(config.get(end), join(path, end)) for end in RelationEnds._fields)
    return RelationEnds(*(None if names is None else tuple(names) for names in types))


def read_types(value: object, path: str) -> list[str] | None:
    """The entity types of one end; None says nothing about it."""
    if value is None:
        return None
    names = check_names(check_list(value, path, of="entity types"), path)
    if not names:
        raise SchemaError(f"{path}: the list is empty; name an entity type, or leave the key out")
    return list(dict.fromkeys(names))


def with_ends(spec: SchemaSpec, ends: Mapping[str, RelationEnds]) -> SchemaSpec:
    """``spec`` with what was said about the ends of its relations, by relation name.

    Raises:
        SchemaError: an entity type that the schema does not ask for: no pair could ever be answered.
    """
    if not ends:
        return spec
    known = frozenset(entity.name for entity in spec.entities)
    return replace(spec, relations=tuple(_typed(relation, ends, known) for relation in spec.relations))


def _typed(relation: RelationSpec, ends: Mapping[str, RelationEnds], known: frozenset[str]) -> RelationSpec:
    if relation.name not in ends:
        return relation
    for end, types in zip(RelationEnds._fields, ends[relation.name], strict=True):
        for name in types or ():
            if name not in known:
                raise SchemaError(
                    f"{join('relations', relation.name)}.{end}: {name!r} is not an entity type of this "
                    f"schema, which has {shown(sorted(known))}; ask for both in one schema"
                )
    return replace(relation, head_types=ends[relation.name].head, tail_types=ends[relation.name].tail)
