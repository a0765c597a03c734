"""Texts of answers → values of Python's types, and nothing that would be a guess.

A text that is not the whole value, such as ``"about 5"`` or ``"400mg"`` for a number, does not convert.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_CURRENCY = r"([^\w\s.,+-]?)"
_NUMBER = re.compile(rf"([+-]?)\s?{_CURRENCY}\s?(\d{{1,3}}(?:,\d{{3}})+|\d+)(\.\d+)?\s?{_CURRENCY}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"[T ]\d\d:\d\d(:\d\d(\.\d{3}|\.\d{6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
#: A span may end with the sentence.
_ENDS = ".,;:!?"


def convert(text: str, kind: str) -> Any:
    """The value of ``text`` as a ``kind`` of ``schema.shape``.

    Numbers may have commas between thousands and one currency sign; dates are ISO 8601; flags are yes, no,
    true and false.

    Raises:
        ValueError: the text is no such value.
    """
    return text if kind == "text" else _READERS[kind](text.strip().rstrip(_ENDS).rstrip())


def _number(text: str) -> str:
    """The digits of a number as Python writes it."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    sign, before, whole, fraction, after = match.groups()
    if (before and after) or any(unicodedata.category(mark) != "Sc" for mark in before + after):
        raise ValueError(text)
    return sign + whole.replace(",", "") + (fraction or "")


def _whole(text: str) -> int:
    whole, _, fraction = _number(text).partition(".")
    if fraction.strip("0"):
        raise ValueError(text)
    return int(whole)


def _fraction(text: str) -> float:
    number = float(_number(text))
    if math.isinf(number):
        raise ValueError(text)
    return number


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text.lower()]


def _day(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _moment(text: str) -> datetime:
    """Python 3.10 reads less than later versions; here all read the same."""
    if not _DATE.match(text) or not (len(text) == 10 or _TIME.fullmatch(text, 10)):
        raise ValueError(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


_READERS: dict[str, Callable[[str], Any]] = {
    "whole number": _whole,
    "number": _fraction,
    "decimal number": lambda text: Decimal(_number(text)),
    "flag": _flag,
    "date": _day,
    "date and time": _moment,
}
