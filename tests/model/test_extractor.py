"""The public model on the embedded bundle: one call per claim, and errors before any run."""

from __future__ import annotations

import inspect
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliner2_lite import (
    AutoExtractor,
    BundleNotFoundError,
    GLiNER2,
    InputError,
    InputTypeError,
    RegexValidator,
    Schema,
    SchemaError,
)
from gliner2_lite.architectures.span import heads as heads_module

TEXT = "Apple CEO Tim Cook announced iPhone 15 in California yesterday."
LABELS = ["company", "person", "product", "location"]


@pytest.fixture(scope="module")
def model() -> GLiNER2:
    return GLiNER2.from_pretrained("tiny")


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


def test_the_example_of_the_readme(model: GLiNER2) -> None:
    assert model.extract_entities(TEXT, LABELS) == {
        "entities": {
            "company": ["Apple"],
            "person": ["Tim Cook"],
            "product": ["iPhone 15"],
            "location": ["California"],
        }
    }


def test_the_example_of_the_readme_is_beyond_rounding(model: GLiNER2) -> None:
    """int8 scores move with the CPU and the onnxruntime release, here by 0.04: no such step may change it."""
    expected = model.extract_entities(TEXT, LABELS)
    assert model.extract_entities(TEXT, LABELS, threshold=0.3) == expected
    assert model.extract_entities(TEXT, LABELS, threshold=0.7) == expected


def test_one_schema_is_one_run_whatever_it_asks_for(model: GLiNER2, runs: list[tuple[int, ...]]) -> None:
    schema = figure_8().relations(["works for"])
    result = model.extract(TEXT, schema)
    assert len(runs) == 1
    assert list(result) == ["announcement", "entities", "sentiment", "topic", "relation_extraction"]


def test_batches_give_the_answers_of_single_calls_in_order(
    model: GLiNER2, runs: list[tuple[int, ...]]
) -> None:
    texts = [TEXT, "", "Berlin is cold!", "word " * 60, "Maria moved to Oslo."]
    single = [model.extract_entities(text, LABELS, include_spans=True) for text in texts]
    runs.clear()
    assert model.batch_extract_entities(texts, LABELS, batch_size=2, include_spans=True) == single
    assert [shape[0] for shape in runs] == [2, 2, 1]


def test_each_text_may_have_its_own_schema(model: GLiNER2) -> None:
    schemas = [Schema().entities(["person"]), figure_8(), Schema(), Schema().classification("t", ["a", "b"])]
    found = model.batch_extract([TEXT] * 4, schemas)
    assert [list(result) for result in found] == [
        ["entities"],
        ["announcement", "entities", "sentiment", "topic"],
        [],
        ["t"],
    ]


def test_offsets_are_those_of_the_text(model: GLiNER2) -> None:
    found = model.extract_entities(TEXT, LABELS, include_spans=True, include_confidence=True, threshold=0.1)
    items = [item for items in found["entities"].values() for item in items]
    assert items
    for item in items:
        assert TEXT[item["start"] : item["end"]] == item["text"]
        assert isinstance(item["confidence"], float) and 0.1 <= item["confidence"] <= 1


def test_validators_and_thresholds_select(model: GLiNER2) -> None:
    names = Schema().entities(
        {"person": {"validators": [RegexValidator("tim.*", mode="full", exclude=True)]}}
    )
    assert model.extract(TEXT, names) == {"entities": {"person": []}}
    strict = Schema().entities(["person"], threshold=1.0)
    assert model.extract(TEXT, strict, threshold=0.0) == {"entities": {"person": []}}


def test_predict_entities_is_the_flat_list_that_wrappers_expect(model: GLiNER2) -> None:
    found = model.predict_entities(TEXT, LABELS, threshold=0.5)
    assert [(item["text"], item["label"]) for item in found] == [
        ("Apple", "company"),
        ("Tim Cook", "person"),
        ("iPhone 15", "product"),
        ("California", "location"),
    ]
    assert all(set(item) == {"start", "end", "text", "label", "score"} for item in found)
    assert model.batch_predict_entities([TEXT, "Nothing here."], LABELS)[0] == found
    starts = [item["start"] for item in model.predict_entities(TEXT, LABELS, flat_ner=False, threshold=0.01)]
    assert starts == sorted(starts)


