"""Reading the friendly dict (and JSON) form of a schema, strictly.

    {"entities": ["company", "person"] or {"company": "description", "person": {"dtype": "str"}},
     "entity_attributes": {"tone": {"labels": ["calm", "angry"], "applies_to": ["person"]}},
     "structures": {"product": {"fields": [{"name": "price", "dtype": "str"}, "tags::list"]}},
     "classifications": [{"task": "mood", "labels": ["good", "bad"], "multi_label": true}],
     "relations": ["works_for"] or {"works_for": "description"}}

Every unknown key is an error; so are empty sections, blank or repeated names and single-label tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.attributes import AttributeGroup
from gliner2_lite.schema.checks import (
    check_abstain,
    check_choice,
    check_examples,
    check_keys,
    check_mapping,
    check_name,
    check_names,
    join,
)
from gliner2_lite.schema.coerce import (
    read_dtype,
    read_flag,
    read_list,
    read_option,
    read_optional_text,
    read_required_threshold,
    read_threshold,
    read_top_k,
)
from gliner2_lite.schema.fields import parse_field
from gliner2_lite.schema.label_descriptions import read_label_descriptions, under_one_name
from gliner2_lite.schema.limits import (
    CARDINALITIES,
    CLASS_ACTIVATIONS,
    OCCURRENCE_POLICIES,
    RECORD_MODES,
)
from gliner2_lite.schema.relation_ends import read_types

if TYPE_CHECKING:
    from gliner2_lite.schema.builder import Schema

SECTIONS = ("entities", "structures", "classifications", "relations")
SCHEMA_KEYS = frozenset({*SECTIONS, "entity_attributes"})
Reader = Callable[[object, str], Any]

# None says that a key counts as absent; the other keys of an object have no such spelling.
ENTITY_READERS: dict[str, Reader] = {
    "description": read_optional_text,
    "dtype": lambda value, path: None if value is None else read_dtype(value, path),
    "threshold": read_threshold,
}
RELATION_READERS: dict[str, Reader] = {
    "description": read_optional_text,
    "threshold": read_threshold,
    "head": read_types,
    "tail": read_types,
}


def read_friendly(data: Mapping[str, Any], schema: Schema) -> Schema:
    """Add everything that ``data`` declares to the empty ``schema`` and return it.

    Raises SchemaError, or SchemaTypeError for a wrong type, with the path to what is wrong.
    """
    check_mapping(data, "schema", of="section name to section")
    check_keys(data, SCHEMA_KEYS, "", kind="section")
    sections = {key: value for key, value in data.items() if value is not None}
    if not any(section in sections for section in SECTIONS):
        raise SchemaError(f"schema: nothing to extract; give at least one of {', '.join(SECTIONS)}")
    if "entity_attributes" in sections and "entities" not in sections:
        raise SchemaError("entity_attributes: there are no entities to ask about; add entities")

    if "entities" in sections:
        schema.entities(_named(sections["entities"], "entities", ENTITY_READERS))
        if "entity_attributes" in sections:
            schema.entity_attributes(_groups(sections["entity_attributes"]))
    if "structures" in sections:
        for name, structure in _filled(sections["structures"], "structures", of="structures").items():
            _read_structure(schema, check_name(name, "structures"), structure)
    if "classifications" in sections:
        _read_classifications(schema, sections["classifications"])
    if "relations" in sections:
        schema.relations(_named(sections["relations"], "relations", RELATION_READERS))
    return schema


def _named(value: object, path: str, readers: dict[str, Reader]) -> list[str] | dict[str, Any]:
    """Entity or relation types in one of their two spellings, for the builder."""
    if isinstance(value, Mapping):
        return {
            check_name(name, path): config
            if isinstance(config, str)
            else _object(config, join(path, name), readers)
            for name, config in _filled(value, path, of="types").items()
        }
    if isinstance(value, str):
        raise SchemaTypeError(
            f"{path}: expected a list of names, got the string {value!r}; write [{value!r}]"
        )
    items = read_list(value, path, of="names (or a dict of name to description)")
    if not items:
        raise SchemaError(f"{path}: the list is empty; name at least one, or leave the section out")
    return _unique(check_names(items, path), path)


def _object(value: object, path: str, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The keys of one object, each read by its reader; those that read as None are left out."""
    config = check_mapping(value, path, of="option to value")
    check_keys(config, readers.keys(), path, kind="key")
    read = {key: readers[key](item, join(path, key)) for key, item in config.items()}
    return {key: item for key, item in read.items() if item is not None}


def _filled(value: object, path: str, *, of: str) -> Mapping[Any, Any]:
    section = check_mapping(value, path, of=f"name to {of}")
    if not section:
        raise SchemaError(f"{path}: the dict is empty; declare at least one, or leave the section out")
    return section


def _unique(names: list[str], path: str) -> list[str]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise SchemaError(f"{path}[{index}]: {name!r} stands there twice; remove one")
        seen.add(name)
    return names


