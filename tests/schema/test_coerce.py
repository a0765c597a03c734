"""Numbers and flags that a JSON file spells as strings."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema import coerce


@pytest.mark.parametrize(("read", "value", "result"), [
    (coerce.read_threshold, " 0.5 ", 0.5), (coerce.read_threshold, "1e-1", 0.1),
    (coerce.read_threshold, 1, 1.0), (coerce.read_threshold, None, None),
    (coerce.read_required_threshold, "0", 0.0),
    (coerce.read_top_k, "3.0", 3), (coerce.read_top_k, " +1_0 ", 10), (coerce.read_top_k, 3.0, 3),
    (coerce.read_top_k, None, None), (coerce.read_flag, "Yes", True), (coerce.read_flag, "OFF", False),
    (coerce.read_flag, 1.0, True), (coerce.read_flag, 0, False), (coerce.read_dtype, "str", "str"),
    (coerce.read_optional_text, None, None), (coerce.read_optional_text, "", ""),
])  # fmt: skip
def test_spellings(read: Callable[[object, str], object], value: object, result: object) -> None:
    assert read(value, "x") == result and type(read(value, "x")) is type(result)


@pytest.mark.parametrize(("read", "value", "message"), [
    (coerce.read_threshold, "\u0661", "x: expected a number between 0 and 1, got str"),  # a digit, not ASCII
    (coerce.read_threshold, "half", "x: 'half' is not a number"),
    (coerce.read_threshold, "2", "x: 2.0 is not a threshold"),
    (coerce.read_threshold, True, "got bool"),
    (coerce.read_required_threshold, None, "got None"),
    (coerce.read_top_k, "1.5", "x: '1.5' is not a whole number"),
    (coerce.read_top_k, "9" * 19, "is not a whole number"),
    (coerce.read_top_k, "0", "x: 0 keeps nothing"),
    (coerce.read_top_k, 1.5, "expected a whole number, got float"),
    (coerce.read_flag, "", "x: '' is not a flag"),
    (coerce.read_flag, 0.5, "expected True or False, got float"),
    (coerce.read_dtype, "text", "x: 'text' is unknown; write one of str, list"),
    (coerce.read_optional_text, 3, "expected a string"),
])  # fmt: skip
def test_refused(read: Callable[[object, str], object], value: object, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        read(value, "x")


def test_a_tuple_counts_as_a_list() -> None:
    assert coerce.read_list(("a",), "x", of="names") == ["a"]
    with pytest.raises(SchemaError, match="x: expected a list of names, got str"):
        coerce.read_list("ab", "x", of="names")
