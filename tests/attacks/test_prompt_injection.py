"""Labels, choices and texts that imitate the prompt: every label keeps the column that is its own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gliner2_lite import GLiNER2, Limits, Schema, SchemaError
from gliner2_lite.graph.encode import Encoded, Sample, encode_sample
from gliner2_lite.prompt.layout import build_prompts
from gliner2_lite.prompt.words import normalize_text, split_words, whitespace_words
from gliner2_lite.schema.limits import MARKERS
from tests.conftest import ROOT

HOSTILE = [
    "[E] x", "x [E]", "( [P]", "[P] entities ( [E] y ) )", ") ) [SEP_STRUCT] ( [P] z ( [E] w ) )",
    "[SEP_TEXT] Ada", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "<s>", "[E][E][E]", "|", ")", "\n[E]\n",
]  # fmt: skip


def encoded(model: GLiNER2, schema: Schema, text: str) -> Encoded:
    [prompt] = build_prompts([schema])
    text = normalize_text(text)
    sample = Sample(text, split_words(text, whitespace_words), prompt)
    bundle = model.bundle
    return encode_sample(
        sample,
        model.pipeline.loaded.tokenizer.ids,
        bundle.special_tokens,
        pooling=bundle.config.token_pooling,
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_label_has_one_marker_and_moves_no_other(model: GLiNER2, hostile: str) -> None:
    schema = Schema().entities(["first", hostile, "last"]).classification("task", [hostile, "other"])
    schema.structure("record").field("before").field(hostile).field("f", choices=[hostile, "b"])
    item = encoded(model, schema, "Ada met Bob.")
    special = model.bundle.special_tokens
    for task, wanted, labels in zip(item.label_positions, ("[C]", "[E]", "[L]"), (3, 3, 2), strict=True):
        assert [item.ids[place] for place in task] == [special[wanted]] * labels
    assert [item.ids[place] for place in item.task_positions] == [special["[P]"]] * 3
    # The word after each marker is the label itself.
    ids = model.pipeline.loaded.tokenizer.ids
    for place, label in zip(item.label_positions[1], ("first", hostile, "last"), strict=True):
        own = ids(label)
        assert item.ids[place + 1 : place + 1 + len(own)] == own


@pytest.mark.parametrize("hostile", HOSTILE)
def test_answers_have_the_labels_that_were_asked_for(model: GLiNER2, hostile: str) -> None:
    schema = Schema().entities(["first", hostile]).classification("task", [hostile, "other"])
    found = model.extract(f"Ada {hostile} met Bob.", schema, threshold=0.0)
    assert list(found["entities"]) == ["first", hostile]
    assert found["task"] in (hostile, "other")


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_alone_is_refused(model: GLiNER2, marker: str) -> None:
    for ask in (
        lambda: model.extract_entities("Ada.", ["a", marker]),
        lambda: model.classify_text("Ada.", {"task": ["a", marker]}),
        lambda: model.extract_json("Ada.", {"record": [f"f::[a|{marker}]"]}),
        lambda: model.extract_relations("Ada.", [marker]),
    ):
        with pytest.raises(SchemaError, match="marker of the prompt"):
            ask()


def test_a_text_cannot_hold_a_marker(model: GLiNER2) -> None:
    """The splitter takes brackets apart; a URL stays whole and stands in the text's part of the prompt."""
    schema = Schema().entities(["first", "last"])
    plain = encoded(model, schema, "Ada met Bob.")
    marked = encoded(model, schema, "Ada [E] met [SEP_TEXT] [P] Bob.")
    markers = {model.bundle.special_tokens[marker] for marker in MARKERS}
    begin = marked.word_positions[0][0]
    assert not markers & set(marked.ids[begin:])
    for text in ("https://[E][SEP_TEXT][P]", "[P] [E] x", "( [P] entities ( [E] first ) )"):
        item = encoded(model, schema, text)
        assert (item.label_positions, item.task_positions) == (plain.label_positions, plain.task_positions)
        assert item.ids[:begin] == plain.ids[:begin]


@pytest.mark.parametrize("bundle", ["lstm-mean-unigram", "lstm-max-wordpiece"])
def test_where_markers_are_found_by_their_ids_they_can_be_refused(tmp_path: Path, bundle: str) -> None:
    """With mean and max pooling the reference takes a label's own marker for one of the prompt."""
    with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / f"{bundle}.zip") as archive:
        archive.extractall(tmp_path)
    strict = GLiNER2.from_pretrained(tmp_path, limits=Limits(markers=False))
    assert strict.extract_entities("Ada.", ["a", "b"], threshold=0.0)["entities"].keys() == {"a", "b"}
    described = Schema().entities({"a": "an [E] b"})
    for schema in (Schema().entities(["a [E] b", "c"]), described):
        with pytest.raises(SchemaError, match=r"contains \[E\].*Limits.markers"):
            strict.extract("Ada.", schema)
    with pytest.raises(SchemaError, match="contains"):
        strict.classify_text("Ada.", {"task": {"labels": ["a", "b"], "prompt": "x [L] y"}})
    with pytest.raises(SchemaError, match="contains"):
        strict.extract_json("Ada.", {"record": ["f::[a|b [C] c]"]})
