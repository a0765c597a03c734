"""What repr says of a schema: one line, with names and counts, and without a change."""

from __future__ import annotations

import pytest

from gliner2_lite.schema import AttributeGroup, Schema, StructureBuilder

FULL = (
    Schema()
    .structure("product")
    .field("name")
    .field("price")
    .entities(["person", "city"])
    .entity_attributes({"mood": AttributeGroup(["calm", "angry"])})
    .classification("topic", ["a", "b", "c"])
    .relations(["lives_in"])
)


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        (Schema(), "<Schema: empty>"),
        (Schema().entities("person"), "<Schema: 1 entity type 'person'>"),
        (
            FULL,
            "<Schema: 1 structure 'product' (2 fields); 2 entity types 'person', 'city'; "
            "1 attribute group 'mood'; 1 classification 'topic' (3 labels); 1 relation 'lives_in'>",
        ),
        (Schema().entities(list("abcdefg")), "<Schema: 7 entity types 'a', 'b', 'c', 'd', 'e', …>"),
        (Schema().entities(["two\nlines"]), "<Schema: 1 entity type 'two\\nlines'>"),
        (
            Schema().structure("product").field("name"),
            "<StructureBuilder 'product': 1 field 'name'; of <Schema: 1 structure 'product' (1 field)>>",
        ),
        (
            Schema().structure("product"),
            "<StructureBuilder 'product': no fields; of <Schema: 1 structure 'product' (0 fields)>>",
        ),
    ],
)  # fmt: skip
def test_one_line(schema: Schema | StructureBuilder, line: str) -> None:
    assert repr(schema) == str(schema) == line


def test_an_open_structure_stays_open() -> None:
    builder = Schema().structure("product").field("name")
    first = repr(builder)
    assert builder.schema.schema["json_structures"] == [] and repr(builder) == first
    builder.finish()
    assert repr(builder) == first


def test_long_names_are_cut() -> None:
    assert len(repr(Schema().entities(["x" * 10_000]))) < 120
