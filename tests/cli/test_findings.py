"""A result of every shape as a flat list."""

from __future__ import annotations

import pytest

from gliner2_lite.cli.findings import Finding, findings
from gliner2_lite.errors import InputTypeError
from tests.cli.test_table import RESULT


def test_findings() -> None:
    assert list(findings(RESULT)) == [
        Finding("product", "name", "x", 0.5, ((3, 4),)),
        Finding("product", "color", "red", 1.0),
        Finding("entities", "city", "東京", 0.91, ((0, 2),)),
        Finding("entities", "person", "Tim Cook (mood: calm)", 0.999, ((12, 20),)),
        Finding("tone", "", "good", 0.75),
        Finding("aspects", "", "a", 0.5),
        Finding("aspects", "", "b", 0.25),
        Finding("relation_extraction", "met", "Tim Cook → Ann", 0.4, ((12, 20), (25, 28))),
    ]


def test_several_records_of_a_structure_have_numbers() -> None:
    result = {
        "product": [{"name": "x", "tags": ["a", "b"]}, {"name": None, "tags": []}, {"name": "y", "tags": []}]
    }
    assert [(finding.task, finding.label, finding.value) for finding in findings(result)] == [
        ("product 1", "name", "x"),
        ("product 1", "tags", "a"),
        ("product 1", "tags", "b"),
        ("product 3", "name", "y"),
    ]


def test_without_confidences_and_places_there_are_none() -> None:
    result = {"relation_extraction": {"r": [("a", "b")]}, "entities": {"person": ["Ann"]}, "empty": []}
    assert list(findings(result)) == [
        Finding("relation_extraction", "r", "a → b", None),
        Finding("entities", "person", "Ann", None),
    ]
    with pytest.raises(InputTypeError):
        list(findings([result]))  # type: ignore[arg-type]
