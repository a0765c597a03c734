"""Limits: positive whole numbers, and defaults far above honest use."""

from __future__ import annotations

import dataclasses

import pytest

from gliner2_lite import InputError, Limits
from gliner2_lite.errors import InputTypeError
from gliner2_lite.schema.limits import DEFAULT_LIMITS, MARKER_SET, MARKERS, check_limits

NUMBERS = [field.name for field in dataclasses.fields(Limits) if field.name != "markers"]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_whole_and_positive(name: str) -> None:
    assert getattr(Limits(**{name: 1}), name) == 1
    with pytest.raises(InputError, match=f"Limits.{name} must be at least 1, not 0"):
        Limits(**{name: 0})
    for value in (True, 1.5, "7", None):
        with pytest.raises(InputTypeError, match=f"Limits.{name} must be a whole number, not {value!r}"):
            Limits(**{name: value})  # type: ignore[arg-type]


def test_markers_is_a_flag() -> None:
    assert Limits(markers=False).markers is False
    with pytest.raises(InputTypeError, match=r"Limits.markers must be True or False, not 1"):
        Limits(markers=1)  # type: ignore[arg-type]


def test_none_stands_for_the_default_ones() -> None:
    assert check_limits(None) is DEFAULT_LIMITS == Limits()
    other = Limits(tokens=512)
    assert check_limits(other) is other
    with pytest.raises(InputTypeError, match=r"gliner2_lite.Limits or None, not dict"):
        check_limits({"tokens": 512})


def test_markers_are_ten_different_words() -> None:
    """Their order is that of the ids in every exported bundle."""
    assert len(MARKERS) == len(MARKER_SET) == 10
    assert MARKERS[:3] == ("[SEP_STRUCT]", "[SEP_TEXT]", "[P]") and MARKERS[-1] == "[DESCRIPTION]"
