"""Calls like those of the code figures in the GLiNER2 paper run as printed; only the model's name differs.

What a small model finds is not the matter here: keys and types of the results are.
"""

from __future__ import annotations

from typing import Any

import pytest

from gliner2_lite import GLiNER2

ENTITY_TEXT = "Apple CEO Tim Cook announced the iPhone 15 in Cupertino, California."
PRODUCT_TEXT = "The MacBook Pro costs $1999 and features an M3 chip, 16GB RAM and a Retina display."
REVIEW = "The camera is excellent, but the battery dies within hours and the price is far too high."


@pytest.fixture(scope="module")
def extractor() -> GLiNER2:
    """Figure 1: a model is loaded by its name."""
    return GLiNER2.from_pretrained("tiny")


def check_texts(found: Any) -> None:
    assert isinstance(found, list) and all(isinstance(item, str) for item in found)


def check_optional_text(found: Any) -> None:
    assert found is None or isinstance(found, str)


def check_product(record: dict[str, Any]) -> None:
    assert list(record) == ["name", "price", "features", "category"]
    check_optional_text(record["name"])
    check_optional_text(record["price"])
    check_texts(record["features"])
    assert record["category"] in {None, "electronics", "software", "hardware"}


def test_figure_1_loading(extractor: GLiNER2) -> None:
    assert isinstance(extractor, GLiNER2)


def test_figure_2_entities_by_name(extractor: GLiNER2) -> None:
    result = extractor.extract_entities(ENTITY_TEXT, ["company", "person", "product", "location"])
    assert list(result) == ["entities"]
    assert list(result["entities"]) == ["company", "person", "product", "location"]
    for found in result["entities"].values():
        check_texts(found)
    assert any(result["entities"].values())


def test_figure_3_entities_with_descriptions(extractor: GLiNER2) -> None:
    result = extractor.extract_entities(
        ENTITY_TEXT,
        {
            "company": "Names of companies and other organizations",
            "person": "Names of people, including executives",
            "product": "Names of products and services",
            "location": "Cities, states and countries",
        },
    )
    assert list(result["entities"]) == ["company", "person", "product", "location"]
    for found in result["entities"].values():
        check_texts(found)


def test_figure_4_one_structure(extractor: GLiNER2) -> None:
    result = extractor.extract_json(
        PRODUCT_TEXT,
        {
            "product": [
                "name::str::Full product name and model",
                "price::str::Product price with currency",
                "features::list",
                "category::[electronics|software|hardware]::str",
            ]
        },
    )
    assert list(result) == ["product"] and isinstance(result["product"], list)
    for record in result["product"]:
        check_product(record)


def test_figure_4_two_structures(extractor: GLiNER2) -> None:
    result = extractor.extract_json(
        ENTITY_TEXT,
        {
            "company": ["name::str", "ceo::str", "location::str"],
            "product": ["name::str", "launch_place::str", "features::list"],
        },
    )
    assert set(result) == {"company", "product"}
    for record in result["company"]:
        assert list(record) == ["name", "ceo", "location"]
    for record in result["product"]:
        assert list(record) == ["name", "launch_place", "features"]
        check_texts(record["features"])


def test_figure_5_one_label(extractor: GLiNER2) -> None:
    result = extractor.classify_text(REVIEW, {"sentiment": ["positive", "negative", "neutral"]})
    assert list(result) == ["sentiment"]
    assert result["sentiment"] in {"positive", "negative", "neutral"}


def test_figure_5_several_labels_with_descriptions(extractor: GLiNER2) -> None:
    aspects: dict[str, Any] = {
        "labels": ["camera", "battery", "screen", "performance", "price"],
        "multi_label": True,
        "cls_threshold": 0.5,
    }
    meanings = {
        "camera": "Photo and video quality",
        "battery": "Battery life and charging",
        "price": "Cost and value for money",
    }
    result = extractor.classify_text(REVIEW, {"aspects": {**aspects, "descriptions": meanings}})
    assert list(result) == ["aspects"]
    check_texts(result["aspects"])
    assert set(result["aspects"]) <= set(aspects["labels"])

    def confidences(task: dict[str, Any]) -> Any:
        task = {**task, "cls_threshold": 0.0}
        return extractor.classify_text(REVIEW, {"aspects": task}, include_confidence=True)

    # The descriptions are read: they say the same under their other name, and not the same as none.
    described = confidences({**aspects, "descriptions": meanings})
    assert described == confidences({**aspects, "label_descriptions": meanings})
    assert described != confidences(aspects)


def test_figure_6_two_tasks(extractor: GLiNER2) -> None:
    result = extractor.classify_text(
        REVIEW,
        {
            "sentiment": ["positive", "negative", "neutral"],
            "urgency": {
                "labels": ["high", "medium", "low"],
                "descriptions": {"high": "Needs an answer today"},
            },
        },
    )
    assert list(result) == ["sentiment", "urgency"]
    assert result["sentiment"] in {"positive", "negative", "neutral"}
    assert result["urgency"] in {"high", "medium", "low"}


def test_figure_8_all_in_one_schema(extractor: GLiNER2) -> None:
    schema = (
        extractor.create_schema()
        .entities(
            {"person": "Names of people", "company": "Names of companies", "product": "Names of products"}
        )
        .classification("sentiment", ["positive", "negative", "neutral"])
        .classification(
            "aspects", ["camera", "price"], multi_label=True, descriptions={"price": "What it costs"}
        )
        .structure("product_info")
        .field("name", dtype="str")
        .field("price", dtype="str")
        .field("features", dtype="list")
        .field("category", dtype="str", choices=["electronics", "software", "hardware"])
    )
    result = extractor.extract(PRODUCT_TEXT, schema)
    assert set(result) == {"entities", "sentiment", "aspects", "product_info"}
    assert set(result["entities"]) == {"person", "company", "product"}
    assert result["sentiment"] in {"positive", "negative", "neutral"}
    check_texts(result["aspects"])
    for record in result["product_info"]:
        check_product(record)
