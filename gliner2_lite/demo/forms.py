"""What people type into the page → schemas; every mistake is a SchemaError with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema import Schema, load_schema_json
from gliner2_lite.schema.fields import SEPARATOR, parse_field

SEVERAL = re.compile(r"\s*\(\s*several\s*\)\s*$", re.IGNORECASE)


def entity_schema(labels: str) -> Schema:
    """Labels separated by commas or lines; a line ``label: description`` explains one.

    A description may hold commas: what has a colon is one label.
    """
    types: dict[str, str | None] = {}
    for number, line in _lines(labels):
        name, colon, description = line.partition(":")
        if colon:
            _add(types, name.strip(), description.strip() or None, f"Labels, line {number}")
        else:
            for part in filter(None, map(str.strip, line.split(","))):
                _add(types, part, None, f"Labels, line {number}")
    if not types:
        raise SchemaError("Labels: there are none yet; write at least one, such as person")
    schema = Schema()
    for name, meaning in types.items():
        schema.entities([name] if meaning is None else {name: meaning})
    return schema


def classification_schema(tasks: str) -> tuple[Schema, frozenset[str]]:
    """One task per line, ``task: label, label``; ``task (several): …`` may get any number of labels.

    Returns the schema and the names of the tasks that may get several. The schema asks for the probability
    of every label, so that the page can also show those that were not chosen; see ``answer.choose``.
    """
    schema, several, seen = Schema(), set(), dict[str, str | None]()
    for number, line in _lines(tasks):
        where = f"Tasks, line {number}"
        head, colon, rest = line.partition(":")
        name = SEVERAL.sub("", head).strip()
        labels: dict[str, str | None] = {}
        if not colon:
            raise SchemaError(f"{where}: there is no colon; write task: label, label")
        _add(seen, name, None, where)
        for label in filter(None, map(str.strip, rest.split(","))):
            _add(labels, label, None, where)
        if len(labels) < 2:
            raise SchemaError(
                f"{where}: {name} needs at least two labels to choose from, separated by commas"
            )
        if SEVERAL.search(head):
            several.add(name)
        schema.classification(
            name,
            list(labels),
            multi_label=True,
            cls_threshold=0.0,
            class_act="sigmoid" if name in several else "softmax",
        )
    if not seen:
        raise SchemaError("Tasks: there are none yet; write one such as mood: good, bad")
    return schema, frozenset(several)


def structure_schema(structures: str) -> Schema:
    """Structures: a line ``name:`` and below it one field per line, in the field mini-language."""
    fields: dict[str, list[tuple[str, str]]] = {}
    current = None
    for number, line in _lines(structures):
        where = f"Structures, line {number}"
        if line.endswith(":") and SEPARATOR not in line:
            current = line[:-1].strip()
            if not current:
                raise SchemaError(f"{where}: there is no name before the colon; write one such as product:")
            if current in fields:
                raise SchemaError(f"{where}: {current!r} stands there twice; remove one")
            fields[current] = []
        elif current is None:
            raise SchemaError(f"{where}: a field without a structure; write a line such as product: above it")
        else:
            spec = SEPARATOR.join(part.strip() for part in line.split(SEPARATOR))
            fields[current].append((where, spec))
    if not fields:
        raise SchemaError("Structures: there are none yet; write product: and its fields below")
    schema = Schema()
    for name, specs in fields.items():
        if not specs:
            raise SchemaError(f"Structures: {name} has no fields yet; write one per line below it")
        builder, known = schema.structure(name), dict[str, str | None]()
        for where, spec in specs:
            field = parse_field(spec, where)
            _add(known, field.name, None, where)
            choices = None if field.choices is None else list(field.choices)
            builder.field(field.name, field.dtype, choices, field.description)
    return schema


def whole_schema(json_text: str) -> Schema:
    """A schema in its JSON form."""
    if not json_text or json_text.isspace():
        raise SchemaError('Schema: it is empty; write one such as {"entities": ["person"]}')
    return load_schema_json(json_text, source="Schema")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that hold something, with their number from 1."""
    for number, line in enumerate((text or "").splitlines(), 1):
        if line.strip():
            yield number, line.strip()


def _add(names: dict[str, str | None], name: str, meaning: str | None, where: str) -> None:
    if not name:
        raise SchemaError(f"{where}: there is no name before the colon")
    if name in names:
        raise SchemaError(f"{where}: {name!r} stands there twice; remove one")
    names[name] = meaning
