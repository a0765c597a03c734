"""Checks of single schema values: each returns the usable value or raises with the path to it.

A path names the place the way the user wrote it, such as ``entities.person.threshold`` or
``structures.product.fields[1].dtype``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from reprlib import Repr
from typing import Any

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.limits import DTYPES, MARKER_SET
from gliner2_lite.schema.spec import Validator

_PLAIN_KEY = re.compile(r"\w+")
_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 3, 80, 80


def join(path: str, key: object) -> str:
    """``path`` extended by one mapping key; keys that dots would blur are quoted."""
    if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{shown(key)}]"


def shown(value: object) -> str:
    """``repr`` of a wrong value, cut (in length and depth) to what fits a message."""
    return _SHORT.repr(value)


def check_text(value: object, path: str) -> str:
    """A string that a tokenizer can read: descriptions, prompts, example inputs."""
    if not isinstance(value, str):
        raise SchemaTypeError(f"{path}: expected a string, got {type(value).__name__} {shown(value)}")
    text = str.__str__(value)  # enum members and other str subclasses become plain strings
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise SchemaError(
                f"{path}: {shown(text)} holds a lone surrogate, which no tokenizer can read; remove it"
            ) from None
    return text


def check_choice(value: object, path: str) -> str:
    """A choice stands in front of the text as one word; it may be empty but not a marker."""
    text = check_text(value, path)
    if text in MARKER_SET:
        raise SchemaError(
            f"{path}: {text!r} is a marker of the prompt and cannot stand alone; use another word"
        )
    return text


def check_name(value: object, path: str) -> str:
    """A label, field, structure, relation or task name: text that is neither blank nor a marker."""
    text = check_choice(value, path)
    if not text or text.isspace():
        raise SchemaError(f"{path}: the name is blank; write the word that the model should look for")
    return text


def check_names(values: Iterable[object], path: str) -> list[str]:
    """``check_name`` of every item of a list, fast for the usual ones: schemas compile on every call."""
    return [
        value
        if type(value) is str and value.isascii() and value.strip() and value not in MARKER_SET
        else check_name(value, f"{path}[{index}]")
        for index, value in enumerate(values)
    ]


def check_threshold(value: object, path: str) -> float | None:
    """None (the call's threshold applies) or a number in [0, 1]."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SchemaTypeError(
            f"{path}: expected a number between 0 and 1, got {type(value).__name__} {shown(value)}"
        )
    number = float(value)
    if math.isnan(number) or not 0.0 <= number <= 1.0:
        raise SchemaError(f"{path}: {number} is not a threshold; write a number between 0 and 1")
    return number


def check_required_threshold(value: object, path: str) -> float:
    """A number in [0, 1] where None has no meaning."""
    number = check_threshold(value, path)
    if number is None:
        raise SchemaTypeError(f"{path}: expected a number between 0 and 1, got None; leave it out for 0.5")
    return number


def check_top_k(value: object, path: str) -> int | None:
    """None (no limit) or a whole number of at least 1."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise SchemaTypeError(f"{path}: expected a whole number, got {type(value).__name__} {shown(value)}")
    if value < 1:
        raise SchemaError(f"{path}: {value} keeps nothing; write 1 or more, or leave it out")
    return int(value)


def check_flag(value: object, path: str) -> bool:
    """True or False (1 and 0 count too)."""
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise SchemaTypeError(f"{path}: expected True or False, got {type(value).__name__} {shown(value)}")


def check_abstain(config: Mapping[str, Any], path: str) -> bool:
    """Whether a task of one label may answer None; one of several labels has no use for it."""
    value = config.get("abstain")
    abstain = value is not None and check_flag(value, f"{path}.abstain")
    if abstain and config.get("multi_label"):
        raise SchemaError(
            f"{path}.abstain: only a task that answers with one label can abstain; leave multi_label out"
        )
    return abstain


def check_dtype(value: object, path: str) -> str:
    """``"list"`` keeps all values, ``"str"`` the best one."""
    if not isinstance(value, str):
        raise SchemaTypeError(
            f'{path}: expected "str" (the best value) or "list" (all values), got {shown(value)}'
        )
    return check_word(value, DTYPES, path)


def check_word(value: object, known: tuple[str, ...], path: str) -> str:
    """One of a fixed set of words; the message has all of them, and the closest one as the remedy."""
    text = check_text(value, path)
    if text not in known:
        close = closest(text, known)
        remedy = f" (did you mean {close!r}?)" if close else ""
        raise SchemaError(f"{path}: {shown(text)} is unknown; write one of {', '.join(known)}{remedy}")
    return text


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that ``word`` was most likely meant to be, in whatever case; None if there is none."""
    from difflib import get_close_matches  # only on the way to an error

    close = get_close_matches(word.strip().lower(), list(known), n=1, cutoff=cutoff)
    return close[0] if close else None


def check_list(value: object, path: str, *, of: str) -> list[Any]:
    """A list (not a string, tuple or mapping); ``of`` names its items in the message."""
    if not isinstance(value, list):
        raise SchemaTypeError(f"{path}: expected a list of {of}, got {type(value).__name__} {shown(value)}")
    return value


def check_mapping(value: object, path: str, *, of: str) -> Mapping[Any, Any]:
    """A mapping; ``of`` names its keys and values in the message."""
    if not isinstance(value, Mapping):
        raise SchemaTypeError(f"{path}: expected a dict of {of}, got {type(value).__name__} {shown(value)}")
    return value


def check_choices(value: object, path: str) -> list[str] | None:
    """None for a span field, else the choices; an empty list means no choices."""
    if value is None:
        return None
    items = check_list(value, path, of="choices")
    return [check_choice(item, f"{path}[{index}]") for index, item in enumerate(items)] or None


def check_validators(value: object, path: str) -> tuple[Validator, ...]:
    """Objects with a ``validate(text) -> bool`` method."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise SchemaTypeError(
            f"{path}: expected a list of validators, got {type(value).__name__}; "
            "write [RegexValidator(...)], with brackets"
        )
    for index, item in enumerate(value):
        if not callable(getattr(item, "validate", None)):
            raise SchemaTypeError(
                f"{path}[{index}]: {shown(item)} has no validate(text) method; use RegexValidator(...)"
            )
    return tuple(value)


def check_examples(value: object, path: str) -> tuple[tuple[str, str], ...]:
    """Few-shot pairs ``(input, label)``."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise SchemaTypeError(f"{path}: expected a list of (input, label) pairs, got {shown(value)}")
    pairs = []
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if not isinstance(item, (list, tuple)):
            raise SchemaTypeError(f"{place}: expected an (input, label) pair, got {shown(item)}")
        if len(item) != 2:
            raise SchemaError(f"{place}: expected an (input, label) pair, got {len(item)} items")
        pairs.append((check_text(item[0], f"{place}[0]"), check_text(item[1], f"{place}[1]")))
    return tuple(pairs)


def check_keys(keys: Iterable[object], known: Collection[str], path: str, *, kind: str) -> None:
    """Raise for the first key that is not ``known``, with the closest known one as the remedy."""
    for key in keys:
        if key in known:
            continue
        close = closest(key, known) if isinstance(key, str) else None
        remedy = f"did you mean {close!r}? " if close else ""
        raise SchemaError(f"{join(path, key)}: unknown {kind}; {remedy}known: {', '.join(sorted(known))}")