def _words(value: object, path: str) -> list[str]:
    """A list of strings that the builder checks further."""
    return [check_choice(item, f"{path}[{i}]") for i, item in enumerate(read_list(value, path, of="strings"))]


def _choices(value: object, path: str) -> list[str] | None:
    if value is None:
        return None
    choices = _words(value, path)
    if not choices:
        raise SchemaError(f"{path}: the list is empty; give at least one choice, or leave it out")
    return choices


def _one_of(known: tuple[str, ...]) -> Reader:
    return lambda value, path: None if value is None else read_option(value, known, path)


def _field(value: object, path: str) -> dict[str, Any]:
    """A field as a dict, or as text: ``name::str``."""
    if not isinstance(value, str):
        return _required(value, path, FIELD_READERS, "name")
    field = parse_field(value, path)
    choices = None if field.choices is None else list(field.choices)
    return {**field._asdict(), "choices": choices}


GROUP_READERS: dict[str, Reader] = {
    "labels": _words,
    "multi_label": read_flag,
    "threshold": read_required_threshold,
    "applies_to": lambda value, path: None if value is None else _words(value, path),
    "qualify_labels": read_flag,
}
FIELD_READERS: dict[str, Reader] = {
    "name": check_name,
    "dtype": read_dtype,
    "choices": _choices,
    "description": read_optional_text,
    "threshold": read_threshold,
    "cardinality": _one_of(CARDINALITIES),
    "exclusive": read_flag,
}
STRUCTURE_READERS: dict[str, Reader] = {
    "fields": lambda value, path: [
        _field(item, f"{path}[{index}]") for index, item in enumerate(read_list(value, path, of="fields"))
    ],
    "mode": _one_of(RECORD_MODES),
    "anchor": read_optional_text,
    "occurrence_policy": _one_of(OCCURRENCE_POLICIES),
}


def _required(value: object, path: str, readers: Mapping[str, Reader], *keys: str) -> dict[str, Any]:
    config = _object(value, path, readers)
    for key in keys:
        if key not in config:
            raise SchemaError(f"{path}.{key}: missing; every entry needs it")
    return config


def _groups(value: object) -> dict[str, AttributeGroup]:
    groups = check_mapping(value, "entity_attributes", of="group name to labels and options")
    return {
        name: AttributeGroup(**_required(group, join("entity_attributes", name), GROUP_READERS, "labels"))
        for name, group in groups.items()
    }


def _read_structure(schema: Schema, name: str, value: object) -> None:
    path = join("structures", name)
    config = _required(value, path, STRUCTURE_READERS, "fields")
    fields = config.pop("fields")
    if not fields:
        raise SchemaError(f"{path}.fields: the list is empty; declare at least one field")
    builder = schema.structure(name, **config)
    for field in fields:
        builder.field(**field)
    builder.finish()


def _labels(value: object, path: str) -> list[str] | dict[str, str]:
    """At least two labels, none blank or repeated."""
    if isinstance(value, Mapping):
        described = {check_name(label, path): text for label, text in value.items()}
        labels: list[str] | dict[str, str] = {
            label: _text(text, join(path, label)) for label, text in described.items()
        }
    else:
        items = read_list(value, path, of="labels (or a dict of label to description)")
        labels = _unique(check_names(items, path), path)
    if len(labels) < 2:
        raise SchemaError(f"{path}: {len(labels)} given; a task needs at least two labels to choose from")
    return labels


def _text(value: object, path: str) -> str:
    text = read_optional_text(value, path)
    if text is None:
        raise SchemaTypeError(
            f"{path}: expected a description, got null; write labels as a list to have none"
        )
    return text


def _examples(value: object, path: str) -> list[tuple[str, str]] | None:
    return None if value is None else list(check_examples(value, path))


CLASSIFICATION_READERS: dict[str, Reader] = {
    "task": check_name,
    "labels": _labels,
    "multi_label": read_flag,
    "cls_threshold": read_required_threshold,
    "top_k": read_top_k,
    "class_act": _one_of(CLASS_ACTIVATIONS),
    "prompt": read_optional_text,
    "examples": _examples,
    "abstain": read_flag,
    "label_descriptions": read_label_descriptions,
    "descriptions": read_label_descriptions,
}


def _read_classifications(schema: Schema, value: object) -> None:
    items = read_list(value, "classifications", of="classification tasks")
    if not items:
        raise SchemaError("classifications: the list is empty; declare a task, or leave the section out")
    seen: set[str] = set()
    for index, item in enumerate(items):
        path = f"classifications[{index}]"
        config = _required(item, path, CLASSIFICATION_READERS, "task", "labels")
        config = dict(under_one_name(config, path))
        if config["task"] in seen:
            raise SchemaError(f"{path}.task: {config['task']!r} is already a task; give it another name")
        seen.add(config["task"])
        check_abstain(config, path)  # as the builder does, which would name another place
        schema.classification(**config)
