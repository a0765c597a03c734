"""Token ids of a prompt and its text, and where in them words and markers stand."""

from __future__ import annotations

import pytest

from gliner2_lite import InputError, Schema
from gliner2_lite.graph.encode import Encoded, Sample, check_length, encode_sample
from gliner2_lite.prompt.layout import build_prompt
from gliner2_lite.prompt.words import split_words, whitespace_words
from gliner2_lite.schema import compile_schema
from gliner2_lite.schema.limits import MARKERS

SPECIAL = {token: index for index, token in enumerate(MARKERS)}


def token_ids(word: str) -> list[int]:
    """A tokenizer to count with: markers are one id wherever they stand, letters one each, ``~`` nothing."""
    ids = []
    for part in word.split(" "):
        if part in SPECIAL:
            ids.append(SPECIAL[part])
        else:
            ids.extend(100 + ord(char) for char in part if char != "~")
    return ids


def encoded(text: str, schema: Schema, *, pooling: str = "first") -> Encoded:
    sample = Sample(text, split_words(text, whitespace_words), build_prompt(compile_schema(schema)))
    return encode_sample(sample, token_ids, SPECIAL, pooling=pooling)


def test_positions_point_at_the_markers_and_first_subwords() -> None:
    item = encoded("ab cde.", Schema().entities(["xy"]).classification("t", ["p", "q"]))
    assert [item.ids[place] for place in item.task_positions] == [SPECIAL["[P]"]] * 2
    assert [[item.ids[place] for place in task] for task in item.label_positions] == [
        [SPECIAL["[E]"]],
        [SPECIAL["[L]"]] * 2,
    ]
    assert item.ids.count(SPECIAL["[SEP_STRUCT]"]) == 1
    begin = item.ids.index(SPECIAL["[SEP_TEXT]"]) + 1
    assert item.word_positions == ((begin, begin + 1), (begin + 2, begin + 3, begin + 4), (begin + 5,))


def test_markers_inside_a_description_count_only_with_mean_and_max_pooling() -> None:
    schema = Schema().entities({"xy": "see [E] there"})
    assert [len(task) for task in encoded("a", schema).label_positions] == [1]
    assert [len(task) for task in encoded("a", schema, pooling="mean").label_positions] == [2]


def test_a_word_without_subwords_keeps_a_row_only_with_first_pooling() -> None:
    schema = Schema().entities(["x"])
    first = encoded("a ~ b", schema)
    assert [piece[0] for piece in first.word_positions] == [
        len(first.ids) - 2,
        len(first.ids) - 1,
        len(first.ids) - 1,
    ]
    assert len(encoded("a ~ b", schema, pooling="max").word_positions) == 2
    last = encoded("a ~", schema)
    assert last.word_positions[-1] == (len(last.ids) - 1,)


def test_too_many_positions_are_refused_with_the_numbers() -> None:
    text = "word " * 10
    sample = Sample(
        text, split_words(text, whitespace_words), build_prompt(compile_schema(Schema().entities(["x"])))
    )
    item = encode_sample(sample, token_ids, SPECIAL, pooling="first")
    check_length(item, None, len(item.ids))
    check_length(item, len(item.ids), 100)
    with pytest.raises(
        InputError, match=rf"make {len(item.ids)} tokens \(\d+ of them the schema\).*takes 20.*_long"
    ):
        check_length(item, 20, 100)
