"""The field mini-language of ``extract_json``: ``name::[a|b]::str::description``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.checks import (
    check_choices,
    check_dtype,
    check_keys,
    check_name,
    check_text,
    shown,
)
from gliner2_lite.schema.limits import DTYPES

SEPARATOR = "::"
FIELD_KEYS = frozenset({"name", "dtype", "choices", "description"})


class FieldDeclaration(NamedTuple):
    """One field as the caller wrote it."""

    name: str
    dtype: str = "list"
    choices: tuple[str, ...] | None = None
    description: str | None = None


def parse_field(spec: object, path: str = "field") -> FieldDeclaration:
    """A field from its string or dict form.

    ``name`` comes first; each further part is ``str`` or ``list``, choices in brackets, or else the
    description. Choices make the field ``str`` unless a part says otherwise. A dict has the keys ``name``
    and any of ``dtype``, ``choices``, ``description``.
    Raises SchemaError for a blank name or brackets that do not pair.
    """
    if isinstance(spec, str):
        return _from_string(spec, path)
    if isinstance(spec, Mapping):
        return _from_mapping(spec, path)
    raise SchemaTypeError(f'{path}: expected a string such as "name::str" or a dict, got {shown(spec)}')


def _from_string(spec: str, path: str) -> FieldDeclaration:
    name, *parts = spec.split(SEPARATOR)
    dtype: str | None = None
    choices: tuple[str, ...] | None = None
    description: str | None = None
    for part in parts:
        if part in DTYPES:
            dtype = part
        elif part.startswith("[") and part.endswith("]"):
            choices = tuple(choice.strip() for choice in part[1:-1].split("|"))
        elif _unpaired(part):
            raise SchemaError(
                f"{path}: {shown(spec)} has a bracket without its partner in {shown(part)}; "
                "write choices as name::[first|second]"
            )
        else:
            description = part
    if not name or name.isspace():
        raise SchemaError(f"{path}: {shown(spec)} has no field name; write it before the first '::'")
    return FieldDeclaration(
        name=check_name(name, path),
        dtype=dtype or ("str" if choices is not None else "list"),
        choices=choices,
        description=description,
    )


def _unpaired(part: str) -> bool:
    """Whether ``part`` looks like choices cut short: a bracket at an end, and not as many of the other."""
    at_an_end = part.startswith("[") or part.endswith("]")
    return at_an_end and part.count("[") != part.count("]")


def _from_mapping(spec: Mapping[Any, Any], path: str) -> FieldDeclaration:
    check_keys(spec, FIELD_KEYS, path, kind="key")
    if "name" not in spec:
        raise SchemaError(f'{path}: "name" is missing; write {{"name": "...", ...}}')
    choices = check_choices(spec.get("choices"), f"{path}.choices")
    description = spec.get("description")
    return FieldDeclaration(
        name=check_name(spec["name"], f"{path}.name"),
        dtype=check_dtype(spec.get("dtype", "list"), f"{path}.dtype"),
        choices=None if choices is None else tuple(choices),
        description=None if description is None else check_text(description, f"{path}.description"),
    )
