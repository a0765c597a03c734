"""Call arguments are checked before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

from gliner2_lite import InputError, InputTypeError
from gliner2_lite.pipeline.options import (
    check_batch_limits,
    check_text,
    check_texts,
    make_options,
    match_schemas,
)


@pytest.mark.parametrize("threshold", [0, 1, 0.5, np.float32(0.25), np.array(0.5)])
def test_numbers_are_thresholds(threshold: object) -> None:
    assert 0 <= make_options(threshold=threshold).threshold <= 1


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), float("inf"), 2])
def test_thresholds_outside_the_unit_interval(threshold: float) -> None:
    with pytest.raises(InputError, match=r"threshold must be in \[0, 1\]"):
        make_options(threshold=threshold)


@pytest.mark.parametrize("threshold", ["0.5", None, True, [0.5]])
def test_thresholds_of_other_types(threshold: object) -> None:
    with pytest.raises(InputTypeError, match="threshold must be a number"):
        make_options(threshold=threshold)


@pytest.mark.parametrize("max_len", ["3", 3.0, True])
def test_max_len_is_a_whole_number(max_len: object) -> None:
    with pytest.raises(InputTypeError, match="max_len must be a number of words"):
        make_options(threshold=0.5, max_len=max_len)


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


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "8"])
def test_batch_sizes(size: object) -> None:
    with pytest.raises(InputError, match="batch_size must be a positive integer"):
        check_batch_limits(size, None)


def test_schemas_fit_the_texts() -> None:
    assert match_schemas({"a": 1}, 2) == [{"a": 1}, {"a": 1}]
    with pytest.raises(ValueError, match="1 schemas for 2 texts"):
        match_schemas([{}], 2)
