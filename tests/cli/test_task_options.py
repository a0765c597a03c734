"""The options that say what to extract become one schema, added to that of a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import SchemaError
from gliner2_lite.cli.task_options import add_task_options, build_schema, has_tasks


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_task_options(parser)
    return parser.parse_args(arguments)


def friendly(*arguments: str) -> dict[str, Any]:
    return build_schema(parse(*arguments)).to_dict()


@pytest.mark.parametrize(("arguments", "schema"), [
    (["--entities", "a, b", "--entities", "c"], {"entities": ["a", "b", "c"]}),
    (["--entities", "a::what it is,b"], {"entities": {"a": "what it is", "b": {}}}),
    (["--relations", "r"], {"relations": ["r"]}),
    (["--entities", "a", "--entity", "city::a place, with people", "--entities", "b"],
     {"entities": {"a": {}, "city": "a place, with people", "b": {}}}),
    (["--relation", "r::head, then tail", "--relations", "q"],
     {"relations": {"r": {"description": "head, then tail"}, "q": {}}}),
    (["--label", "mood=good::Praise, or thanks", "--label", "t=x", "--label", "mood=bad", "--label", "t=y"],
     {"classifications": [
         {"task": "mood", "labels": {"good": "Praise, or thanks", "bad": ""}},
         {"task": "t", "labels": ["x", "y"]}]}),
    (["--structure", r"s=a::first\; then;b"],
     {"structures": {"s": {"fields": [{"name": "a", "description": "first; then"}, {"name": "b"}]}}}),
    (["--classify", "mood = good, bad"], {"classifications": [{"task": "mood", "labels": ["good", "bad"]}]}),
    (["--structure", "s=a::str; b::[x;y|z]::which"],
     {"structures": {"s": {"fields": [
         {"name": "a", "dtype": "str"},
         {"name": "b", "dtype": "str", "choices": ["x;y", "z"], "description": "which"}]}}}),
])  # fmt: skip
def test_every_option(arguments: list[str], schema: dict[str, Any]) -> None:
    assert friendly(*arguments) == schema
    assert has_tasks(parse(*arguments)) and not has_tasks(parse())


@pytest.mark.parametrize(("arguments", "message"), [
    (["--entities", "a,,b"], "'a,,b' has an empty name"), (["--entities", ""], "'' has an empty name"),
    (["--entities", "city::a place, with people"], "argument --entities: 'with people' in"),
    (["--entity", "a,b"], "argument --entity: 'a,b' has a comma"),
    (["--relations", "r::a::b"], "argument --relations: 'r::a::b' has '::' twice"),
    (["--classify", "mood=good::Praise, with thanks,bad"], "argument --classify: 'with thanks' in"),
    (["--classify", "mood"], "'mood' is not TASK=LABEL,LABEL"), (["--classify", "=a"], "is not TASK=LABEL"),
    (["--structure", "s="], "'s=' is not NAME=FIELD;FIELD"),
    (["--structure", "s=a;;b"], "is not NAME=FIELD;FIELD"),
])  # fmt: skip
def test_wrong_spellings_show_the_right_one(arguments: list[str], message: str) -> None:
    with pytest.raises(argparse.ArgumentError) as error:
        parse(*arguments)
    assert message in str(error.value)


def test_a_task_has_its_labels_from_one_option() -> None:
    with pytest.raises(SchemaError, match="--label: 'mood' has labels from --classify too"):
        friendly("--classify", "mood=good,bad", "--label", "mood=so so")


def test_options_are_added_to_the_schema_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('\ufeff{"entities": ["a"]}', encoding="utf-8")
    arguments = ("--schema", str(tmp_path / "s.json"), "--entities", "b", "--relations", "r")
    assert friendly(*arguments) == {"entities": ["a", "b"], "relations": ["r"]}


def test_errors_of_a_schema_file_name_it(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"s\.json: schema: nothing to extract"):
        friendly("--schema", str(tmp_path / "s.json"))
