"""The text, the labels and the schema that several tests of the model ask about."""

from __future__ import annotations

from gliner2_lite import Schema

TEXT = "Apple CEO Tim Cook announced iPhone 15 in California yesterday."
LABELS = ["company", "person", "product", "location"]


def figure_8() -> Schema:
    """Entities, two classifications and a structure with four fields, as in figure 8 of the paper."""
    schema = (
        Schema()
        .entities(["person", "company", "product", "location", "date"])
        .classification("sentiment", ["positive", "negative", "neutral"])
        .classification("topic", ["technology", "business", "sports", "politics"], multi_label=True)
    )
    return (
        schema.structure("announcement")
        .field("speaker", dtype="str")
        .field("item")
        .field("place", dtype="str")
        .field("kind", dtype="str", choices=["launch", "update"])
        .schema
    )
