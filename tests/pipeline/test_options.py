"""Call arguments are checked before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

from gliner2_lite import InputError, InputTypeError
from gliner2_lite.pipeline.options import CallOptions, check_batch_limits


@pytest.mark.parametrize("threshold", [0, 1, 0.5, np.float32(0.25), np.array(0.5)])
def test_numbers_are_thresholds(threshold: object) -> None:
    assert 0 <= CallOptions.checked(threshold=threshold).threshold <= 1


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan"), float("inf"), 2])
def test_thresholds_outside_the_unit_interval(threshold: float) -> None:
    with pytest.raises(InputError, match=r"threshold must be in \[0, 1\]"):
        CallOptions.checked(threshold=threshold)


@pytest.mark.parametrize("threshold", ["0.5", None, True, [0.5]])
def test_thresholds_of_other_types(threshold: object) -> None:
    with pytest.raises(InputTypeError, match="threshold must be a number"):
        CallOptions.checked(threshold=threshold)


@pytest.mark.parametrize("max_len", ["3", 3.0, True])
def test_max_len_is_a_whole_number(max_len: object) -> None:
    with pytest.raises(InputTypeError, match="max_len must be a number of words"):
        CallOptions.checked(threshold=0.5, max_len=max_len)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "8"])
def test_batch_sizes(size: object) -> None:
    with pytest.raises(InputError, match="batch_size must be a positive integer"):
        check_batch_limits(size, None)


def test_a_long_call_has_windows_and_no_other_cut() -> None:
    options = CallOptions.checked(long=True, chunk_size=7, chunk_overlap=2)
    assert options.chunks is not None and (options.chunks.size, options.chunks.overlap) == (7, 2)
    assert options.max_len == 7 and options.shape.merged
    assert CallOptions.checked(chunk_size=0).chunks is None
    with pytest.raises(InputError, match="max_len and long=True exclude each other"):
        CallOptions.checked(long=True, max_len=3)
    with pytest.raises(InputError, match="format_results=False is not possible for long texts"):
        CallOptions.checked(long=True, format_results=False)


@pytest.mark.parametrize("keys", ["names", None, True, "", ["name"]])
def test_relation_keys_are_one_of_two(keys: object) -> None:
    assert CallOptions.checked(relation_keys="name").names_relations
    assert not CallOptions.checked().names_relations
    with pytest.raises(InputError, match="relation_keys must be 'reference' or 'name', not"):
        CallOptions.checked(relation_keys=keys)


def test_every_option_of_a_public_call_has_its_default() -> None:
    assert CallOptions.checked() == CallOptions()
