"""Names with meanings: commas in both, and nothing that becomes a label unnoticed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

import pytest

from gliner2_lite.cli.label_options import (
    items,
    names,
    names_of_task,
    one_name,
    one_name_of_task,
    split_escaped,
)


@pytest.mark.parametrize(("read", "text", "result"), [
    (names, "a, b,a", ["a", "b"]), (names, "a::", ["a"]),
    (names, r"Paris\, France,b", ["Paris, France", "b"]),
    (names, "drug::Name of a medicine,dose", {"drug": "Name of a medicine", "dose": ""}),
    (names, "a b, c d::what it is", {"a b": "", "c d": "what it is"}),
    (names, "a::x, b::y", {"a": "x", "b": "y"}),
    (names, r"city::a place\, with people,person", {"city": "a place, with people", "person": ""}),
    (one_name, "city::a place, with people", {"city": "a place, with people"}),
    (one_name, r"city::a place\, with people", {"city": "a place, with people"}),
    (one_name, r"Paris\, France", ["Paris, France"]), (one_name, " a ", ["a"]),
    (names_of_task, " mood =good, bad", ("mood", ["good", "bad"])),
    (one_name_of_task, "mood=good::Praise, or thanks", ("mood", {"good": "Praise, or thanks"})),
])  # fmt: skip
def test_forms(read: Callable[[str], Any], text: str, result: Any) -> None:
    assert read(text) == result


@pytest.mark.parametrize(("read", "text", "message"), [
    (names, "a,,b", "'a,,b' has an empty name"), (names, "::x", "'::x' has an empty name"),
    (names, "city::a place, with people", "'with people' in 'city::a place, with people' may be"),
    (names, "city::a place, people,b", r"write \, for a comma inside a meaning"),
    (names, "city::a place,with people", "'with people' in"),
    (names, "price::str::Amount", "'price::str::Amount' has '::' twice"),
    (one_name, "a,b", r"'a,b' has a comma: this option takes one name; write \,"),
    (one_name, "::x", "has an empty name"), (one_name, "a::b::c", "has '::' twice"),
    (one_name, "", "empty name"),
    (names_of_task, "mood", "'mood' is not TASK=LABEL,LABEL as in mood=good,bad"),
    (one_name_of_task, "=x", "'=x' is not TASK=LABEL::MEANING"),
])  # fmt: skip
def test_what_could_be_read_two_ways_is_an_error(read: Callable[[str], Any], text: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(message)):
        read(text)


def test_parts_and_items() -> None:
    assert split_escaped(r"a\;b;c", ";") == ["a;b", "c"]
    assert items(["a"]) == [("a", "")] and items({"a": "x"}) == [("a", "x")]
