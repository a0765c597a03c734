"""Case arguments as JSON ↔ the objects of either library's schema module.

In JSON a one-key dict stands for an object: ``{"$schema": [[method, [positional], {keyword}], …]}`` is
a schema made by these builder calls, ``{"$regex": {…}}`` a RegexValidator, ``{"$group": {…}}`` an
AttributeGroup, ``{"$tuple": […]}`` a tuple. ``library`` is ``gliner2`` or ``gliner2_lite``: both name
their classes alike.
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any


def materialise(value: Any, library: ModuleType) -> Any:
    """``value`` with every marked dict replaced by a fresh object of ``library``."""
    if isinstance(value, list):
        return [materialise(item, library) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, inner)] = value.items()
        if key == "$schema":
            return _schema(inner, library)
        if key == "$regex":
            return library.RegexValidator(**inner)
        if key == "$group":
            return library.AttributeGroup(**inner)
        if key == "$tuple":
            return tuple(materialise(inner, library))
    return {key: materialise(item, library) for key, item in value.items()}


def _schema(calls: list[Any], library: ModuleType) -> Any:
    schema = library.Schema()
    for method, positional, keyword in calls:
        if method == "through_dict":
            schema = library.Schema.from_dict(schema.to_dict())
        elif method == "through_json":
            schema = library.Schema.from_json(json.dumps(schema.to_dict()))
        else:
            arguments = materialise(positional, library)
            schema = getattr(schema, method)(*arguments, **materialise(keyword, library))
    return schema


def call(model: Any, case: dict[str, Any], library: ModuleType) -> Any:
    """Run one case on a model of ``library``: the reference's or this project's."""
    if case["splitter"] is not None:
        model.set_word_splitter(case["splitter"])
    try:
        return getattr(model, case["method"])(**materialise(case["args"], library))
    finally:
        if case["splitter"] is not None:
            model.set_word_splitter("whitespace")
