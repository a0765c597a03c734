"""Which goals apply to a model, and their table."""

from __future__ import annotations

import pytest

from benchmarks.goals import at_least, at_most, goals_table, is_base


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ({"hidden_size": 768, "layers": 12, "vocabulary": 128_011}, True),
        ({"hidden_size": 768, "vocabulary": 128_011}, True),
        ({"hidden_size": 768, "layers": 6, "vocabulary": 128_011}, False),
        ({"hidden_size": 384, "layers": 12, "vocabulary": 128_011}, False),
        ({"hidden_size": 768, "layers": 12, "vocabulary": 3_000}, False),
        ({"hidden_size": 768, "layers": 12}, False),
    ],
)
def test_goals_for_the_base_shape_apply_to_it_alone(model: dict[str, int], base: bool) -> None:
    assert is_base(model) is base


def test_a_goal_is_reached_at_its_limit() -> None:
    assert [at_most("a", value, 2.0, "MB")["reached"] for value in (1.9, 2.0, 2.1)] == [True, True, False]
    assert [at_least("a", value, 2.0)["reached"] for value in (1.9, 2.0, 2.1)] == [False, True, True]
    assert at_most("a", 0.255, 0.25, "s", 3.0) == {
        "what": "a", "goal": "≤ 0.25 s", "measured": "0.26 s", "reference": "3.00 s", "reached": False,
    }  # fmt: skip


def test_the_reference_has_a_column_where_it_was_measured() -> None:
    ours, both = at_most("a", 1.0, 2.0, "MB"), at_most("b", 3.0, 2.0, "MB", 4.0)
    assert goals_table([]) == []
    assert goals_table([ours])[2] == "| what | goal | measured | reached |"
    assert goals_table([ours, both])[2:-1] == [
        "| what | goal | measured | gliner2 | reached |",
        "|---|---:|---:|---:|---:|",
        "| a | ≤ 2 MB | 1.0 MB |  | yes |",
        "| b | ≤ 2 MB | 3.0 MB | 4.0 MB | no |",
    ]
