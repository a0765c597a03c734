"""Recorded questions whose words this project refuses on purpose, in the words that ask the same.

The reference takes any ``dtype`` and ``class_act`` and reads an unknown one as its default; here it is an
error (docs/differences.md). The answer is still comparable: :func:`accepted` spells the question with the
word that the reference read.
"""

from __future__ import annotations

from typing import Any

from gliner2_lite.schema.limits import CLASS_ACTIVATIONS, DTYPES


def accepted(value: Any) -> Any:
    """``value``, an argument of a recorded call, with every refused word replaced; itself if it has none."""
    if isinstance(value, list):
        items = [accepted(item) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, dict):
        spelt = {key: _word(key, accepted(item)) for key, item in value.items()}
        return value if all(spelt[key] is value[key] for key in value) else spelt
    return value


def _word(key: str, value: Any) -> Any:
    if key == "dtype" and isinstance(value, str) and value not in DTYPES:
        return "str"
    if key == "class_act" and isinstance(value, str) and value not in CLASS_ACTIVATIONS:
        return "auto"
    return value
