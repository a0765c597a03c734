"""How questions are written down: calls with their arguments, schemas as recorded builder calls."""

from __future__ import annotations

from typing import Any

Case = dict[str, Any]

NER = ["person", "company", "place", "date"]
BOTH = {"include_confidence": True, "include_spans": True}
FLAGS: tuple[dict[str, bool], ...] = ({}, {"include_confidence": True}, {"include_spans": True}, BOTH)
POLICIES = ("flat", "nested", "longest", "allow", "no_overlap", "Allow-Nested", " keep_longest ", "none")


class Program:
    """A schema as the builder calls that make it: ``Program().entities([…]).structure("x").field("a")``.

    ``through_dict()`` and ``through_json()`` stand for a round trip of the schema made so far.
    """

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []

    def __getattr__(self, method: str) -> Any:
        def note(*positional: Any, **keyword: Any) -> Program:
            self.calls.append([method, list(positional), keyword])
            return self

        return note


def ask(name: str, method: str, *, splitter: str | None = None, **args: Any) -> Case:
    """A case without its id: ``args`` are the arguments of the model's ``method``."""
    return {"id": name, "method": method, "args": as_json(args), "splitter": splitter}


def as_json(value: Any) -> Any:
    """``value`` with schemas and tuples in the marked form that ``program.materialise`` reads."""
    if isinstance(value, Program):
        return {"$schema": as_json(value.calls)}
    if isinstance(value, tuple):
        return {"$tuple": [as_json(item) for item in value]}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value


def regex(pattern: str, **options: Any) -> dict[str, Any]:
    """A RegexValidator."""
    return {"$regex": {"pattern": pattern, **options}}


def group(*labels: str, **options: Any) -> dict[str, Any]:
    """An AttributeGroup."""
    return {"$group": {"labels": list(labels), **options}}


def figure_8() -> Program:
    """A schema of the size that the GLiNER2 paper shows: entities, two classifications, a structure."""
    return (
        Program()
        .entities({"company": "a firm", "person": "a name", "product": "", "place": "where"})
        .classification("sentiment", ["positive", "negative", "neutral"])
        .classification("topic", ["tech", "sport", "law"], multi_label=True, cls_threshold=0.3)
        .structure("product_info")
        .field("name", dtype="str")
        .field("price")
        .field("features", description="what it can do")
        .field("availability", dtype="str", choices=["in stock", "pre-order", "sold out"])
    )
