"""Texts that no editor makes: answered with right offsets, or refused with the reason."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import GLiNER2, InputError, InputTypeError, Schema, SchemaError
from tests.conftest import ROOT

SCHEMA = Schema().entities(["a", "b"]).classification("task", ["c", "d"])
ODD = {
    "NUL": "Ada\0met\0 Bob\0",
    "BOM": "\ufeffAda met Bob",
    "line separators": "Ada\u2028met\u2029Bob\x85x\vy\fz\x1c",
    "direction": "\u202eAda\u202c \u2066met\u2069",
    "marks": "e\u0301" * 30 + " \u0301\u0301",
    "joiners": "\U0001f469\u200d\U0001f4bb \u200d\u200d x\u200cy",
    "planes": "\U0010ffff \U000e0001 \ue000 \ufffe \uffff",
    "blanks": " \t\n\u3000\u00a0",
    "zero width": "\u200b\u2060\ufeff",
    "grows when lower-cased": "\u0130STANBUL \u0130\u0130",
    "grows when normalised": "\ufdfa \ufdfa\ufdfa",
    "specials": "[CLS] [SEP] [PAD] [UNK] [MASK] <s> </s> <pad> [E] [P] [SEP_TEXT]",
    "a URL of specials": "https://[CLS][E][P][SEP_TEXT]",
    "percent": "%s %d {0} ${x} `id` $(id) ';--",
}


def spans(found: Any) -> list[dict[str, Any]]:
    return [span for items in found["entities"].values() for span in items]


@pytest.mark.parametrize("name", list(ODD))
def test_odd_texts_have_offsets_that_hold(model: GLiNER2, name: str) -> None:
    text = ODD[name]
    found = model.extract(text, SCHEMA, threshold=0.0, include_spans=True, overlap_policy="allow")
    # The reference encodes a final mark, which may be part of a result.
    read = text if text.endswith((".", "!", "?")) else text + "."
    assert spans(found) or found["entities"] == {}  # no entity was counted
    for span in spans(found):
        assert read[span["start"] : span["end"]].strip() == span["text"]
    assert model.batch_extract(["Ada.", text], SCHEMA, threshold=0.0)[1] == (
        model.extract(text, SCHEMA, threshold=0.0)
    )
    assert isinstance(model.extract_long(text, SCHEMA, threshold=0.0), dict)


@pytest.mark.parametrize("text", ["\ud800", "Ada \udfff met", "\udc80.", "\ud83d \ude00"])
def test_lone_surrogates(model: GLiNER2, text: str) -> None:
    for call in (
        lambda: model.extract(text, SCHEMA),
        lambda: model.extract_long(text, SCHEMA),
        lambda: model.batch_extract(["Ada.", text], SCHEMA),
        lambda: list(model.extract_iter(["Ada.", text], SCHEMA)),
    ):
        with pytest.raises(InputError, match="lone surrogate at position"):
            call()
    with pytest.raises(SchemaError, match="lone surrogate"):
        model.extract_entities("Ada.", [text])


@pytest.mark.parametrize("text", [b"Ada", 5, ["Ada"], {"a": 1}, object()])
def test_what_is_no_text(model: GLiNER2, text: Any) -> None:
    with pytest.raises(InputTypeError, match="must be a string"):
        model.extract(text, SCHEMA)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), -float("inf"), -0.1, 1.1, 1e308])
def test_thresholds(model: GLiNER2, threshold: float) -> None:
    with pytest.raises(InputError, match="threshold must be in"):
        model.extract("Ada.", SCHEMA, threshold=threshold)
    with pytest.raises(SchemaError, match="not a threshold"):
        Schema().entities(["a"], threshold=threshold)
    with pytest.raises(SchemaError, match="not a threshold"):
        Schema().classification("task", ["a", "b"], cls_threshold=threshold)


@pytest.mark.parametrize("unit", ["a", "\u4eba", "\U0001f98a", "a-", "e\u0301", "1"])
def test_one_word_of_a_megabyte(model: GLiNER2, unit: str) -> None:
    """WordPiece makes one unknown of it; a Unigram model many pieces, which the limit on tokens refuses."""
    text = unit * (1_000_000 // len(unit.encode()))
    try:
        found = model.extract(text, SCHEMA, threshold=0.0, include_spans=True)
    except InputError as error:
        assert "tokens" in str(error)
    else:
        assert all(span["end"] <= len(text) + 1 for span in spans(found))


def test_one_word_of_a_megabyte_in_many_pieces(tmp_path: Path, runs: list[Any]) -> None:
    with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / "lstm-mean-unigram.zip") as archive:
        archive.extractall(tmp_path)
    unigram = GLiNER2.from_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"make \d+ tokens .* takes 16384"):
        unigram.extract("ab" * 500_000, SCHEMA)
    with pytest.raises(InputError, match="tokens"):
        unigram.extract_long("ab" * 500_000, SCHEMA)
    assert runs == []


def test_more_words_than_a_document_has(model: GLiNER2, runs: list[Any]) -> None:
    text = ". " * 2_000_001
    with pytest.raises(InputError, match="more than 2,000,000 words"):
        model.extract_long(text, SCHEMA)
    with pytest.raises(InputError, match="more than 2,000,000 words"):
        model.extract(text, SCHEMA)
    assert runs == []
