"""The component in a Haystack pipeline."""

from __future__ import annotations

import pytest
from haystack import Document, Pipeline
from haystack.components.preprocessors import DocumentSplitter

from gliner2_lite import GLiNER2, InputError, Schema, SchemaError
from gliner2_lite.integrations.haystack import GLiNER2Extractor

SCHEMA = {
    "entities": ["person", "city"],
    "classifications": [{"task": "mood", "labels": ["positive", "negative"]}],
}
DOCUMENTS = [
    Document(content="Lars Olsen moved to Oslo.", meta={"page": 1}),
    Document(content=None, meta={"page": 2}),
    Document(content="Everybody in Madrid loves Maria Lopez.", meta={"page": 3}),
]


def test_documents_come_out_with_answers(tiny: GLiNER2) -> None:
    pipeline = Pipeline()
    pipeline.add_component("extract", GLiNER2Extractor("tiny", SCHEMA))
    answered = pipeline.run({"extract": {"documents": DOCUMENTS}})["extract"]["documents"]
    assert [d.meta["page"] for d in answered] == [1, 2, 3]
    assert [d.id for d in answered] == [d.id for d in DOCUMENTS]
    expected = [
        None if d.content is None else tiny.extract(d.content, Schema.from_dict(SCHEMA), include_spans=True)
        for d in DOCUMENTS
    ]
    assert [d.meta["gliner2"] for d in answered] == expected
    assert expected[0]["entities"]["city"] == [{"text": "Oslo", "start": 20, "end": 24}]
    assert all("gliner2" not in d.meta for d in DOCUMENTS)  # the documents given are left alone


def test_pipeline_file_round_trip_and_connection_to_another_component() -> None:
    pipeline = Pipeline()
    pipeline.add_component("split", DocumentSplitter(split_by="period", split_length=1))
    pipeline.add_component(
        "extract", GLiNER2Extractor("tiny", SCHEMA, meta_field="found", threshold=0.4, chunk_size=99)
    )
    pipeline.connect("split.documents", "extract.documents")
    copy = Pipeline.from_dict(
        pipeline.to_dict(), allowed_modules=["gliner2_lite.integrations.haystack", "haystack"]
    )
    assert copy.to_dict() == pipeline.to_dict()
    given = {"split": {"documents": [Document(content="Lars Olsen lives in Oslo. Maria lives in Madrid.")]}}
    once, again = (p.run(given)["extract"]["documents"] for p in (pipeline, copy))
    assert len(once) == 2
    assert [d.meta["found"] for d in once] == [d.meta["found"] for d in again]


def test_mistakes_are_named() -> None:
    with pytest.raises(SchemaError, match="entitis"):
        GLiNER2Extractor("tiny", {"entitis": ["person"]})
    with pytest.raises(InputError, match="to_dict"):
        GLiNER2Extractor("tiny", Schema().entities(["person"]))


def test_document_that_cannot_be_run_is_recorded_when_asked() -> None:
    documents = [Document(content="Lars lives in Oslo."), Document(content="broken \ud800", id="1")]
    with pytest.raises(InputError, match="surrogate"):
        GLiNER2Extractor("tiny", SCHEMA).run(documents)
    answered = GLiNER2Extractor("tiny", SCHEMA, on_error="record").run(documents)["documents"]
    assert answered[0].meta["gliner2"]["entities"]["city"][0]["text"] == "Oslo"
    assert "surrogate" in answered[1].meta["gliner2"]["error"]
