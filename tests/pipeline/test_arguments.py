"""Texts, schemas, devices and counts of a call are checked before anything runs."""

from __future__ import annotations

import pytest

from gliner2_lite import InputError, InputTypeError
from gliner2_lite.pipeline.arguments import check_text, check_texts, match_schemas


@pytest.mark.parametrize("text", [3, b"bytes", ["a"], object()])
def test_texts_are_strings(text: object) -> None:
    with pytest.raises(TypeError, match=f"text must be a string, not {type(text).__name__}"):
        check_text(text)
    with pytest.raises(InputTypeError, match=r"texts\[1\] must be a string"):
        check_texts(["fine", text])


def test_lone_surrogates_are_named_with_their_place() -> None:
    with pytest.raises(InputError, match=r"texts\[0\] has a lone surrogate at position 2"):
        check_texts(["ab\ud800"])


def test_one_string_is_not_a_list_of_texts() -> None:
    with pytest.raises(InputTypeError, match=r"write \[text\]"):
        check_texts("text")
    with pytest.raises(InputTypeError, match="not generator"):
        check_texts(text for text in ["a"])


def test_schemas_fit_the_texts() -> None:
    assert match_schemas({"a": 1}, 2) == [{"a": 1}, {"a": 1}]
    with pytest.raises(ValueError, match="1 schemas for 2 texts"):
        match_schemas([{}], 2)