def test_long_texts_are_cut_run_in_batches_and_merged(model: GLiNER2, runs: list[tuple[int, ...]]) -> None:
    filler = "The weather was mild and nothing else happened that day . " * 30
    text = f"{TEXT} {filler} Maria Lopez lives in Madrid."
    found = model.extract_entities_long(
        text, LABELS, chunk_size=64, chunk_overlap=16, batch_size=4, include_spans=True
    )
    for items in found["entities"].values():
        for item in items:
            assert text[item["start"] : item["end"]] == item["text"]
    names = [item["text"] for item in found["entities"]["person"]]
    assert "Tim Cook" in names and "Maria Lopez" in names
    assert max(shape[0] for shape in runs) == 4


def test_a_text_beyond_the_positions_of_the_encoder_is_an_error_with_numbers(
    model: GLiNER2, runs: list[tuple[int, ...]]
) -> None:
    with pytest.raises(InputError, match=r"make \d+ tokens .* this model takes 512; use the \*_long"):
        model.batch_extract_entities(["short", "word " * 600], LABELS)
    assert runs == []
    assert model.extract_entities("word " * 600, LABELS, max_len=100)["entities"].keys() == set(LABELS)


BAD_CALLS: dict[str, tuple[Any, type[Exception], str]] = {
    "text": (lambda m: m.extract_entities(3, LABELS), InputTypeError, "text must be a string"),
    "texts": (lambda m: m.batch_extract_entities("one", LABELS), InputTypeError, r"write \[text\]"),
    "threshold": (lambda m: m.extract_entities(TEXT, LABELS, threshold=1.5), InputError, "threshold"),
    "policy": (lambda m: m.extract_entities(TEXT, LABELS, overlap_policy="x"), InputError, "overlap_policy"),
    "count": (lambda m: m.batch_extract([TEXT], [Schema(), Schema()]), InputError, "2 schemas for 1 texts"),
    "batch": (lambda m: m.batch_extract_entities([TEXT], LABELS, batch_size=0), InputError, "batch_size"),
    "window": (
        lambda m: m.extract_entities_long(TEXT, LABELS, chunk_overlap=500),
        InputError,
        "chunk_overlap",
    ),
    "raw long": (
        lambda m: m.extract_entities_long(TEXT, LABELS, format_results=False),
        InputError,
        "format_results",
    ),
    "marker": (lambda m: m.extract_entities(TEXT, ["[E]"]), SchemaError, r"\[E\]"),
    "label": (lambda m: m.extract_entities(TEXT, [3]), SchemaError, "3"),
    "schema": (lambda m: m.extract(TEXT, None), SchemaError, "None"),
    "dict": (lambda m: m.extract(TEXT, {"structures": {}}), SchemaError, "structures"),
    "choices": (lambda m: m.extract_json(TEXT, {"a": ["b::[x|y"]}), SchemaError, r"\[x\|y"),
    "device": (lambda m: m.to("cuda"), InputError, "'cuda' is not available.*'cpu'"),
    "splitter": (lambda m: m.set_word_splitter("x"), InputError, "word_splitter 'x'"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_calls_are_refused_before_the_model_runs(
    model: GLiNER2, runs: list[tuple[int, ...]], name: str
) -> None:
    call, error, message = BAD_CALLS[name]
    with pytest.raises(error, match=message):
        call(model)
    assert runs == []


def test_nothing_in_nothing_out(model: GLiNER2) -> None:
    assert model.batch_extract([], Schema()) == []
    assert model.batch_extract_long([], Schema()) == []
    assert model.extract(TEXT, Schema()) == {}


def test_calls_written_for_the_reference_keep_working() -> None:
    model = AutoExtractor.from_pretrained("tiny", map_location="cpu", quantize=False, compile=False)
    assert model.eval() is model and model.to("cpu") is model
    schema = model.create_schema().entities(["person"])
    assert model.extract("Ann met Bob.", schema, 0.5, True, False, False, None, None).keys() == {"entities"}


def test_the_splitter_can_be_changed(small_bundle: Path) -> None:
    model = GLiNER2.from_pretrained(small_bundle, word_splitter="char")
    seen: list[str] = []

    def words(text: str, lower: bool = True) -> list[tuple[str, int, int]]:
        seen.append(text)
        return [(text, 0, len(text))]

    assert model.set_word_splitter(words) is model
    model.extract_entities("a b", ["x"])
    assert seen == ["a b."]


def test_bad_loads_name_the_argument(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError, match="neither an existing directory"):
        GLiNER2.from_pretrained("nowhere")
    with pytest.raises(InputError, match="no variant 'fp16'; write one of: 'int8'"):
        GLiNER2.from_pretrained("tiny", variant="fp16")
    with pytest.raises(InputError, match="'cuda:0' is not available"):
        GLiNER2.from_pretrained("tiny", map_location="cuda:0")
    with pytest.raises(InputError, match="threads must be a positive integer"):
        GLiNER2.from_pretrained("tiny", threads=0)
    with pytest.raises(InputError, match="verify must be one of 'size', 'hash'"):
        GLiNER2.from_pretrained("tiny", verify="no")
    with pytest.raises(InputTypeError, match="named by a string or a path, not NoneType"):
        GLiNER2.from_pretrained(None)  # type: ignore[arg-type]
    with pytest.raises(BundleNotFoundError, match="is not a bundle"):
        GLiNER2.from_pretrained(tmp_path)


def test_one_model_serves_many_threads(model: GLiNER2) -> None:
    texts = [f"{name} works for Apple in {city}." for name in ("Ann", "Bob") for city in ("Rome", "Oslo")] * 6
    serial = [model.extract(text, figure_8(), include_confidence=True) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert (
            list(pool.map(lambda t: model.extract(t, figure_8(), include_confidence=True), texts)) == serial
        )


def test_head_weights_are_read_once_whoever_needs_them_first(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = GLiNER2.from_pretrained("tiny").pipeline.loaded.architecture.heads
    read, reads = heads_module.read_weights, []

    def slowly(path: Path) -> Any:
        reads.append(path)
        time.sleep(0.05)  # so that the other threads ask meanwhile
        return read(path)

    monkeypatch.setattr(heads_module, "read_weights", slowly)
    with ThreadPoolExecutor(16) as pool:
        layers = set(pool.map(lambda _: (heads.counts, heads.spans), range(16)))
    assert len(layers) == 1 and len(reads) == 1


def test_every_task_has_its_four_forms() -> None:
    for one, many in [
        ("extract", "batch_extract"),
        ("extract_entities", "batch_extract_entities"),
        ("classify_text", "batch_classify_text"),
        ("extract_json", "batch_extract_json"),
        ("extract_relations", "batch_extract_relations"),
    ]:
        single = inspect.signature(getattr(GLiNER2, one)).parameters
        assert list(single)[3:] == [
            "threshold", "format_results", "include_confidence", "include_spans", "max_len", "overlap_policy",
        ]  # fmt: skip
        assert {"chunk_size", "chunk_overlap", "batch_size"} <= set(
            inspect.signature(getattr(GLiNER2, f"{one}_long")).parameters
        )
        assert "batch_size" in inspect.signature(getattr(GLiNER2, many)).parameters
        assert "chunk_size" in inspect.signature(getattr(GLiNER2, f"{many}_long")).parameters


def test_numpy_scalars_are_thresholds(model: GLiNER2) -> None:
    assert model.extract_entities(TEXT, LABELS, threshold=np.float32(0.5)) == model.extract_entities(
        TEXT, LABELS
    )
