"""The options that say what to extract, and the one schema that they and ``--schema`` make."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gliner2_lite.errors import SchemaError

if TYPE_CHECKING:
    from gliner2_lite.schema import Schema


MAX_SCHEMA_BYTES = 1 << 24  # four bytes for each of the characters that Schema.from_json takes


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`build_schema` reads."""
    what = parser.add_argument_group("what to extract (at least one)")
    what.add_argument(
        "--entities",
        type=_names,
        action="append",
        metavar="A,B",
        help="entity types; NAME::MEANING explains one",
    )
    what.add_argument(
        "--classify",
        type=_classification,
        action="append",
        metavar="TASK=A,B",
        help="one label per task; repeatable",
    )
    what.add_argument(
        "--structure",
        type=_structure,
        action="append",
        metavar="NAME=F::str;G",
        help="records with fields; repeatable",
    )
    what.add_argument(
        "--relations",
        type=_names,
        action="append",
        metavar="A,B",
        help="relation types, each found as (head, tail)",
    )
    what.add_argument(
        "--schema", type=Path, metavar="FILE.json", help="a schema as JSON; the options above are added to it"
    )


def has_tasks(options: argparse.Namespace) -> bool:
    """Whether any option says what to extract."""
    return any((options.entities, options.classify, options.structure, options.relations, options.schema))


def build_schema(options: argparse.Namespace) -> Schema:
    """All tasks of the command line, and those of ``--schema``, as one schema."""
    from gliner2_lite.schema import Schema
    from gliner2_lite.schema.fields import parse_field

    schema = Schema() if options.schema is None else load_schema(options.schema)
    for names in options.entities or ():
        schema.entities(names)
    for names in options.relations or ():
        schema.relations(names)
    for task, labels in options.classify or ():
        schema.classification(task, labels)
    for name, fields in options.structure or ():
        structure = schema.structure(name)
        for index, text in enumerate(fields):
            field = parse_field(text, f"structures.{name}[{index}]")
            choices = None if field.choices is None else list(field.choices)
            structure.field(field.name, dtype=field.dtype, choices=choices, description=field.description)
    return schema


def load_schema(path: Path) -> Schema:
    """The schema in a friendly JSON file; SchemaError names the file and what is wrong in it."""
    from gliner2_lite.schema import Schema

    try:
        with path.open("rb") as file:  # no more of it than may be a schema: it may also be a device
            content = file.read(MAX_SCHEMA_BYTES + 1)
        if len(content) > MAX_SCHEMA_BYTES:
            raise SchemaError(f"{path} has more than {MAX_SCHEMA_BYTES:,} bytes; it is not a schema")
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path} cannot be read ({error}): give a UTF-8 JSON file") from error
    try:
        return Schema.from_json(text)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error


def _names(text: str) -> list[str] | dict[str, str]:
    """``a,b`` to names, or ``a::meaning,b`` to names with meanings (an empty one is none)."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} has an empty name: write names with commas between, as in a,b"
        )
    if not any("::" in part for part in parts):
        return parts
    return {name.strip(): meaning.strip() for name, _, meaning in (part.partition("::") for part in parts)}


def _classification(text: str) -> tuple[str, list[str] | dict[str, str]]:
    task, equals, labels = text.partition("=")
    if not (task.strip() and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not TASK=LABEL,LABEL as in mood=good,bad")
    return task.strip(), _names(labels)


def _structure(text: str) -> tuple[str, list[str]]:
    name, equals, fields = text.partition("=")
    # A ";" inside the brackets of a choice list does not end the field.
    parts = [part.strip() for part in re.split(r";(?![^\[;]*\])", fields)]
    if not (name.strip() and equals and all(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FIELD;FIELD as in product=name::str;price")
    return name.strip(), parts
