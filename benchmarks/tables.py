"""Pieces of Markdown that every report has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; the first column is left-aligned, the others right."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def describe_model_line(result: dict[str, Any]) -> list[str]:
    """The line that names the model."""
    model = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in result["model"].items())
    return [f"Model: {model}.", ""]
