"""Parsers of option values; the message for a wrong value says what is allowed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)


def probability(text: str) -> float:
    """A number from 0 to 1."""
    return _number(text, float, lambda value: 0.0 <= value <= 1.0, "a number from 0 to 1")


def positive(text: str) -> int:
    """A whole number from 1 up."""
    return _number(text, int, lambda value: value >= 1, "a whole number from 1 up")


def not_negative(text: str) -> int:
    """A whole number from 0 up."""
    return _number(text, int, lambda value: value >= 0, "a whole number from 0 up")


def port(text: str) -> int:
    """The number of a TCP port."""
    return _number(text, int, lambda value: 0 < value < 65536, "a port, a number from 1 to 65535")


def character(text: str) -> str:
    r"""One ASCII character that can stand between columns; ``\t`` is a tab."""
    char = "\t" if text == "\\t" else text
    if len(char) != 1 or char in '"\r\n' or not char.isascii():
        raise argparse.ArgumentTypeError(f"{text!r} is not one character, such as ; or \\t")
    return char


def _number(text: str, kind: Callable[[str], Number], good: Callable[[Number], bool], wanted: str) -> Number:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not good(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value
