"""Values of a friendly dict as JSON writers spell them: numbers and flags may come as strings.

Accepts what the reference's validation accepts (``"0.5"``, ``"yes"``, ``3.0`` where 3 is meant) and turns
it into the plain Python value; range checks are those of ``checks``. A bool is never a number here.
"""

from __future__ import annotations

import re

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import (
    check_dtype,
    check_flag,
    check_list,
    check_required_threshold,
    check_text,
    check_threshold,
    check_top_k,
    check_word,
    shown,
)

_FLAGS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}
_WHOLE = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*(?:\.0+)?")
_MAX_DIGITS = 18  # a top_k beyond that limits nothing


def read_threshold(value: object, path: str) -> float | None:
    """None or a number in [0, 1], possibly written as a string."""
    return check_threshold(_number(value, path), path)


def read_required_threshold(value: object, path: str) -> float:
    """A number in [0, 1], possibly written as a string."""
    return check_required_threshold(_number(value, path), path)


def read_top_k(value: object, path: str) -> int | None:
    """None or a whole number of at least 1, possibly written as ``3.0`` or ``"3"``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, str):
        text = value.strip()
        if not _WHOLE.fullmatch(text) or len(text) > _MAX_DIGITS:
            raise SchemaError(f"{path}: {shown(value)} is not a whole number; write 1 or more")
        value = int(text.partition(".")[0])
    return check_top_k(value, path)


def read_flag(value: object, path: str) -> bool:
    """True or False, possibly written as 1, 0 or a word such as ``"yes"``."""
    if isinstance(value, str):
        if value.lower() not in _FLAGS:
            raise SchemaError(f"{path}: {shown(value)} is not a flag; write true or false")
        return _FLAGS[value.lower()]
    if isinstance(value, float) and value in (0.0, 1.0):
        return bool(value)
    return check_flag(value, path)


def read_dtype(value: object, path: str) -> str:
    """``"str"`` or ``"list"`` and nothing else."""
    return check_dtype(value, path)


def read_option(value: object, known: tuple[str, ...], path: str) -> str:
    """One of a fixed set of words."""
    return check_word(value, known, path)


def read_optional_text(value: object, path: str) -> str | None:
    """A string, or None for nothing."""
    return None if value is None else check_text(value, path)


def read_list(value: object, path: str, *, of: str) -> list[object]:
    """A list; a tuple counts as one."""
    return check_list(list(value) if isinstance(value, tuple) else value, path, of=of)


def _number(value: object, path: str) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        return float(text) if text.isascii() else value
    except ValueError:
        raise SchemaError(f"{path}: {shown(value)} is not a number; write one between 0 and 1") from None
