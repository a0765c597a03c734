"""The options that say what to extract, and the one schema that they and ``--schema`` make."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gliner2_lite.cli.label_options import (
    Labels,
    items,
    joined,
    names,
    names_of_task,
    one_name,
    one_name_of_task,
)
from gliner2_lite.errors import SchemaError

if TYPE_CHECKING:
    from gliner2_lite.schema import Schema


def add_task_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`build_schema` reads."""
    what = parser.add_argument_group("what to extract (at least one)")
    what.add_argument(
        "--entities",
        type=names,
        action="append",
        metavar="A,B",
        help=r"entity types; NAME::MEANING explains one (\, is a comma of the meaning)",
    )
    what.add_argument(
        "--entity",
        type=one_name,
        action="append",
        dest="entities",
        metavar="NAME::MEANING",
        help="one entity type, its meaning with any commas; repeatable",
    )
    what.add_argument(
        "--classify",
        type=names_of_task,
        action="append",
        metavar="TASK=A,B",
        help="one label per task; repeatable",
    )
    what.add_argument(
        "--label",
        type=one_name_of_task,
        action="append",
        metavar="TASK=NAME::MEANING",
        help="one label of a task, its meaning with any commas; repeatable",
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
        type=names,
        action="append",
        metavar="A,B",
        help="relation types, each found as (head, tail)",
    )
    what.add_argument(
        "--relation",
        type=one_name,
        action="append",
        dest="relations",
        metavar="NAME::MEANING",
        help="one relation type, its meaning with any commas; repeatable",
    )
    what.add_argument(
        "--schema", type=Path, metavar="FILE.json", help="a schema as JSON; the options above are added to it"
    )


def has_tasks(options: argparse.Namespace) -> bool:
    """Whether any option says what to extract."""
    asked = (options.entities, options.classify, options.label, options.structure, options.relations)
    return any((*asked, options.schema))


def build_schema(options: argparse.Namespace) -> Schema:
    """All tasks of the command line, and those of ``--schema``, as one schema."""
    from gliner2_lite.schema import Schema
    from gliner2_lite.schema.fields import parse_field

    schema = Schema() if options.schema is None else Schema.from_file(options.schema)
    for types in options.entities or ():
        schema.entities(types)
    for types in options.relations or ():
        schema.relations(types)
    for task, labels in _tasks(options):
        schema.classification(task, labels)
    for name, fields in options.structure or ():
        structure = schema.structure(name)
        for index, text in enumerate(fields):
            field = parse_field(text, f"structures.{name}[{index}]")
            choices = None if field.choices is None else list(field.choices)
            structure.field(field.name, dtype=field.dtype, choices=choices, description=field.description)
    return schema


def _tasks(options: argparse.Namespace) -> list[tuple[str, Labels]]:
    """The tasks of ``--classify``, then those of ``--label``, whose labels come one by one."""
    single: dict[str, dict[str, str]] = {}
    for task, label in options.label or ():
        single.setdefault(task, {}).update(items(label))
    tasks: list[tuple[str, Labels]] = list(options.classify or ())
    for task, _ in tasks:
        if task in single:
            raise SchemaError(
                f"--label: {task!r} has labels from --classify too; write all of them with one of the two"
            )
    return [*tasks, *((task, joined(labels.items())) for task, labels in single.items())]


def _structure(text: str) -> tuple[str, list[str]]:
    name, equals, fields = text.partition("=")
    # A ";" inside the brackets of a choice list does not end the field, and neither does "\;".
    parts = [part.strip().replace(r"\;", ";") for part in re.split(r"(?<!\\);(?![^\[;]*\])", fields)]
    if not (name.strip() and equals and all(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FIELD;FIELD as in product=name::str;price")
    return name.strip(), parts
