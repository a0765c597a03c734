"""Schema.from_model: the structures of a model, whichever form it has."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

import pytest

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema import Schema, compile_schema, structures_schema


@dataclass
class Address:
    street: str


@dataclass
class Customer:
    name: str
    address: Address


@dataclass
class Invoice:
    number: str = field(metadata={"description": "As printed"})
    kind: Literal["offer", "bill"]
    tags: list[str]
    colours: list[Literal["red", "blue"]]
    customer: Customer
    total: float | None = None


class Row(TypedDict):
    name: str


WRITTEN = {
    "Invoice": {
        "fields": [
            {"name": "number", "dtype": "str", "description": "As printed"},
            {"name": "kind", "dtype": "str", "choices": ["offer", "bill"]},
            {"name": "tags"},
            {"name": "colours", "choices": ["red", "blue"]},
            {"name": "total", "dtype": "str"},
        ]
    },
    "Invoice.customer": {"fields": [{"name": "name", "dtype": "str"}]},
    "Invoice.customer.address": {"fields": [{"name": "street", "dtype": "str"}]},
}


def test_a_model_becomes_structures() -> None:
    assert Schema.from_model(Invoice).to_dict() == {"structures": WRITTEN}
    assert Schema.from_model(Row).to_dict() == {
        "structures": {"Row": {"fields": [{"name": "name", "dtype": "str"}]}}
    }


def test_the_methods_for_records_take_a_class() -> None:
    assert structures_schema(Invoice).to_dict() == {"structures": WRITTEN}
    with pytest.raises(SchemaTypeError, match="the model: expected a dataclass"):
        structures_schema(str)


def test_the_general_methods_say_what_to_do_with_a_class() -> None:
    with pytest.raises(SchemaTypeError, match="got type; build it with .*Schema.from_model"):
        compile_schema(Invoice)


def test_a_json_schema_gives_the_same() -> None:
    schema = {
        "title": "Row",
        "type": "object",
        "properties": {"name": {"type": "string"}, "items": {"type": "array", "items": {"enum": ["a", "b"]}}},
    }
    assert Schema.from_model(schema).to_dict() == {
        "structures": {
            "Row": {"fields": [{"name": "name", "dtype": "str"}, {"name": "items", "choices": ["a", "b"]}]}
        }
    }


def test_a_model_of_records_alone_has_no_structure_of_its_own() -> None:
    @dataclass
    class Page:
        rows: list[Any]

    Page.__annotations__["rows"] = list[Row]
    assert list(Schema.from_model(Page).to_dict()["structures"]) == ["Page.rows"]


def test_the_schema_can_be_extended() -> None:
    spec = compile_schema(Schema.from_model(Row).entities(["person"]).structure("other").field("a"))
    assert [structure.name for structure in spec.structures] == ["Row", "other"]
    assert [entity.name for entity in spec.entities] == ["person"]


@pytest.mark.parametrize("model", [str, 3, None, "Invoice", Row(name="a").keys(), Address("a")])
def test_other_things_are_no_models(model: object) -> None:
    with pytest.raises(SchemaTypeError, match="the model: expected a dataclass, a Pydantic 2 model"):
        Schema.from_model(model)


def test_names_are_checked_as_everywhere() -> None:
    schema = {"title": "Row", "properties": {"[E]": {"type": "string"}}}
    with pytest.raises(SchemaError, match=re.escape("Row: '[E]' is a marker of the prompt")):
        Schema.from_model(schema)


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys\nimport gliner2_lite\n"
        "model = gliner2_lite.GLiNER2.from_pretrained('tiny')\n"
        "model.extract_json('Ann.', {'a': ['b']})\n"
        "new = {'from_model', 'from_types', 'from_json_schema', 'shape', 'instances', 'conversion'}\n"
        "print(sorted(new & {name.rpartition('.')[2] for name in sys.modules if name.startswith('gliner2')}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
