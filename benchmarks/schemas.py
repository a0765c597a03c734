"""The schemas that are timed, written once for every library: all have the same builder methods."""

from __future__ import annotations

from typing import Any

from gliner2_lite.errors import InputError

ENTITIES_4 = ["person", "organization", "location", "date"]
ENTITIES_20 = [
    "person", "organization", "city", "country", "date", "time", "money", "percentage", "product",
    "event", "law", "language", "disease", "drug", "chemical", "animal", "vehicle", "building",
    "work of art", "job title",
]  # fmt: skip
TOPICS = [
    "politics", "economy", "sports", "technology", "science", "health", "education", "travel", "food",
    "fashion", "music", "film", "literature", "art", "history", "religion", "law", "crime", "weather",
    "environment", "energy", "agriculture", "transport", "housing", "finance", "insurance", "retail",
    "telecommunications", "software", "hardware", "gaming", "photography", "gardening", "pets",
    "parenting", "relationships", "fitness", "medicine", "biology", "chemistry", "physics",
    "mathematics", "astronomy", "geography", "philosophy", "psychology", "military", "diplomacy",
    "migration", "charity",
]  # fmt: skip
LABEL_COUNTS = (5, 10, 20, 50)

#: Name → what it asks, for tables. The four of the latency grid, then one per number of class labels.
TITLES = {
    "entities-4": "entities, 4 labels",
    "figure-8": "entities (5) + 2 classifications + a structure of 4 fields",
    "entities-20": "entities, 20 labels",
    "records-6": "records of 6 fields",
    **{f"labels-{count}": f"classification, {count} labels" for count in LABEL_COUNTS},
}
GRID = ("entities-4", "figure-8", "entities-20", "records-6")


def build_schema(name: str, empty: Any) -> Any:
    """The schema ``name`` of ``TITLES``, built on ``empty``: what a model's ``create_schema()`` returns."""
    if name == "entities-4":
        return empty.entities(ENTITIES_4)
    if name == "entities-20":
        return empty.entities(ENTITIES_20)
    if name == "figure-8":
        return _figure_8(empty)
    if name == "records-6":
        return _records(empty)
    kind, _, count = name.partition("-")
    if kind == "labels" and count.isdigit() and 2 <= int(count) <= len(TOPICS):
        return empty.classification("topic", TOPICS[: int(count)])
    raise InputError(f"unknown schema {name!r}; known are {', '.join(TITLES)}")


def _figure_8(empty: Any) -> Any:
    """The shape of the composed schema in figure 8 of the GLiNER2 paper."""
    return (
        empty.entities(["person", "organization", "location", "product", "date"])
        .classification("sentiment", ["positive", "negative", "neutral"])
        .classification("category", ["technology", "business", "health", "travel", "other"])
        .structure("product_info")
        .field("name", dtype="str")
        .field("price", dtype="str")
        .field("features", dtype="list")
        .field("availability", dtype="str", choices=["in stock", "sold out", "on order"])
    )


def _records(empty: Any) -> Any:
    record = empty.structure("transaction")
    for name in ("buyer", "seller", "item", "price", "date"):
        record = record.field(name, dtype="str")
    return record.field("condition", dtype="list")
