"""JSON text that may come from someone else → a dict: strict, bounded, with errors that say where."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.checks import shown
from gliner2_lite.schema.limits import Limits, check_limits


def parse_json(text: str, *, source: str, limits: Limits | None = None) -> dict[str, Any]:
    """The JSON object ``text`` as a dict; ``source`` opens every message.

    Raises SchemaError for text that is not JSON (with line and column), repeated keys, NaN or Infinity, and
    more characters or deeper nesting than ``limits`` allow (None: the default ones); SchemaTypeError for what
    is no text, or JSON of another kind.
    """
    allowed = check_limits(limits)
    if not isinstance(text, str):
        raise SchemaTypeError(f"{source}: expected text, got {type(text).__name__}")
    if len(text) > allowed.schema_chars:
        raise SchemaError(
            f"{source}: {len(text):,} characters; a schema has at most {allowed.schema_chars:,}"
        )

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise SchemaError(f"{source}: key {shown(key)} stands twice in one object; remove one")
            result[key] = value
        return result

    def refuse(word: str) -> NoReturn:
        raise SchemaError(f"{source}: {word} is not a JSON number; write a number between 0 and 1")

    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"{source}: not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except RecursionError:
        raise SchemaError(f"{source}: nested deeper than {allowed.schema_depth} levels") from None
    except SchemaError:
        raise
    except ValueError as error:  # a whole number with thousands of digits
        raise SchemaError(f"{source}: {error}") from error
    _check_depth(data, source, allowed.schema_depth)
    if not isinstance(data, dict):
        raise SchemaTypeError(
            f'{source}: expected an object such as {{"entities": ["person"]}}, got {shown(data)}'
        )
    return data


def _check_depth(data: object, source: str, limit: int) -> None:
    level: list[Any] = [data] if isinstance(data, (dict, list)) else []
    for _ in range(limit):
        if not level:
            return
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
    if level:
        raise SchemaError(f"{source}: nested deeper than {limit} levels")
