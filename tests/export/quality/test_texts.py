"""Texts with schemas: the file's form, what is asked of which text, and graph inputs that fit the encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gliner2_export.quality.texts import CALIBRATION_TEXTS, HELD_OUT_TEXTS, Tokens, crossed, feeds, read_texts
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import ExportError
from gliner2_lite.prompt.layout import build_prompt
from gliner2_lite.schema import Schema, compile_schema
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

FILE = """\
# a comment
A plain sentence.

{"entities": ["person"]}
Ann met Bob.
  Bob left.
{"entities": ["city"]}
Bonn is small.
"""


def tokens(bundle: Path, *, limit: int | None, pooling: str = "first") -> Tokens:
    read = read_bundle(bundle)
    return Tokens(
        WordTokenizer(bundle / "tokenizer.json", read.special_tokens), read.special_tokens, pooling, limit
    )


def prompt(*labels: str) -> object:
    return build_prompt(compile_schema(Schema.from_dict({"entities": list(labels)})))


def test_a_schema_stands_above_its_texts(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(FILE, encoding="utf-8")
    texts = read_texts(path)
    assert [item.text for item in texts] == [
        "A plain sentence.",
        "Ann met Bob.",
        "Bob left.",
        "Bonn is small.",
    ]
    assert texts[1].schema is texts[2].schema and set(texts[3].schema.to_dict()["entities"]) == {"city"}
    assert texts[0].schema.to_dict() == read_texts(CALIBRATION_TEXTS)[0].schema.to_dict(), "a built-in one"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# nothing\n\n", "holds no text; write one sentence a line"),
        (b"fine\n\n{\"entities\": 3}\nx", r"mine\.txt, line 3: "),
        (b"\xff\xfe\xfa", "cannot be read as UTF-8 text"),
    ],
)  # fmt: skip
def test_files_of_another_form_are_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(content)
    with pytest.raises(ExportError, match=message):
        read_texts(tmp_path / "mine.txt")


def test_built_in_texts_are_apart() -> None:
    calibration, held_out = (
        {item.text for item in read_texts(p)} for p in (CALIBRATION_TEXTS, HELD_OUT_TEXTS)
    )
    assert len(calibration) > 150 and len(held_out) > 50 and not calibration & held_out


def test_every_text_is_asked_its_own_schema_and_the_next(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(FILE.split("\n\n", 1)[1], encoding="utf-8")
    texts = read_texts(path)
    asked = [(item.text, next(iter(item.schema.to_dict()["entities"]))) for item in crossed(texts)]
    assert asked[:3] == [("Ann met Bob.", "person"), ("Bob left.", "person"), ("Bonn is small.", "city")]
    assert asked[3:] == [("Ann met Bob.", "city"), ("Bob left.", "city"), ("Bonn is small.", "person")]


def test_texts_are_cut_to_what_the_encoder_takes(small_bundle: Path) -> None:
    text, question = "one two three four five " * 20, prompt("person", "city")
    free, bound = tokens(small_bundle, limit=None), tokens(small_bundle, limit=60)
    whole, cut = free.prompted(text, question), bound.prompted(text, question)
    assert len(whole.words) == 101 and 1 < len(cut.words) < 100, "the hundred and the final mark"
    assert len(bound.encode(cut).ids) <= 60 and bound.fits(cut) and not bound.fits(whole) and free.fits(whole)
    assert not tokens(small_bundle, limit=5).fits(tokens(small_bundle, limit=5).prompted(text, question)), (
        "no room"
    )


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_inputs_have_the_names_of_the_graph(pooling: str, small_bundle: Path) -> None:
    maker = tokens(small_bundle, limit=None, pooling=pooling)
    batch = maker.batch(maker.prompted("Ann met Bob.", prompt("person")))
    inputs = feeds(batch)
    assert ("word_pieces" in inputs) == (pooling == "mean")
    if pooling == "mean":
        assert np.array_equal(inputs["word_pieces"], batch.word_mask)
    assert inputs["input_ids"].shape == inputs["attention_mask"].shape and inputs["attention_mask"].all()
