"""Markdown that several reports have."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.tables import contestant_lines, machine_lines, table
from tests.benchmarks.conftest import latency_result, read_tables


def test_a_table_has_as_many_cells_in_every_line() -> None:
    lines = table(["a", "b"], [["1", "2"], ["3", "4"]])
    assert lines[1] == "|---|---:|"
    assert read_tables("\n".join(lines)) == [[["a", "b"], ["1", "2"], ["3", "4"]]]


def test_contestants_are_listed_with_what_they_need() -> None:
    lines = contestant_lines(latency_result())
    assert lines[0] == "Model: name base, layers 12, hidden size 768."
    assert "| int8 | a label | 0.50 | 120 | 190 |" in lines


@pytest.mark.parametrize(("percent", "warned"), [(None, False), (9.9, False), (10.0, True)])
def test_a_busy_machine_is_told(percent: float | None, warned: bool) -> None:
    machine: dict[str, Any] = {**latency_result()["machine"], "others_percent": percent}
    assert ("The machine was busy" in "\n".join(machine_lines(machine))) is warned
