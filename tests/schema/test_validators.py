"""RegexValidator."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import RegexValidator


@pytest.mark.parametrize(
    ("validator", "text", "kept"),
    [
        (RegexValidator("[a-z]+"), "ABC", True),
        (RegexValidator("[a-z]+"), "abc 1", False),
        (RegexValidator("[a-z]+", mode="partial"), "abc 1", True),
        (RegexValidator("[0-9]", mode="partial"), "abc", False),
        (RegexValidator("[a-z]+", exclude=True), "abc", False),
        (RegexValidator("[a-z]+", exclude=True), "abc 1", True),
        (RegexValidator("[0-9]", "partial", True), "abc", True),
        (RegexValidator("[a-z]+", flags=0), "ABC", False),
        (RegexValidator(re.compile("[a-z]+")), "ABC", False),
        (RegexValidator(re.compile("[a-z]+", re.IGNORECASE), flags=0), "ABC", True),
        (RegexValidator(""), "", True),
    ],
)
def test_answers(validator: RegexValidator, text: str, kept: bool) -> None:
    assert validator.validate(text) is kept
    assert validator(text) is kept


def test_fields_and_equality() -> None:
    validator = RegexValidator("a")
    assert (validator.pattern, validator.mode, validator.exclude, validator.flags) == (
        "a",
        "full",
        False,
        re.IGNORECASE,
    )
    assert validator == RegexValidator("a") and hash(validator) == hash(RegexValidator("a"))
    assert validator != RegexValidator("a", exclude=True)
    assert "_compiled" not in repr(validator)
    with pytest.raises(dataclasses.FrozenInstanceError):
        validator.mode = "partial"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("(",), "RegexValidator pattern '(' is not a usable regex: missing )"),
        (("a{2,1}",), "not a usable regex"),
        (("a", "whole"), 'RegexValidator mode must be "full" or "partial", got \'whole\''),
        (("a", None), "mode must be"),
        (("a", "full", False, re.LOCALE), "not a usable regex"),
        (("a", "full", False, "i"), "not a usable regex"),
        (("a{99999999999999999999}",), "not a usable regex"),
        ((b"a",), "RegexValidator needs a pattern string, got bytes"),
        ((re.compile(b"a"),), "RegexValidator needs a text pattern"),
        ((5,), "RegexValidator needs a pattern string, got int"),
    ],
)
def test_mistakes(arguments: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        RegexValidator(*arguments)


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(SchemaTypeError):
        RegexValidator(None)  # type: ignore[arg-type]
