"""Checks of single values: what each accepts, and messages that stay short and name the path."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from gliner2_lite import Schema
from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import checks


class Colour(str, enum.Enum):
    RED = "red"


def test_paths_read_as_the_user_wrote_them() -> None:
    assert checks.join("entities", "person") == "entities.person"
    assert checks.join("", "entities") == "entities"
    assert checks.join("entities", "a b") == "entities['a b']"
    assert checks.join("entities", 3) == "entities[3]"


def test_wrong_values_are_shown_short() -> None:
    deep: Any = []
    for _ in range(1000):
        deep = [deep]
    for value in ("x" * 100_000, deep, {"a": ["b" * 1000] * 50}, list(range(1000))):
        assert len(checks.shown(value)) < 600


def test_members_of_enums_become_plain_strings() -> None:
    for check in (checks.check_text, checks.check_choice, checks.check_name):
        assert check(Colour.RED, "x") == "red" and type(check(Colour.RED, "x")) is str
    assert [type(name) for name in checks.check_names([Colour.RED, "a"], "x")] == [str, str]


def test_numbers_of_other_libraries_are_thresholds() -> None:
    assert checks.check_threshold(Fraction(1, 4), "x") == 0.25
    assert Schema().entities("a", threshold=Fraction(1, 4)).to_dict() == {
        "entities": {"a": {"threshold": 0.25}}
    }


@pytest.mark.parametrize(("check", "value", "result"), [
    (checks.check_threshold, None, None), (checks.check_threshold, 1, 1.0), (checks.check_top_k, None, None),
    (checks.check_top_k, 3, 3), (checks.check_flag, 1, True), (checks.check_flag, False, False),
    (checks.check_dtype, "str", "str"), (checks.check_choice, "", ""), (checks.check_choices, [], None),
    (checks.check_choices, ["", "a"], ["", "a"]), (checks.check_validators, None, ()),
    (checks.check_examples, [["x", "a"]], (("x", "a"),)), (checks.check_text, "[E]", "[E]"),
])  # fmt: skip
def test_usable_values(check: Callable[[object, str], object], value: object, result: object) -> None:
    assert check(value, "x") == result


@pytest.mark.parametrize(("check", "value", "kind", "message"), [
    (checks.check_text, 3, SchemaTypeError, "x: expected a string, got int 3"),
    (checks.check_text, "\ud800", SchemaError, "x: '\\ud800' holds a lone surrogate"),
    (checks.check_choice, "[E]", SchemaError, "x: '[E]' is a marker of the prompt"),
    (checks.check_name, "\u2003", SchemaError, "x: the name is blank"),
    (checks.check_names, ["a", "\t"], SchemaError, "x[1]: the name is blank"),
    (checks.check_threshold, math.nan, SchemaError, "x: nan is not a threshold"),
    (checks.check_threshold, "0.5", SchemaTypeError, "x: expected a number between 0 and 1, got str"),
    (checks.check_required_threshold, None, SchemaTypeError, "got None; leave it out for 0.5"),
    (checks.check_top_k, True, SchemaTypeError, "x: expected a whole number, got bool"),
    (checks.check_top_k, -1, SchemaError, "x: -1 keeps nothing"),
    (checks.check_dtype, "strr", SchemaError, "write one of str, list (did you mean 'str'?)"),
    (checks.check_dtype, "LIST ", SchemaError, "(did you mean 'list'?)"),
    (checks.check_flag, 2, SchemaTypeError, "x: expected True or False, got int 2"),
    (checks.check_flag, "yes", SchemaTypeError, "x: expected True or False, got str"),
    (checks.check_validators, [str], SchemaTypeError, "x[0]: <class 'str'> has no validate(text) method"),
    (checks.check_examples, [("a", "b", "c")], SchemaError, "x[0]: expected an (input, label) pair, got 3"),
])  # fmt: skip
def test_other_values(
    check: Callable[[object, str], object], value: object, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        check(value, "x")


def test_the_first_unknown_key_is_named_with_the_closest_known_one() -> None:
    assert (
        checks.closest("softmx", ("auto", "softmax")) == "softmax" and checks.closest("x", ("auto",)) is None
    )
    checks.check_keys(["dtype"], {"dtype", "threshold"}, "x", kind="key")
    with pytest.raises(SchemaError, match=r"x.treshold: unknown key; did you mean 'threshold'\?"):
        checks.check_keys(["dtype", "treshold", "zzz"], {"dtype", "threshold"}, "x", kind="key")
    with pytest.raises(SchemaError, match=r"x\[3\]: unknown key; known: dtype"):
        checks.check_keys([3], {"dtype"}, "x", kind="key")


def test_only_a_task_of_one_label_may_abstain() -> None:
    assert checks.check_abstain({"abstain": True, "multi_label": False}, "t")
    assert not checks.check_abstain({"multi_label": True}, "t")
    assert not checks.check_abstain({"abstain": None}, "t")
    with pytest.raises(SchemaError, match="leave multi_label out"):
        checks.check_abstain({"abstain": 1, "multi_label": True}, "t")
    with pytest.raises(SchemaTypeError, match=r"t\.abstain: expected True or False"):
        checks.check_abstain({"abstain": ""}, "t")
