"""JSON Schema of type object, the part of it that says what to extract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import check_list, check_mapping, check_name, check_text, join, shown
from gliner2_lite.schema.limits import MAX_LABELS
from gliner2_lite.schema.shape import FieldShape, Shape, ValueShape, inexpressible

_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "flag"}
_LOCAL = ("#/$defs/", "#/definitions/")
_TYPES = "write one of string, integer, number, boolean, array, object, or an enum"


def read_json_schema(schema: Mapping[str, Any]) -> Shape:
    """The shape of a JSON Schema; its ``title`` names the structure, instances are dicts.

    Raises:
        SchemaError: no title, a ``$ref`` that leads nowhere, or what cannot be expressed, by its path.
    """
    reader = _Reader(schema)
    try:
        resolved, outer = reader.resolve(schema, "the JSON Schema", ())
        if "title" not in resolved:
            raise SchemaError('the JSON Schema has no "title"; it names the structure that the model reads')
        return _object(reader, resolved, check_name(resolved["title"], "title"), outer)
    except RecursionError:
        raise SchemaError("the JSON Schema is nested too deep; give the inner objects as a list") from None


class _Reader:
    """Follows the references of one document, and counts what it leads to: references can multiply."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left = MAX_LABELS

    def count(self, properties: int) -> None:
        self._left -= properties
        if self._left < 0:
            raise SchemaError(
                f"the JSON Schema has more than {MAX_LABELS:,} properties; ask in several calls"
            )

    def resolve(
        self, node: object, path: str, outer: tuple[str, ...]
    ) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """``node`` with what its ``$ref`` leads to, and the references that it lies within."""
        mapping = check_mapping(node, path, of="JSON Schema keywords")
        if isinstance(mapping.get("allOf"), list) and len(mapping["allOf"]) == 1:
            [inner] = mapping["allOf"]
            rest = {key: value for key, value in mapping.items() if key != "allOf"}
            mapping = {**check_mapping(inner, path, of="JSON Schema keywords"), **rest}
        while "$ref" in mapping:
            reference = check_text(mapping["$ref"], f"{path}.$ref")
            if reference in outer or reference == "#":
                raise inexpressible(path, f"{reference} within itself", "leave the property out")
            outer = (*outer, reference)
            rest = {key: value for key, value in mapping.items() if key != "$ref"}
            mapping = {**self._find(reference, path), **rest}
        return mapping, outer

    def _find(self, reference: str, path: str) -> Mapping[str, Any]:
        for prefix in _LOCAL:
            definitions = self._document.get(prefix[2:-1])
            name = reference.removeprefix(prefix)
            if reference.startswith(prefix) and isinstance(definitions, Mapping) and name in definitions:
                return check_mapping(definitions[name], path, of="JSON Schema keywords")
        raise SchemaError(f"{path}: {shown(reference)} leads nowhere; write #/$defs/NAME and define it there")


def _object(reader: _Reader, node: Mapping[str, Any], path: str, outer: tuple[str, ...]) -> Shape:
    if node.get("type", "object") != "object" or not node.get("properties"):
        raise inexpressible(path, "an object without properties", "name each key in its properties")
    properties = check_mapping(node["properties"], f"{path}.properties", of="name to JSON Schema")
    reader.count(len(properties))
    required = check_list(node.get("required", []), f"{path}.required", of="names")
    fields = []
    for name, inner in properties.items():
        place = join(path, check_name(name, path))
        resolved, within = reader.resolve(inner, place, outer)
        value = _value(reader, resolved, place, within)
        description = resolved.get("description")
        text = None if description is None else check_text(description, f"{place}.description")
        fields.append(FieldShape(name, value, name, text, name in required))
    return Shape(path, tuple(fields), dict)


def _value(reader: _Reader, node: Mapping[str, Any], path: str, outer: tuple[str, ...]) -> ValueShape:
    options, optional = _options(node, path)
    if len(options) != 1:
        instead = "write one of them, or a property for each that may be null"
        raise inexpressible(path, "a choice between several schemas", instead)
    resolved, outer = reader.resolve(options[0], path, outer)
    if resolved is not options[0]:  # behind a reference, there may be another choice
        inner = _value(reader, resolved, path, outer)
        return replace(inner, optional=inner.optional or optional)
    return replace(_single(reader, resolved, path, outer), optional=optional)


def _options(node: Mapping[str, Any], path: str) -> tuple[list[Mapping[str, Any]], bool]:
    """The schemas that a value may follow, without null, and whether null is among them."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in node:
            all_of_them = check_list(node[keyword], f"{path}.{keyword}", of="JSON Schemas")
            some = [option for option in all_of_them if option != {"type": "null"}]
            return some, len(some) < len(all_of_them)
    if "enum" in node:
        words = check_list(node["enum"], f"{path}.enum", of="values")
        return [{**node, "enum": [word for word in words if word is not None]}], None in words
    if isinstance(node.get("type"), list):
        kinds = [kind for kind in node["type"] if kind != "null"]
        return [{**node, "type": kind} for kind in kinds], len(kinds) < len(node["type"])
    return [node], False


def _single(reader: _Reader, node: Mapping[str, Any], path: str, outer: tuple[str, ...]) -> ValueShape:
    words = node.get("enum", [node["const"]] if "const" in node else None)
    if words is not None:
        if not words:
            raise inexpressible(path, "an empty enum", _TYPES)
        return ValueShape(choices=dict(_words(words, path)))
    kind = node.get("type", "object" if "properties" in node else None)
    if kind == "object":
        return ValueShape(nested=_object(reader, node, path, outer))
    if kind == "array":
        resolved, outer = reader.resolve(node.get("items", {"type": "string"}), path, outer)
        item = _value(reader, resolved, path, outer)
        if item.many is not None:
            raise inexpressible(path, "an array of arrays", "write an array of objects that have an array")
        return replace(item, many=list, optional=False, optional_items=item.optional)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise inexpressible(path, f"the type {shown(kind)}", _TYPES)
    return ValueShape(_KINDS[kind])


def _words(values: list[Any], path: str) -> Iterator[tuple[str, Any]]:
    for value in values:
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            raise inexpressible(path, f"{shown(value)} in an enum", "write texts and numbers")
        yield str(value), value
