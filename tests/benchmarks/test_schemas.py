"""The schemas that are timed."""

from __future__ import annotations

import pytest

from benchmarks import schemas
from gliner2_lite import InputError, Schema
from gliner2_lite.schema import compile_schema


def test_schemas_ask_for_what_their_titles_say() -> None:
    specs = {name: compile_schema(schemas.build_schema(name, Schema())) for name in schemas.TITLES}
    assert len(specs["entities-4"].entity_labels) == 4
    assert len(set(specs["entities-20"].entity_labels)) == 20
    assert [len(structure.fields) for structure in specs["records-6"].structures] == [6]
    composed = specs["figure-8"]
    assert len(composed.entity_labels) == 5
    assert len(composed.classifications) == 2
    assert [len(structure.fields) for structure in composed.structures] == [4]
    for count in schemas.LABEL_COUNTS:
        (task,) = specs[f"labels-{count}"].classifications
        assert len(set(task.labels)) == count
    with pytest.raises(InputError, match="labels-51"):
        schemas.build_schema("labels-51", Schema())
