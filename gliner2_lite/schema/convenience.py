"""Schemas made in one call: for the methods with one task, and from JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.builder import CLASSIFICATION_OPTIONS, Schema
from gliner2_lite.schema.checks import check_keys, check_mapping, check_name, join, shown
from gliner2_lite.schema.fields import parse_field
from gliner2_lite.schema.json_text import parse_json
from gliner2_lite.schema.limits import Limits

TASK_KEYS = CLASSIFICATION_OPTIONS | {"labels"}


def load_schema_json(text: str, *, source: str, limits: Limits | None = None) -> Schema:
    """The schema that the JSON ``text`` declares in the friendly form; ``source`` opens every message.

    Raises SchemaError, or SchemaTypeError for a wrong type, for whatever ``parse_json`` or
    ``Schema.from_dict`` rejects.
    """
    data = parse_json(text, source=source, limits=limits)
    try:
        return Schema.from_dict(data)
    except SchemaTypeError as error:
        raise SchemaTypeError(f"{source}: {error}") from error
    except SchemaError as error:
        raise SchemaError(f"{source}: {error}") from error


def entities_schema(entity_types: str | list[str] | Mapping[str, Any]) -> Schema:
    """The schema of ``extract_entities``; forms as for ``Schema.entities``."""
    return Schema().entities(entity_types)


def relations_schema(relation_types: str | list[str] | Mapping[str, Any]) -> Schema:
    """The schema of ``extract_relations``; forms as for ``Schema.relations``."""
    return Schema().relations(relation_types)


def classification_schema(tasks: Mapping[str, Any]) -> Schema:
    """The schema of ``classify_text``.

    Each task is a list of labels, a dict of label to description, or a dict with ``labels`` and any
    keyword of ``Schema.classification``.
    """
    schema = Schema()
    for task, config in check_mapping(tasks, "tasks", of="task name to labels").items():
        if isinstance(config, Mapping) and "labels" in config:
            check_keys(config, TASK_KEYS, join("tasks", task), kind="option")
            schema.classification(task, **config)
        else:
            schema.classification(task, config)
    return schema


def structures_schema(structures: Mapping[str, Any] | type[Any]) -> Schema:
    """The schema of ``extract_json``: structure name to its fields, see ``parse_field``; or a model class."""
    if isinstance(structures, type):
        return Schema.from_model(structures)
    schema = Schema()
    for name, fields in check_mapping(structures, "structures", of="structure name to fields").items():
        path = join("structures", check_name(name, "structures"))
        if not isinstance(fields, (list, tuple)):
            raise SchemaTypeError(
                f'{path}: expected a list of fields such as ["name::str", "tags"], got {shown(fields)}'
            )
        builder = schema.structure(name)
        for index, spec in enumerate(fields):
            field = parse_field(spec, f"{path}[{index}]")
            builder.field(
                field.name,
                dtype=field.dtype,
                choices=list(field.choices) if field.choices is not None else None,
                description=field.description,
            )
    return schema
